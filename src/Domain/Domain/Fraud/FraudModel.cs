using System.Runtime.CompilerServices;

namespace Lambda.Domain.Fraud;

/// <summary>
/// Gradient-boosted trees. The raw score is the log-odds: bias + the values of the leaves reached. All trees stand in one array; a node's children lie behind it, side by side.
/// Immutable and safe from many threads.
/// </summary>
public sealed class FraudModel
{
    private readonly FraudNode[] _nodes;
    private readonly int[] _roots;
    private readonly double _bias;

    /// <exception cref="FraudModelException">The trees make no sense.</exception>
    public FraudModel(FraudModelInfo info, double prior, IReadOnlyList<FraudNode> nodes, IReadOnlyList<int> roots)
    {
        (Info, Prior, _nodes, _roots) = (info, prior, [.. nodes], [.. roots]);
        Check();
        _bias = Prior;
        foreach (var root in _roots) _bias += _nodes[root].Value;
    }

    public FraudModelInfo Info { get; }

    /// <summary>Log-odds of the training rows.</summary>
    public double Prior { get; }

    public IReadOnlyList<FraudNode> Nodes => _nodes;

    public IReadOnlyList<int> Roots => _roots;

    /// <summary>What all transactions score before their features count: <see cref="Explain"/> adds up from here.</summary>
    public double Bias => _bias;

    /// <summary>Log-odds. A missing value goes right.</summary>
    /// <param name="features">As <see cref="FraudFeatures.Compute"/> makes them.</param>
    public double Raw(ReadOnlySpan<float> features)
    {
        var sum = Prior;
        foreach (var root in _roots)
        {
            ref readonly var node = ref _nodes[root];
            while (node.Feature >= 0) node = ref _nodes[Next(node, features)];
            sum += node.Value;
        }
        return sum;
    }

    /// <summary>Within (0, 1).</summary>
    public double Score(ReadOnlySpan<float> features) => 1 / (1 + Math.Exp(-Raw(features)));

    /// <summary>What each feature adds to the log-odds on the paths taken: Bias + their sum = Raw, up to rounding.</summary>
    /// <param name="to">One per feature; overwritten.</param>
    public void Explain(ReadOnlySpan<float> features, Span<double> to)
    {
        to.Clear();
        foreach (var root in _roots)
        {
            ref readonly var node = ref _nodes[root];
            while (node.Feature >= 0)
            {
                ref readonly var next = ref _nodes[Next(node, features)];
                to[node.Feature] += next.Value - node.Value;
                node = ref next;
            }
        }
    }

    /// <summary>Without a branch: which way a tree goes cannot be predicted, and a wrong guess costs more than the rest of the step.</summary>
    private static int Next(in FraudNode node, ReadOnlySpan<float> features)
    {
        var stays = features[node.Feature] <= node.Threshold;
        return node.Left + 1 - Unsafe.BitCast<bool, byte>(stays);
    }

    private void Check()
    {
        if (!double.IsFinite(Prior)) throw new FraudModelException("prior: expected a finite number");
        foreach (var root in _roots)
            if (root < 0 || root >= _nodes.Length) throw new FraudModelException($"root {root}: expected a node below {_nodes.Length}");
        for (var i = 0; i < _nodes.Length; i++)
        {
            var node = _nodes[i];
            if (!double.IsFinite(node.Value)) throw new FraudModelException($"node {i}: its value is not a finite number");
            if (node.Feature < 0) continue;
            if (node.Feature >= Info.Features.Count) throw new FraudModelException($"node {i}: feature {node.Feature}, expected one below {Info.Features.Count}");
            if (node.Left <= i || node.Left + 1 >= _nodes.Length) throw new FraudModelException($"node {i}: children {node.Left}, expected behind it and below {_nodes.Length - 1}"); // so no path has a circle
            if (!float.IsFinite(node.Threshold)) throw new FraudModelException($"node {i}: its threshold is not a finite number");
        }
    }
}

/// <param name="Feature">Index; negative for a leaf.</param>
/// <param name="Left">Taken if the feature ≤ threshold; the node behind it is the right one.</param>
/// <param name="Value">Log-odds that the node adds if it is a leaf, or would if it were one.</param>
public readonly record struct FraudNode(int Feature, float Threshold, int Left, double Value);

/// <summary>Where a model comes from.</summary>
/// <param name="Version">Of the artefact: given by who trained it.</param>
/// <param name="TrainedFrom">First day trained on.</param>
/// <param name="TrainingCut">Day behind the last one trained on.</param>
/// <param name="Parameters">Of the training, by name.</param>
/// <param name="Metrics">By name.</param>
public sealed record FraudModelInfo(
    string Version, DateOnly TrainedFrom, DateOnly TrainingCut, int LabelDelayDays, int Seed,
    IReadOnlyDictionary<string, double> Parameters, IReadOnlyList<string> Features, IReadOnlyDictionary<string, double> Metrics);

/// <summary>A model's file is wrong: what was found and what was expected.</summary>
public sealed class FraudModelException(string message) : Exception(message);
