namespace Lambda.Domain.Fraud;

/// <summary>How a feature's values lay when a model was trained: quantile bins, so that it can be said how far they have moved.</summary>
/// <param name="Cuts">Ascending; a value above a cut lies behind it. Fewer than <see cref="BinsMax"/> - 1 where many values are the same.</param>
/// <param name="Shares">Of the training rows, one more than cuts; they sum up to 1.</param>
public sealed record FeatureDistribution(IReadOnlyList<float> Cuts, IReadOnlyList<double> Shares)
{
    public const int BinsMax = 10;

    /// <summary>An empty bin counts as this share: the logarithm of nothing is none.</summary>
    private const double ShareMin = 1e-4;

    /// <param name="values">At least one; sorted by this.</param>
    public static FeatureDistribution Of(Span<float> values)
    {
        values.Sort();
        var cuts = new List<float>();
        for (var b = 1; b < BinsMax; b++)
        {
            var cut = values[(int)((long)b * values.Length / BinsMax)];
            if (cut < values[^1] && (cuts.Count == 0 || cut > cuts[^1])) cuts.Add(cut);
        }
        var counts = new long[cuts.Count + 1];
        foreach (var value in values) counts[BinOf(cuts, value)]++;
        var total = (double)values.Length;
        return new FeatureDistribution(cuts, [.. counts.Select(c => c / total)]);
    }

    /// <summary>
    /// Population stability index: Σ (now - then) · ln(now / then) over the bins. Below 0.1 nothing has moved, above 0.25 much has (the credit scorers' rule of thumb).
    /// </summary>
    /// <param name="counts">Of each bin.</param>
    public double Psi(ReadOnlySpan<long> counts)
    {
        if (counts.Length != Shares.Count) throw new ArgumentException($"{counts.Length} bins, expected {Shares.Count}", nameof(counts));
        double total = 0, psi = 0;
        foreach (var count in counts) total += count;
        for (var b = 0; b < counts.Length; b++)
        {
            var (now, then) = (Math.Max(ShareMin, counts[b] / total), Math.Max(ShareMin, Shares[b]));
            psi += (now - then) * Math.Log(now / then);
        }
        return psi;
    }

    public int BinOf(float value) => BinOf(Cuts, value);

    private static int BinOf(IReadOnlyList<float> cuts, float value)
    {
        var bin = 0;
        while (bin < cuts.Count && value > cuts[bin]) bin++;
        return bin;
    }
}
