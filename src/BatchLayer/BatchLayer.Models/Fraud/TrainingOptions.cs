namespace Lambda.BatchLayer.Models.Fraud;

/// <summary>How a fraud model is trained. The defaults were chosen on three weeks of published data (docs/adr/0065, 0067).</summary>
/// <param name="Trees">Per seed; the model is the mean of the seeds.</param>
/// <param name="Depth">Questions on a tree's longest path.</param>
/// <param name="Rate">How much of each tree's answer is taken.</param>
/// <param name="RowShare">Of the rows that a tree sees.</param>
/// <param name="FeatureShare">Of the features that a tree may ask.</param>
/// <param name="LeafWeightMin">Least sum of p(1-p) in a leaf.</param>
/// <param name="Ridge">Added to that sum: shrinks leaves of few rows.</param>
/// <param name="Cores">At most; -1 takes all. The model is the same with any number.</param>
/// <param name="Features">Names of those that may be used; null for all.</param>
public sealed record TrainingOptions(
    int Seed = 1, int Seeds = 4, int Trees = 100, int Depth = 3, double Rate = 0.06, double RowShare = 0.7, double FeatureShare = 0.5, double LeafWeightMin = 1, double Ridge = 5,
    int Cores = -1, IReadOnlyList<string>? Features = null);
