using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Models.Fraud;

/// <summary>
/// Grows one tree at a time on the current gradients: each node is split where that lowers the loss most, among splits that keep to the directions. Of two children only the smaller one's rows are
/// counted; the other's histograms are what is left of their parent's.
/// </summary>
/// <param name="directions">By feature: 1 where more of it may only raise the score, -1 where it may only lower it, 0 for either.</param>
internal sealed class TreeGrower(BinnedRows rows, float[] gradients, float[] weights, IReadOnlyList<sbyte> directions, TrainingOptions options)
{
    private const int Bins = byte.MaxValue + 1;

    private record struct Sums(double Gradient, double Weight);

    private readonly record struct Split(int Feature, int Bin, double Gain, Sums Left, Sums Right);

    /// <summary>What a node's answer, before the rate, may lie between.</summary>
    private readonly record struct Bounds(double Low, double High);

    private readonly Sums[]?[] _histograms = new Sums[options.Depth][]; // by depth, then place among the features, then bin
    private readonly float[] _nodeGradients = new float[rows.Rows], _nodeWeights = new float[rows.Rows];
    private int[] _features = [];

    /// <summary>Children stand together behind their parent; thresholds are cuts of the bins.</summary>
    public List<TreeNode> Grow(int[] sample, int[] features)
    {
        _features = features;
        var nodes = new List<TreeNode> { default };
        var sums = new Sums();
        foreach (var i in sample) (sums.Gradient, sums.Weight) = (sums.Gradient + gradients[i], sums.Weight + weights[i]);
        GrowNode(nodes, 0, sample, options.Depth > 0 ? Counted(sample, 0) : [], sums, new Bounds(double.NegativeInfinity, double.PositiveInfinity), 0);
        return nodes;
    }

    /// <summary>Adds the tree's answer to every row's margin.</summary>
    public void AddTo(double[] margins, List<TreeNode> tree)
    {
        var nodes = tree.ToArray();
        var bins = nodes.Select(n => n.IsLeaf ? 0 : Array.BinarySearch(rows.Cuts[n.Feature], n.Threshold)).ToArray();
        for (var i = 0; i < margins.Length; i++)
        {
            var at = 0;
            while (nodes[at].Feature >= 0) at = nodes[at].Left + (rows.Bins[nodes[at].Feature][i] > bins[at] ? 1 : 0);
            margins[i] += nodes[at].Value;
        }
    }

    /// <returns>The mean of the leaves below, by rows.</returns>
    private float GrowNode(List<TreeNode> nodes, int at, int[] sample, Sums[] histograms, Sums sums, Bounds bounds, int depth)
    {
        var split = depth < options.Depth ? Best(histograms, sums, bounds) : default;
        if (split.Gain <= 0)
        {
            var value = (float)(options.Rate * Answer(sums, bounds));
            nodes[at] = new TreeNode(-1, 0, 0, value);
            return value;
        }
        var bins = rows.Bins[split.Feature];
        int[] left = Array.FindAll(sample, i => bins[i] <= split.Bin), right = Array.FindAll(sample, i => bins[i] > split.Bin);
        var (leftHistograms, rightHistograms) = ChildrenOf(histograms, left, right, depth + 1);
        var (leftBounds, rightBounds) = BoundsBelow(split, bounds);
        var children = nodes.Count;
        nodes.Add(default);
        nodes.Add(default);
        var below = GrowNode(nodes, children, left, leftHistograms, split.Left, leftBounds, depth + 1);
        var above = GrowNode(nodes, children + 1, right, rightHistograms, split.Right, rightBounds, depth + 1);
        var mean = (float)(((double)below * left.Length + (double)above * right.Length) / sample.Length);
        nodes[at] = new TreeNode(split.Feature, rows.Cuts[split.Feature][split.Bin], children, mean);
        return mean;
    }

    /// <summary>The parent's become the larger child's.</summary>
    private (Sums[] Left, Sums[] Right) ChildrenOf(Sums[] histograms, int[] left, int[] right, int depth)
    {
        if (depth == options.Depth) return ([], []);
        var smaller = Counted(left.Length < right.Length ? left : right, depth);
        for (var i = 0; i < _features.Length * Bins; i++)
        {
            histograms[i].Gradient -= smaller[i].Gradient;
            histograms[i].Weight -= smaller[i].Weight;
        }
        return left.Length < right.Length ? (smaller, histograms) : (histograms, smaller);
    }

    private Sums[] Counted(int[] sample, int depth)
    {
        var histograms = _histograms[depth] is { } kept && kept.Length >= _features.Length * Bins ? kept : _histograms[depth] = new Sums[_features.Length * Bins];
        Array.Clear(histograms, 0, _features.Length * Bins);
        for (var i = 0; i < sample.Length; i++) (_nodeGradients[i], _nodeWeights[i]) = (gradients[sample[i]], weights[sample[i]]);
        for (var f = 0; f < _features.Length; f++)
        {
            var bins = rows.Bins[_features[f]];
            var into = histograms.AsSpan(f * Bins, Bins);
            for (var i = 0; i < sample.Length; i++)
            {
                ref var sums = ref into[bins[sample[i]]];
                sums.Gradient += _nodeGradients[i];
                sums.Weight += _nodeWeights[i];
            }
        }
        return histograms;
    }

    private Split Best(Sums[] histograms, Sums whole, Bounds bounds)
    {
        var best = default(Split);
        for (var f = 0; f < _features.Length; f++) best = BestOf(_features[f], histograms.AsSpan(f * Bins, Bins), whole, bounds, best);
        return best;
    }

    private Split BestOf(int feature, ReadOnlySpan<Sums> histogram, Sums whole, Bounds bounds, Split best)
    {
        var (left, stays, direction) = (new Sums(), Merit(whole, Answer(whole, bounds)), directions[feature]);
        for (var bin = 0; bin < rows.Cuts[feature].Length; bin++)
        {
            left = new Sums(left.Gradient + histogram[bin].Gradient, left.Weight + histogram[bin].Weight);
            if (left.Weight < options.LeafWeightMin) continue;
            var right = new Sums(whole.Gradient - left.Gradient, whole.Weight - left.Weight);
            if (right.Weight < options.LeafWeightMin) break;
            var (below, above) = (Answer(left, bounds), Answer(right, bounds));
            if ((above - below) * direction < 0) continue;
            var gain = Merit(left, below) + Merit(right, above) - stays;
            if (gain > best.Gain + 1e-9) best = new Split(feature, bin, gain, left, right);
        }
        return best;
    }

    /// <summary>So that no split further down can turn the direction of this one.</summary>
    private (Bounds Left, Bounds Right) BoundsBelow(in Split split, Bounds bounds)
    {
        if (directions[split.Feature] == 0) return (bounds, bounds);
        var middle = (Answer(split.Left, bounds) + Answer(split.Right, bounds)) / 2;
        var (lower, upper) = (bounds with { High = middle }, bounds with { Low = middle });
        return directions[split.Feature] > 0 ? (lower, upper) : (upper, lower);
    }

    private double Answer(Sums sums, Bounds bounds) => Math.Clamp(-sums.Gradient / (sums.Weight + options.Ridge), bounds.Low, bounds.High);

    /// <summary>Twice what an answer lowers the loss by.</summary>
    private double Merit(Sums sums, double answer) => -answer * (2 * sums.Gradient + answer * (sums.Weight + options.Ridge));
}
