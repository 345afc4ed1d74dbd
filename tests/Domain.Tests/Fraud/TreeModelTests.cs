using System.Text;
using Lambda.Domain.Fraud;
using Xunit;

namespace Lambda.Domain.Tests.Fraud;

public sealed class TreeModelTests
{
    /// <summary>Feature 0 above 10: feature 1 above 2 → 3, else 1; not above 10: -1. Behind it a tree that is one leaf.</summary>
    private static readonly TreeNode[] Nodes = [new(0, 10, 1, 0.25f), new(-1, 0, 0, -1), new(1, 2, 3, 2), new(-1, 0, 0, 1), new(-1, 0, 0, 3), new(-1, 0, 0, 0.5f)];

    private static TreeModel Model => new(-2, Nodes, [0, 5], FraudFeatures.Count);

    [Theory]
    [InlineData(10, 9, -2.5)] // at the threshold goes left
    [InlineData(11, 2, -0.5)]
    [InlineData(11, 3, 1.5)]
    public void Margin_WhenScored_IsTheSumOfTheLeaves(float first, float second, double expected)
    {
        var features = new float[FraudFeatures.Count];
        (features[0], features[1]) = (first, second);
        Assert.Equal(expected, Model.Margin(features));
        Assert.Equal(1 / (1 + Math.Exp(-expected)), Model.Score(features));

        var contributions = new double[FraudFeatures.Count];
        var bias = Model.Contributions(features, contributions);
        Assert.Equal(-1.25, bias);
        Assert.Equal(expected, bias + contributions.Sum(), 12);
    }

    [Fact]
    public void Reasons_WhenAskedFor_AreTheStrongestFirst()
    {
        var into = new int[3];
        Assert.Equal(3, TreeModel.Strongest([0.1, 0.5, -3, 0.2, 0.4, 0], into));
        Assert.Equal([1, 4, 3], into);
        Assert.Equal(1, TreeModel.Strongest([-1, 0.5, 0], into));
        Assert.Equal(1, into[0]);
    }

    [Fact]
    public void Scoring_WhenRepeated_DoesNotAllocate()
    {
        var (model, features, contributions, reasons) = (Model, new float[FraudFeatures.Count], new double[FraudFeatures.Count], new int[5]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            model.Score(features);
            model.Contributions(features, contributions);
            TreeModel.Strongest(contributions, reasons);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void File_WhenReadBack_IsTheSameModel()
    {
        var model = new FraudModel(Model, 17_665, 17_672, 7, 3, 67_000, 600, new Dictionary<string, double> { ["auc"] = 0.1 + 0.2 })
        {
            Epoch = 12, Distributions = [.. Enumerable.Range(0, FraudFeatures.Count).Select(f => FeatureDistribution.Of([f, f / 3f, 7]))],
        };
        var bytes = FraudModelFile.Write(model, out var hash);
        var read = FraudModelFile.Read(bytes, "m.json", out var readHash);
        Assert.Equal(hash, readHash);
        Assert.Equal(model.Trees.Nodes.ToArray(), read.Trees.Nodes.ToArray());
        Assert.Equal(model.Trees.Roots.ToArray(), read.Trees.Roots.ToArray());
        Assert.Equal((17_665, 17_672, 7, 3, 67_000, 600, 0.1 + 0.2, -2f), (read.TrainedFromDay, read.CutDay, read.LabelDelayDays, read.Seed, read.Rows, read.Frauds, read.Metrics["auc"], read.Trees.BaseScore));
        Assert.Equal(bytes, FraudModelFile.Write(read, out _));
    }

    [Fact]
    public void File_WhenAnyByteIsChangedOrCutOff_IsRefused()
    {
        var bytes = FraudModelFile.Write(new FraudModel(Model, 1, 8, 7, 1, 10, 1, new Dictionary<string, double>()), out _);
        for (var i = 0; i < bytes.Length; i++)
        {
            byte[] changed = [.. bytes];
            changed[i] ^= 1;
            Assert.Throws<FraudModelException>(() => FraudModelFile.Read(changed, "m.json", out _));
            if (i % 16 == 0) Assert.Throws<FraudModelException>(() => FraudModelFile.Read(bytes.AsMemory(0, i), "m.json", out _));
        }
        var version = Encoding.UTF8.GetString(bytes).Replace("\"version\":2", "\"version\":3", StringComparison.Ordinal);
        Assert.Contains("version 3, expected 2", Assert.Throws<FraudModelException>(() => FraudModelFile.Read(Encoding.UTF8.GetBytes(version), "m.json", out _)).Message);
    }

    [Theory]
    [InlineData(0, 0)] // to itself: scoring would not end
    [InlineData(0, 5)] // the second child in the next tree
    [InlineData(500, 1)] // a feature that there is not
    public void Trees_ThatCannotBeWalked_AreRefused(int feature, int left)
    {
        TreeNode[] nodes = [.. Nodes];
        nodes[0] = new TreeNode(feature, 10, left, 0);
        Assert.Throws<InvalidDataException>(() => new TreeModel(0, nodes, [0, 5], FraudFeatures.Count));
    }
}
