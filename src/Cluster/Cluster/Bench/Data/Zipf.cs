using Lambda.Load;

namespace Lambda.Cluster.Bench.Data;

/// <summary>Ranks 0..n-1 with probability ∝ 1 / (rank + 1)^s. s = 0.99 is what YCSB calls zipfian.</summary>
internal sealed class Zipf
{
    public const double Exponent = 0.99;

    private readonly double[] _cumulative;

    public Zipf(int n, double exponent = Exponent)
    {
        _cumulative = new double[n];
        var sum = 0.0;
        for (var i = 0; i < n; i++) _cumulative[i] = sum += Math.Pow(i + 1, -exponent);
    }

    public int Draw(ref ulong state)
    {
        var at = (SplitMix.Next(ref state) >> 11) * (1.0 / (1L << 53)) * _cumulative[^1];
        var found = Array.BinarySearch(_cumulative, at);
        return Math.Min(found < 0 ? ~found : found, _cumulative.Length - 1);
    }
}
