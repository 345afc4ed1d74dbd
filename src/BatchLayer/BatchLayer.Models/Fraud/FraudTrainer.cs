using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Models.Fraud;

/// <summary>A model of some rows of a history.</summary>
public static class FraudTrainer
{
    private static readonly string[] Single = ["weekday", "share_weekday", "hour", "share_hour", "count", "times_terminal", "days_since_last", "acceptor_unmatured", "median"];
    private static readonly string[] Families = ["count_", "sum_", "mean_", "deviation_", "acceptor_count_", "acceptor_matured_"];

    /// <summary>
    /// Left out: what only tells a customer's or a terminal's habits apart. A week of training holds a few hundred frauds, and trees learn their terminals by heart
    /// from exact counts.
    /// </summary>
    public static readonly IReadOnlySet<string> LeftOut = new HashSet<string>(FraudFeatures.All.Select(f => f.Name).Where(IsLeftOut));

    private static bool IsLeftOut(string name) => Single.Contains(name) || Families.Any(f => name.StartsWith(f, StringComparison.Ordinal));

    /// <exception cref="FitException">The training days hold no fraud, or nothing else.</exception>
    public static FraudModel Train(LabelledHistory history, FeatureTable table, FraudProtocol protocol, TrainingOptions options, CancellationToken cancel)
    {
        int[] rows = [.. protocol.Training(history)];
        int[] usable = [.. Enumerable.Range(0, FraudFeatures.Count).Where(i => options.Features?.Contains(FraudFeatures.All[i].Name) ?? !LeftOut.Contains(FraudFeatures.All[i].Name))];
        bool[] isFraud = [.. rows.Select(r => history.IsFraud[r])];
        var vectors = table.Copy(rows);
        var trees = BoostedTrees.Train(vectors, isFraud, usable, Directions.OfFeatures, options, cancel);
        return new FraudModel(trees, protocol.TrainFrom, protocol.TrainFrom + protocol.TrainDays, protocol.DelayDays, options.Seed, rows.Length, isFraud.Count(f => f), new Dictionary<string, double>())
        {
            Distributions = [.. Enumerable.Range(0, FraudFeatures.Count).Select(f => DistributionOf(vectors, f))],
        };
    }

    private static FeatureDistribution DistributionOf(float[] vectors, int feature)
    {
        var values = new float[vectors.Length / FraudFeatures.Count];
        for (var i = 0; i < values.Length; i++) values[i] = vectors[i * FraudFeatures.Count + feature];
        return FeatureDistribution.Of(values);
    }
}
