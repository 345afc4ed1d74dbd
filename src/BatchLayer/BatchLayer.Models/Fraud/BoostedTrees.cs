using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Models.Fraud;

/// <summary>
/// Gradient-boosted trees for a yes or no: second-order boosting of the logistic loss over histograms. The same rows, options and seed give the same model, bit
/// for bit, on any number of cores: sums are made in the order of the rows.
/// </summary>
public static class BoostedTrees
{
    /// <param name="values">Feature vectors, row after row.</param>
    /// <param name="usable">Which features may be asked.</param>
    /// <param name="directions">Of all features: 1 where more of it may only raise the score, -1 where it may only lower it, 0 for either.</param>
    /// <exception cref="FitException">No row is fraud, or all are.</exception>
    public static TreeModel Train(ReadOnlyMemory<float> values, bool[] isFraud, IReadOnlyList<int> usable, IReadOnlyList<sbyte> directions, TrainingOptions options, CancellationToken cancel)
    {
        var features = directions.Count;
        var frauds = isFraud.Count(f => f);
        if (frauds == 0 || frauds == isFraud.Length) throw new FitException($"{frauds} of {isFraud.Length} training rows are fraud, expected some of both");
        var rows = BinnedRows.Of(values, features, options.Cores);
        var start = Math.Log((double)frauds / (isFraud.Length - frauds));
        var grown = new List<List<TreeNode>>[options.Seeds];
        Parallel.For(0, options.Seeds, new ParallelOptions { CancellationToken = cancel, MaxDegreeOfParallelism = options.Cores }, seed => grown[seed] = Boost(rows, isFraud, usable, directions, start, options, seed, cancel));

        var (nodes, roots) = (new List<TreeNode>(), new List<int>());
        foreach (var tree in grown.SelectMany(g => g))
        {
            var root = nodes.Count;
            roots.Add(root);
            nodes.AddRange(tree.Select(n => n with { Left = n.IsLeaf ? 0 : n.Left + root, Value = n.Value / options.Seeds }));
        }
        return new TreeModel((float)start, [.. nodes], [.. roots], features);
    }

    private static List<List<TreeNode>> Boost(BinnedRows rows, bool[] isFraud, IReadOnlyList<int> usable, IReadOnlyList<sbyte> directions, double start, TrainingOptions options, int seed, CancellationToken cancel)
    {
        var random = new Draws(unchecked((ulong)options.Seed * 1_000_003 + (ulong)seed));
        var margins = new double[rows.Rows];
        Array.Fill(margins, start);
        var (gradients, weights) = (new float[rows.Rows], new float[rows.Rows]);
        var grower = new TreeGrower(rows, gradients, weights, directions, options);
        var trees = new List<List<TreeNode>>();
        for (var t = 0; t < options.Trees; t++)
        {
            cancel.ThrowIfCancellationRequested();
            for (var i = 0; i < margins.Length; i++)
            {
                var p = TreeModel.Probability(margins[i]);
                (gradients[i], weights[i]) = ((float)(p - (isFraud[i] ? 1 : 0)), (float)(p * (1 - p)));
            }
            var tree = grower.Grow(RowsOf(rows.Rows, options, random), FeaturesOf(usable, options, random));
            grower.AddTo(margins, tree);
            trees.Add(tree);
        }
        return trees;
    }

    private static int[] RowsOf(int count, TrainingOptions options, Draws random)
    {
        var rows = new List<int>((int)(count * options.RowShare) + 1);
        for (var i = 0; i < count; i++)
            if (random.NextDouble() < options.RowShare) rows.Add(i);
        return [.. rows];
    }

    private static int[] FeaturesOf(IReadOnlyList<int> usable, TrainingOptions options, Draws random)
    {
        int[] features = [.. usable];
        var wanted = Math.Max(1, (int)Math.Round(usable.Count * options.FeatureShare));
        for (var i = 0; i < wanted; i++)
        {
            var other = i + random.Next(features.Length - i);
            (features[i], features[other]) = (features[other], features[i]);
        }
        return [.. features.Take(wanted).Order()];
    }
}

/// <summary>SplitMix64: the same numbers everywhere and for ever, which System.Random does not promise.</summary>
internal sealed class Draws(ulong seed)
{
    private ulong _state = seed;

    public ulong NextBits()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return z ^ z >> 31;
    }

    /// <summary>In [0, 1).</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>In [0, below).</summary>
    public int Next(int below) => (int)Math.BigMul(NextBits(), (ulong)below, out _);
}
