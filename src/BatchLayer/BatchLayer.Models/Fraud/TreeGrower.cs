using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Models.Fraud;

/// <summary>Grows one tree at a time on the current gradients: each node is split where that lowers the loss most.</summary>
internal sealed class TreeGrower(BinnedRows rows, float[] gradients, float[] weights, TrainingOptions options)
{
    private const int Bins = byte.MaxValue + 1;

    private readonly record struct Sums(double Gradient, double Weight);

    private readonly record struct Split(int Feature, int Bin, double Gain);

    private readonly double[] _gradients = new double[Bins], _weights = new double[Bins];
    private readonly float[] _nodeGradients = new float[rows.Rows], _nodeWeights = new float[rows.Rows];

    /// <summary>Children stand together behind their parent; thresholds are cuts of the bins.</summary>
    public List<TreeNode> Grow(int[] sample, int[] features)
    {
        var nodes = new List<TreeNode> { default };
        GrowNode(nodes, 0, sample, features, 0);
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
    private float GrowNode(List<TreeNode> nodes, int at, int[] sample, int[] features, int depth)
    {
        var sums = Gather(sample);
        var split = depth < options.Depth ? Best(sample, features, sums) : default;
        if (split.Gain <= 0)
        {
            var value = (float)(-options.Rate * sums.Gradient / (sums.Weight + options.Ridge));
            nodes[at] = new TreeNode(-1, 0, 0, value);
            return value;
        }
        var bins = rows.Bins[split.Feature];
        int[] left = Array.FindAll(sample, i => bins[i] <= split.Bin), right = Array.FindAll(sample, i => bins[i] > split.Bin);
        var children = nodes.Count;
        nodes.Add(default);
        nodes.Add(default);
        var (below, above) = (GrowNode(nodes, children, left, features, depth + 1), GrowNode(nodes, children + 1, right, features, depth + 1));
        var mean = (float)(((double)below * left.Length + (double)above * right.Length) / sample.Length);
        nodes[at] = new TreeNode(split.Feature, rows.Cuts[split.Feature][split.Bin], children, mean);
        return mean;
    }

    private Sums Gather(int[] sample)
    {
        double gradient = 0, weight = 0;
        for (var i = 0; i < sample.Length; i++)
        {
            gradient += _nodeGradients[i] = gradients[sample[i]];
            weight += _nodeWeights[i] = weights[sample[i]];
        }
        return new Sums(gradient, weight);
    }

    private Split Best(int[] sample, int[] features, Sums whole)
    {
        var best = default(Split);
        foreach (var feature in features)
        {
            var cuts = rows.Cuts[feature].Length;
            if (cuts == 0) continue;
            Array.Clear(_gradients, 0, cuts + 1);
            Array.Clear(_weights, 0, cuts + 1);
            var bins = rows.Bins[feature];
            for (var i = 0; i < sample.Length; i++)
            {
                var bin = bins[sample[i]];
                _gradients[bin] += _nodeGradients[i];
                _weights[bin] += _nodeWeights[i];
            }
            best = BestOf(feature, cuts, whole, best);
        }
        return best;
    }

    private Split BestOf(int feature, int cuts, Sums whole, Split best)
    {
        double gradient = 0, weight = 0;
        for (var bin = 0; bin < cuts; bin++)
        {
            gradient += _gradients[bin];
            weight += _weights[bin];
            if (weight < options.LeafWeightMin) continue;
            if (whole.Weight - weight < options.LeafWeightMin) break;
            var gain = Merit(gradient, weight) + Merit(whole.Gradient - gradient, whole.Weight - weight) - Merit(whole.Gradient, whole.Weight);
            if (gain > best.Gain + 1e-9) best = new Split(feature, bin, gain);
        }
        return best;
    }

    private double Merit(double gradient, double weight) => gradient * gradient / (weight + options.Ridge);
}
