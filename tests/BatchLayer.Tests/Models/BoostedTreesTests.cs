using Lambda.BatchLayer.Models.Fraud;
using Lambda.Domain.Fraud;
using Xunit;

namespace Lambda.BatchLayer.Tests.Models;

public sealed class BoostedTreesTests
{
    private const int Rows = 3_000, Features = 4;
    private static readonly int[] Usable = [.. Enumerable.Range(0, Features)];

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void Score_OfFeatureWithDirection_NeverTurns(int direction)
    {
        var (values, isFraud) = Noise(7);
        sbyte[] directions = [0, (sbyte)direction, 0, 0];
        var free = BoostedTrees.Train(values, isFraud, Usable, new sbyte[Features], Options, default);
        Assert.True(Turns(free, values, direction) > 0); // else the noise would be no test
        Assert.Equal(0, Turns(BoostedTrees.Train(values, isFraud, Usable, directions, Options, default), values, direction));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Tree_ByRowsCountedOneByOne_HasTheSameSplitsAndLeaves(int seed)
    {
        var (values, isFraud) = Noise(seed);
        var options = Options with { Trees = 1, Seeds = 1, RowShare = 1, FeatureShare = 1 };
        var tree = BoostedTrees.Train(values, isFraud, Usable, new sbyte[Features], options, default);
        var p = isFraud.Count(f => f) / (double)Rows;
        var splits = 0;
        Check(0, [.. Enumerable.Range(0, Rows)], 0);
        Assert.Equal((1 << options.Depth) - 1, splits);

        void Check(int at, int[] rows, int depth)
        {
            var node = tree.Nodes[at];
            var (gradient, weight) = (rows.Sum(r => p - (isFraud[r] ? 1 : 0)), rows.Length * p * (1 - p));
            if (node.IsLeaf)
            {
                Assert.Equal(-options.Rate * gradient / (weight + options.Ridge), node.Value, 1e-5);
                return;
            }
            splits++;
            Assert.Equal(BestGain(rows), Gain(rows, node.Feature, node.Threshold), 1e-4);
            Check(node.Left, [.. rows.Where(r => values[r * Features + node.Feature] <= node.Threshold)], depth + 1);
            Check(node.Left + 1, [.. rows.Where(r => values[r * Features + node.Feature] > node.Threshold)], depth + 1);
        }

        double BestGain(int[] rows) => Usable.Max(f => rows.Select(r => values[r * Features + f]).Distinct().Max(cut => Gain(rows, f, cut)));

        double Gain(int[] rows, int feature, float cut)
        {
            var (left, all) = (rows.Where(r => values[r * Features + feature] <= cut).ToArray(), Merit(rows));
            double whole = p * (1 - p);
            return left.Length * whole < options.LeafWeightMin || (rows.Length - left.Length) * whole < options.LeafWeightMin ? double.NegativeInfinity
                : Merit(left) + Merit([.. rows.Where(r => values[r * Features + feature] > cut)]) - all;
        }

        double Merit(int[] rows) => Math.Pow(rows.Sum(r => p - (isFraud[r] ? 1 : 0)), 2) / (rows.Length * p * (1 - p) + options.Ridge);
    }

    private static TrainingOptions Options => new(Seeds: 2, Trees: 30, Depth: 3);

    /// <summary>How often a step up of feature 1 moves the score against the direction.</summary>
    private static int Turns(TreeModel model, float[] values, int direction)
    {
        var turns = 0;
        for (var row = 0; row < 200; row++)
        {
            var vector = values.AsSpan(row * Features, Features).ToArray();
            var before = double.NaN;
            for (vector[1] = -1; vector[1] <= 21; vector[1]++)
            {
                var margin = model.Margin(vector);
                if ((margin - before) * direction < -1e-6) turns++;
                before = margin;
            }
        }
        return turns;
    }

    /// <summary>Values of few kinds, each a bin of its own; frauds by chance, a little more often where features 0 and 2 are large.</summary>
    private static (float[] Values, bool[] IsFraud) Noise(int seed)
    {
        var random = new Random(seed);
        var values = Enumerable.Range(0, Rows * Features).Select(_ => (float)random.Next(20)).ToArray();
        return (values, [.. Enumerable.Range(0, Rows).Select(r => random.NextDouble() < 0.05 + values[r * Features] * values[r * Features + 2] / 1_500)]);
    }
}
