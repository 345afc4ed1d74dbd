using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Models.Fraud;

/// <summary>
/// Which features may move the score one way only: a few hundred frauds are not enough to see that a higher amount than usual is no better sign than a high one. Amounts as such may be asked
/// both ways: stolen cards are tried with tiny ones. So may what is known of acceptors: a streak of fraud comes to an end.
/// </summary>
public static class Directions
{
    private static readonly string[] Raising = ["ratio_", "usual_ratio_", "z_", "unusual_"];
    private static readonly string[] Lowering = ["days_since_unusual"];

    /// <summary>By <see cref="FraudFeatures.All"/>: 1 raises, -1 lowers, 0 may do either.</summary>
    public static IReadOnlyList<sbyte> OfFeatures { get; } = [.. FraudFeatures.All.Select(f => Of(f.Name))];

    private static sbyte Of(string name)
    {
        if (Raising.Any(r => name.StartsWith(r, StringComparison.Ordinal))) return 1;
        return Lowering.Contains(name) ? (sbyte)-1 : (sbyte)0;
    }
}
