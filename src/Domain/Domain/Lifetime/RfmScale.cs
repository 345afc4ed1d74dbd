namespace Lambda.Domain.Lifetime;

/// <summary>Recency, frequency, monetary value: 5 is the best fifth of the customers, 1 the worst. Written as three digits, `545`.</summary>
public readonly record struct RfmScore(int Recency, int Frequency, int Monetary)
{
    public override string ToString() => $"{Recency}{Frequency}{Monetary}";
}

/// <summary>Where the fifths of the customers part: four ascending values each. Equal values get the same score.</summary>
/// <param name="Recency">Days since the last purchase; fewer are better.</param>
/// <param name="Frequency">Days with a purchase.</param>
/// <param name="Monetary">Spending in all, minor units.</param>
public sealed record RfmScale(IReadOnlyList<double> Recency, IReadOnlyList<double> Frequency, IReadOnlyList<double> Monetary)
{
    public const int Fifths = 5;

    /// <summary>Quintiles of these customers, by nearest rank.</summary>
    public static RfmScale Of(IReadOnlyCollection<PurchaseHistory> customers) =>
        new(Cuts(customers.Select(RecencyOf)), Cuts(customers.Select(FrequencyOf)), Cuts(customers.Select(MonetaryOf)));

    public RfmScore ScoreOf(PurchaseHistory of) => new(
        Fifths - Above(Recency, RecencyOf(of)), 1 + Above(Frequency, FrequencyOf(of)), 1 + Above(Monetary, MonetaryOf(of)));

    private static double RecencyOf(PurchaseHistory of) => of.AgeDays - of.LastDays;

    private static double FrequencyOf(PurchaseHistory of) => of.Repeats + 1;

    private static double MonetaryOf(PurchaseHistory of) => of.MeanMinor * of.MeanOver;

    /// <summary>How many of the cuts lie below the value: 0..4.</summary>
    private static int Above(IReadOnlyList<double> cuts, double value)
    {
        var above = 0;
        while (above < cuts.Count && value > cuts[above]) above++;
        return above;
    }

    private static double[] Cuts(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return [.. Enumerable.Range(1, Fifths - 1).Select(i => sorted.Length == 0 ? 0 : sorted[Math.Max(0, (sorted.Length * i + Fifths - 1) / Fifths - 1)])];
    }
}
