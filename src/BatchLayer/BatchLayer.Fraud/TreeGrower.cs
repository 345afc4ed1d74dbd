using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Fraud;

/// <summary>Grows one tree on gradients and hessians: at each node the split with the largest gain, down to a depth.</summary>
internal sealed class TreeGrower(FeatureBins bins, TreeParameters parameters, List<FraudNode> nodes)
{
    private const double GainMin = 1e-6;

    private readonly double[] _gradients = new double[256], _hessians = new double[256];

    /// <param name="rows">Reordered.</param>
    /// <returns>The root.</returns>
    public int Grow(Span<int> rows, ReadOnlySpan<double> gradients, ReadOnlySpan<double> hessians, int[] features)
    {
        nodes.Add(default);
        var root = nodes.Count - 1;
        Grow(root, rows, gradients, hessians, features, parameters.Depth);
        return root;
    }

    private void Grow(int node, Span<int> rows, ReadOnlySpan<double> gradients, ReadOnlySpan<double> hessians, int[] features, int depth)
    {
        double g = 0, h = 0;
        foreach (var r in rows)
        {
            g += gradients[r];
            h += hessians[r];
        }
        var value = -parameters.Rate * g / (h + parameters.Ridge) / parameters.Bags;
        var split = depth == 0 || h < 2 * parameters.HessianMin ? null : Best(rows, gradients, hessians, features, g, h);
        if (split is not { } best)
        {
            nodes[node] = new FraudNode(-1, 0, -1, value);
            return;
        }
        var left = nodes.Count;
        nodes[node] = new FraudNode(best.Feature, bins.UpTo(best.Feature, best.Bin), left, value);
        nodes.Add(default);
        nodes.Add(default);
        var at = Part(rows, bins.Of(best.Feature), best.Bin);
        Grow(left, rows[..at], gradients, hessians, features, depth - 1);
        Grow(left + 1, rows[at..], gradients, hessians, features, depth - 1);
    }

    private (int Feature, int Bin)? Best(ReadOnlySpan<int> rows, ReadOnlySpan<double> gradients, ReadOnlySpan<double> hessians, int[] features, double g, double h)
    {
        (int, int)? best = null;
        var bestGain = GainMin;
        foreach (var f in features)
        {
            var (bin, gain) = BestOf(f, rows, gradients, hessians, g, h);
            if (gain <= bestGain) continue;
            (bestGain, best) = (gain, (f, bin));
        }
        return best;
    }

    private (int Bin, double Gain) BestOf(int feature, ReadOnlySpan<int> rows, ReadOnlySpan<double> gradients, ReadOnlySpan<double> hessians, double g, double h)
    {
        var count = bins.Count(feature);
        Array.Clear(_gradients, 0, count);
        Array.Clear(_hessians, 0, count);
        var of = bins.Of(feature);
        foreach (var r in rows)
        {
            _gradients[of[r]] += gradients[r];
            _hessians[of[r]] += hessians[r];
        }
        var (best, bestGain, gl, hl) = (-1, 0.0, 0.0, 0.0);
        for (var b = 0; b < count - 1; b++)
        {
            gl += _gradients[b];
            hl += _hessians[b];
            if (hl < parameters.HessianMin) continue;
            if (h - hl < parameters.HessianMin) break;
            var gain = Gain(gl, hl) + Gain(g - gl, h - hl) - Gain(g, h);
            if (gain > bestGain) (best, bestGain) = (b, gain);
        }
        return (best, bestGain);
    }

    private double Gain(double g, double h) => g * g / (h + parameters.Ridge);

    /// <summary>Rows up to the bin first.</summary>
    private static int Part(Span<int> rows, byte[] of, int bin)
    {
        var at = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            if (of[rows[i]] > bin) continue;
            (rows[at], rows[i]) = (rows[i], rows[at]);
            at++;
        }
        return at;
    }
}
