using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Fraud;

/// <summary>Gradient-boosted trees by histograms, logistic loss. The same rows, parameters and seed give the same bytes.</summary>
public static class TreeTrainer
{
    /// <param name="values">Rows × features.</param>
    /// <exception cref="ArgumentException">No fraud among the rows, or nothing else.</exception>
    public static FraudModel Train(ReadOnlySpan<float> values, ReadOnlySpan<bool> isFraud, FraudModelInfo info, TreeParameters parameters)
    {
        var frauds = isFraud.Count(true);
        if (frauds == 0 || frauds == isFraud.Length) throw new ArgumentException($"{frauds} frauds of {isFraud.Length} transactions to train on: expected both kinds");
        var prior = Math.Log(frauds / (double)(isFraud.Length - frauds));
        var bins = new FeatureBins(values, info.Features.Count, parameters.Bins);
        var labels = isFraud.ToArray();
        var bags = new (List<FraudNode> Nodes, List<int> Roots)[parameters.Bags];
        Parallel.For(0, parameters.Bags, bag => bags[bag] = new Bag(bins, labels, prior, parameters, parameters.Seed + bag).Grow());
        var (nodes, roots) = (new List<FraudNode>(), new List<int>());
        foreach (var bag in bags)
        {
            var offset = nodes.Count;
            nodes.AddRange(bag.Nodes.Select(n => n.Feature < 0 ? n : n with { Left = n.Left + offset }));
            roots.AddRange(bag.Roots.Select(r => r + offset));
        }
        return new FraudModel(info, prior, nodes, roots);
    }

    private sealed class Bag(FeatureBins bins, bool[] labels, double prior, TreeParameters parameters, int seed)
    {
        private readonly Random _random = new(seed); // a seeded Random keeps its algorithm across versions
        private readonly double[] _raw = [.. Enumerable.Repeat(prior, labels.Length)], _gradients = new double[labels.Length], _hessians = new double[labels.Length];
        private readonly List<FraudNode> _nodes = [];

        public (List<FraudNode>, List<int>) Grow()
        {
            var roots = new List<int>();
            var grower = new TreeGrower(bins, parameters, _nodes);
            var rows = new int[labels.Length];
            for (var tree = 0; tree < parameters.Trees; tree++)
            {
                Differentiate();
                var n = 0;
                for (var r = 0; r < rows.Length; r++)
                    if (_random.NextDouble() < parameters.RowShare) rows[n++] = r;
                var features = Enumerable.Range(0, bins.Features).Where(_ => _random.NextDouble() < parameters.FeatureShare).ToArray();
                var root = grower.Grow(rows.AsSpan(0, n), _gradients, _hessians, features);
                roots.Add(root);
                for (var r = 0; r < _raw.Length; r++) _raw[r] += ValueOf(root, r) * parameters.Bags;
            }
            return (_nodes, roots);
        }

        private void Differentiate()
        {
            for (var r = 0; r < _raw.Length; r++)
            {
                var p = 1 / (1 + Math.Exp(-_raw[r]));
                _gradients[r] = p - (labels[r] ? 1 : 0);
                _hessians[r] = p * (1 - p);
            }
        }

        /// <summary>By bins, not by values: what is missing has the last bin and goes right, as in scoring.</summary>
        private double ValueOf(int root, int row)
        {
            var node = _nodes[root];
            while (node.Feature >= 0)
            {
                var right = bins.Of(node.Feature)[row] > bins.BinUpTo(node.Feature, node.Threshold);
                node = _nodes[right ? node.Left + 1 : node.Left];
            }
            return node.Value;
        }
    }
}
