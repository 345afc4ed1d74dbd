namespace Lambda.Domain.Fraud;

/// <summary>A model with what there is to know about it.</summary>
/// <param name="TrainedFromDay">First UTC day whose transactions it was trained on, days since 1970.</param>
/// <param name="CutDay">The day behind the last one: nothing from it on was trained on.</param>
/// <param name="LabelDelayDays">After how many days fraud is known: features of what is scored must be computed with the same.</param>
/// <param name="Rows">It was trained on.</param>
/// <param name="Frauds">Among them.</param>
/// <param name="Metrics">By name, what a test of it gave; empty without one.</param>
public sealed record FraudModel(
    TreeModel Trees, int TrainedFromDay, int CutDay, int LabelDelayDays, int Seed, int Rows, int Frauds, IReadOnlyDictionary<string, double> Metrics)
{
    /// <summary>Whose raw events it was trained on; 0 where a file was.</summary>
    public long Epoch { get; init; }

    /// <summary>Of the training rows, by <see cref="FraudFeatures.All"/>; empty where they were not kept.</summary>
    public IReadOnlyList<FeatureDistribution> Distributions { get; init; } = [];

    /// <summary>Which features the trees ask.</summary>
    public IReadOnlySet<int> Asked() => Trees.Nodes.ToArray().Where(n => !n.IsLeaf).Select(n => n.Feature).ToHashSet();

    /// <summary>Feature vector in one go: what the backtest measures is what a decision would use.</summary>
    /// <param name="features">Filled; of <see cref="FraudFeatures.Count"/> places.</param>
    /// <returns>Between 0 and 1.</returns>
    public double Score(in FraudTransaction transaction, CustomerFraudMemory customer, AcceptorFraudMemory? acceptor, Span<float> features)
    {
        FraudFeatures.Compute(transaction, customer, acceptor, LabelDelayDays, features);
        return Trees.Score(features);
    }
}

/// <summary>A model file is not one that can be used; the message names the file and what was found.</summary>
public sealed class FraudModelException(string message) : Exception(message);
