namespace Lambda.BatchLayer.Models.Fraud;

/// <summary>Feature values as one byte each: the bin between two cuts, chosen so that bins hold about equally many different rows.</summary>
internal sealed class BinnedRows
{
    public const int BinsMax = 128;

    private BinnedRows(byte[][] bins, float[][] cuts, int rows) => (Bins, Cuts, Rows) = (bins, cuts, rows);

    /// <summary>By feature, then row.</summary>
    public byte[][] Bins { get; }

    /// <summary>By feature: a value above cut b lies in a bin behind b.</summary>
    public float[][] Cuts { get; }

    public int Rows { get; }

    /// <param name="values">Row after row.</param>
    public static BinnedRows Of(ReadOnlyMemory<float> values, int features, int cores)
    {
        var rows = values.Length / features;
        var (bins, cuts) = (new byte[features][], new float[features][]);
        Parallel.For(0, features, new ParallelOptions { MaxDegreeOfParallelism = cores }, f =>
        {
            var column = new float[rows];
            for (var i = 0; i < rows; i++) column[i] = values.Span[i * features + f];
            cuts[f] = CutsOf(column);
            bins[f] = new byte[rows];
            for (var i = 0; i < rows; i++) bins[f][i] = BinOf(cuts[f], column[i]);
        });
        return new BinnedRows(bins, cuts, rows);
    }

    private static float[] CutsOf(float[] column)
    {
        var sorted = (float[])column.Clone();
        Array.Sort(sorted);
        var cuts = new List<float>();
        for (var b = 1; b < BinsMax; b++)
        {
            var at = (int)((long)b * sorted.Length / BinsMax);
            if (at == 0 || at >= sorted.Length) continue;
            var cut = sorted[at];
            if (cut == sorted[^1]) break; // nothing would lie above it
            if (cuts.Count == 0 || cut > cuts[^1]) cuts.Add(cut);
        }
        AddTail(cuts, sorted);
        return [.. cuts];
    }

    /// <summary>Fraud lives in the tail of amounts and in values few rows have: the last bin is cut further, down to single values.</summary>
    private static void AddTail(List<float> cuts, float[] sorted)
    {
        for (var left = sorted.Length / BinsMax; left > 4 && cuts.Count < byte.MaxValue - 1; left = left * 4 / 5)
        {
            var cut = sorted[^(left + 1)];
            if (cut < sorted[^1] && (cuts.Count == 0 || cut > cuts[^1])) cuts.Add(cut);
        }
        if (cuts.Count == 0 && sorted.Length > 0 && sorted[0] < sorted[^1]) cuts.Add(sorted[0]);
    }

    private static byte BinOf(float[] cuts, float value)
    {
        var (low, high) = (0, cuts.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (value > cuts[middle]) low = middle + 1;
            else high = middle;
        }
        return (byte)low;
    }
}
