namespace Lambda.BatchLayer.Models.Fraud;

/// <summary>One scored transaction of a test.</summary>
/// <param name="Day">UTC day.</param>
public readonly record struct Scored(double Score, bool IsFraud, ulong Customer, int Day);

/// <param name="Auc">Area under the ROC curve.</param>
/// <param name="AveragePrecision">Sum over thresholds of precision × what recall grew by.</param>
/// <param name="CardPrecision">Mean over the days of the share of frauds among the 100 customers with the highest scores.</param>
public sealed record Quality(double Auc, double AveragePrecision, double CardPrecision);

/// <summary>How good scores are. Rows of equal score count as one threshold, so that their order does not matter.</summary>
public static class FraudMetrics
{
    public const int CardsPerDay = 100;

    public static Quality Of(IReadOnlyList<Scored> rows) => new Ranking(rows, IndexOf(rows)).Quality(null);

    /// <summary>Numbers customers from 0 on, in the order of their hashes.</summary>
    public static IReadOnlyDictionary<ulong, int> IndexOf(IEnumerable<Scored> rows) =>
        rows.Select(r => r.Customer).Distinct().Order().Select((customer, i) => (customer, i)).ToDictionary(c => c.customer, c => c.i);
}
