using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;

namespace Lambda.Domain.Lifetime;

/// <summary>
/// Estimates as values of the language: decimals of six digits, so that what a row of the population holds, a search compares and a lookup shows is the same number. Names are
/// columns of tables and of answers.
/// </summary>
public static class EstimateColumns
{
    public const string Alive = "p_alive", Expected = "expected_purchases_90d", Value = "ltv_365d_minor", Rfm = "rfm";

    /// <summary>The version they were made with: it comes with the others.</summary>
    public const string Model = "lifetime_model";

    /// <summary>What a definition may name.</summary>
    public static IReadOnlyList<string> Choice { get; } = [Alive, Expected, Value, Rfm];

    private const double Scale = 1e6, ScaledMax = 1e30;

    public static ScalarType TypeOf(string name) => name switch
    {
        Alive or Expected => ScalarType.Decimal,
        Value => ScalarType.Int64,
        _ => ScalarType.Text,
    };

    public static string DocOf(string name) => name switch
    {
        Alive => "Probability that the customer has not left, 0 to 1.",
        Expected => "Days with a purchase expected in the next 90.",
        Value => "Spending expected in the next 365 days, minor units, undiscounted.",
        Rfm => "Recency, frequency, monetary value: a digit each, 5 is the best fifth of the customers.",
        _ => "Version of the model that made the estimates of this row.",
    };

    /// <summary>The value of one of the names; null where the estimate says nothing.</summary>
    public static Value ValueOf(string name, in LifetimeEstimate estimate, string version) => name switch
    {
        Alive => Scaled(estimate.Alive),
        Expected => Scaled(estimate.ExpectedPurchases90d),
        Value => estimate.Ltv365dMinor is { } minor ? Expressions.Value.Of(ScalarType.Int64, minor) : Expressions.Value.Null(ScalarType.Int64),
        Rfm => estimate.Rfm is { } score ? Text(score.ToString()) : Expressions.Value.Null(ScalarType.Text),
        Model => Text(version),
        _ => throw new ArgumentException($"no estimate is called {name}"),
    };

    /// <summary>By place in the estimates that the definition names; none at all without a model or a purchase.</summary>
    public static Value[] ValuesOf(Answer answer, LifetimeModel? model)
    {
        if (model is null || answer.Definition.Lifetime is not { Estimates.Count: > 0 } inputs || inputs.HistoryOf(answer) is not { } history) return [];
        var estimate = model.Estimate(history);
        return [.. inputs.Estimates.Select(name => ValueOf(name, estimate, model.Version))];
    }

    private static Value Scaled(double number) => Math.Abs(number) * Scale < ScaledMax // not for what is no number
        ? Expressions.Value.DecimalScaled((Int128)Math.Round(number * Scale))
        : Expressions.Value.Null(ScalarType.Decimal);

    private static Value Text(string text) => Expressions.Value.Text(Encoding.UTF8.GetBytes(text));
}
