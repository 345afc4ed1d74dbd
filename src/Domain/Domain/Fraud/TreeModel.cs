namespace Lambda.Domain.Fraud;

/// <summary>One node of a tree. The right child stands behind the left one.</summary>
/// <param name="Feature">Index in the vector; negative in a leaf.</param>
/// <param name="Threshold">Above it goes right.</param>
/// <param name="Left">Index of the left child.</param>
/// <param name="Value">A leaf's: what it adds to the score. Another node's: the mean of that over the training rows that passed it.</param>
public readonly record struct TreeNode(int Feature, float Threshold, int Left, float Value)
{
    public bool IsLeaf => Feature < 0;
}

/// <summary>A sum of trees: log-odds of fraud. Scoring does not allocate.</summary>
public sealed class TreeModel
{
    private readonly TreeNode[] _nodes;
    private readonly int[] _roots;

    /// <param name="nodes">Of all trees.</param>
    /// <param name="roots">Ascending; a tree's nodes lie from its root to the next one's.</param>
    /// <exception cref="InvalidDataException">A node points out of its tree or back, at a feature that there is not, or its number is none: scoring could not end.</exception>
    public TreeModel(float baseScore, TreeNode[] nodes, int[] roots, int features)
    {
        (BaseScore, _nodes, _roots, Features) = (baseScore, nodes, roots, features);
        if (!float.IsFinite(baseScore)) throw new InvalidDataException($"base score {baseScore}, expected a number");
        for (var tree = 0; tree < roots.Length; tree++) Check(tree, tree + 1 < roots.Length ? roots[tree + 1] : nodes.Length);
    }

    public float BaseScore { get; }
    public int Features { get; }
    public int Trees => _roots.Length;
    public ReadOnlySpan<TreeNode> Nodes => _nodes;
    public ReadOnlySpan<int> Roots => _roots;

    /// <summary>Log-odds; summed tree by tree, so that the same vector always has the same score.</summary>
    public double Margin(ReadOnlySpan<float> features)
    {
        double sum = BaseScore;
        foreach (var root in _roots)
        {
            ref readonly var node = ref _nodes[root];
            while (node.Feature >= 0) node = ref _nodes[node.Left + (features[node.Feature] > node.Threshold ? 1 : 0)];
            sum += node.Value;
        }
        return sum;
    }

    /// <summary>Between 0 and 1.</summary>
    public double Score(ReadOnlySpan<float> features) => Probability(Margin(features));

    public static double Probability(double margin) => 1 / (1 + Math.Exp(-margin));

    /// <summary>
    /// What each feature added to the log-odds: along a tree's path, each step's change of the mean belongs to the feature that was asked. They and the returned
    /// bias, what a transaction has of which nothing is known, sum up to the margin.
    /// </summary>
    public double Contributions(ReadOnlySpan<float> features, Span<double> into)
    {
        into.Clear();
        double bias = BaseScore;
        foreach (var root in _roots)
        {
            ref readonly var node = ref _nodes[root];
            bias += node.Value;
            while (node.Feature >= 0)
            {
                ref readonly var next = ref _nodes[node.Left + (features[node.Feature] > node.Threshold ? 1 : 0)];
                into[node.Feature] += (double)next.Value - node.Value;
                node = ref next;
            }
        }
        return bias;
    }

    /// <summary>Indexes of the features that raised the score most, the strongest first; fewer than asked for when fewer raised it.</summary>
    /// <returns>How many were written.</returns>
    public static int Strongest(ReadOnlySpan<double> contributions, Span<int> into)
    {
        var count = 0;
        for (var i = 0; i < contributions.Length; i++)
        {
            if (contributions[i] <= 0) continue;
            var at = count;
            while (at > 0 && contributions[into[at - 1]] < contributions[i]) at--;
            if (at == into.Length) continue;
            count = Math.Min(count + 1, into.Length);
            into[at..(count - 1)].CopyTo(into[(at + 1)..]);
            into[at] = i;
        }
        return count;
    }

    private void Check(int tree, int end)
    {
        if (_roots[tree] < 0 || _roots[tree] >= end) throw new InvalidDataException($"tree {tree}: root {_roots[tree]}, expected below {end}");
        for (var i = _roots[tree]; i < end; i++)
        {
            var node = _nodes[i];
            if (!float.IsFinite(node.Value) || (!node.IsLeaf && !float.IsFinite(node.Threshold))) throw new InvalidDataException($"tree {tree}, node {i}: a number that is none");
            if (node.IsLeaf) continue;
            if (node.Feature >= Features) throw new InvalidDataException($"tree {tree}, node {i}: feature {node.Feature}, expected below {Features}");
            if (node.Left <= i || node.Left + 1 >= end) throw new InvalidDataException($"tree {tree}, node {i}: children at {node.Left}, expected behind it and below {end - 1}");
        }
    }
}
