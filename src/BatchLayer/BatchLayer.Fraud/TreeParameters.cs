namespace Lambda.BatchLayer.Fraud;

/// <summary>How trees are grown. The defaults were chosen on three test weeks of the Handbook's data.</summary>
/// <param name="Trees">In a bag.</param>
/// <param name="Bags">Independent models whose log-odds are averaged.</param>
/// <param name="RowShare">Rows drawn for a tree.</param>
/// <param name="FeatureShare">Features drawn for a tree.</param>
/// <param name="Ridge">Added to the hessian of a leaf.</param>
/// <param name="HessianMin">Of a leaf.</param>
/// <param name="Bins">Of the histograms, by quantiles; at most 250.</param>
public sealed record TreeParameters(
    int Trees = 100, int Bags = 5, int Depth = 5, double Rate = 0.05, double RowShare = 0.7, double FeatureShare = 0.3, double Ridge = 10, double HessianMin = 3, int Bins = 128, int Seed = 17)
{
    public IReadOnlyDictionary<string, double> ByName => new SortedDictionary<string, double>(StringComparer.Ordinal)
    {
        ["trees"] = Trees, ["bags"] = Bags, ["depth"] = Depth, ["rate"] = Rate, ["row_share"] = RowShare, ["feature_share"] = FeatureShare, ["ridge"] = Ridge, ["hessian_min"] = HessianMin, ["bins"] = Bins,
    };
}
