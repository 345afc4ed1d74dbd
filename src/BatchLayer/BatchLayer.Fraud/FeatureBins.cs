namespace Lambda.BatchLayer.Fraud;

/// <summary>Every value as the number of its bin, feature by feature. Missing values have the last bin.</summary>
internal sealed class FeatureBins
{
    /// <summary>The highest values are cut more finely than quantiles would: what is rare is what we look for.</summary>
    private static readonly double[] Tail = [0.9945, 0.997, 0.998, 0.999, 0.9995];

    private readonly float[][] _cuts;
    private readonly byte[][] _bins;

    /// <param name="values">Rows × features.</param>
    public FeatureBins(ReadOnlySpan<float> values, int features, int binCount)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(binCount, 250);
        var rows = values.Length / features;
        (_cuts, _bins) = (new float[features][], new byte[features][]);
        var column = new float[rows];
        for (var f = 0; f < features; f++)
        {
            for (var r = 0; r < rows; r++) column[r] = values[(r * features) + f];
            _cuts[f] = Cuts([.. column.Where(v => !float.IsNaN(v)).Order()], binCount);
            _bins[f] = [.. column.Select(v => BinOf(_cuts[f], v))];
        }
    }

    public int Features => _cuts.Length;

    public byte[] Of(int feature) => _bins[feature];

    /// <summary>One more than cuts.</summary>
    public int Count(int feature) => _cuts[feature].Length + 1;

    /// <summary>The largest value of the bin.</summary>
    public float UpTo(int feature, int bin) => _cuts[feature][bin];

    /// <summary>The bin that this cut ends.</summary>
    public int BinUpTo(int feature, float cut) => Array.BinarySearch(_cuts[feature], cut);

    private static float[] Cuts(float[] sorted, int bins)
    {
        var cuts = new List<float>();
        if (sorted.Length == 0) return [];
        var shares = Enumerable.Range(1, bins - 1).Select(b => (double)b / bins).Concat(Tail);
        foreach (var share in shares)
        {
            var value = sorted[(int)(sorted.Length * share)];
            if (float.IsFinite(value) && (cuts.Count == 0 || value > cuts[^1])) cuts.Add(value);
        }
        return [.. cuts];
    }

    private static byte BinOf(float[] cuts, float value)
    {
        if (float.IsNaN(value)) return (byte)cuts.Length;
        var at = Array.BinarySearch(cuts, value);
        return (byte)(at < 0 ? ~at : at);
    }
}
