using System.Text;
using Lambda.Domain.Fraud;
using Xunit;

namespace Lambda.Domain.Tests.Fraud;

public sealed class FraudModelTests
{
    private static readonly string[] Names = ["a", "b"];

    /// <summary>a ≤ 1 ? (b ≤ 2 ? −1 : 3) : 0.5, and a tree that is a leaf of 0.25.</summary>
    private static readonly FraudNode[] Trees = [new(0, 1, 1, 0.1), new(1, 2, 3, 0.2), new(-1, 0, -1, 0.5), new(-1, 0, -1, -1), new(-1, 0, -1, 3), new(-1, 0, -1, 0.25)];

    [Theory]
    [InlineData(1, 2, -1)]
    [InlineData(1, 2.5, 3)]
    [InlineData(1, float.NaN, 3)]
    [InlineData(float.NaN, 0, 0.5)]
    public void Raw_WhenPathsDiffer_AddsTheLeavesReached(float a, float b, double leaf)
    {
        var raw = Model().Raw([a, b]);
        Assert.Equal(-2 + leaf + 0.25, raw, 12);
        Assert.Equal(1 / (1 + Math.Exp(-raw)), Model().Score([a, b]), 12);
    }

    [Fact]
    public void Explain_WhenAddedUp_IsTheRawScore()
    {
        Span<double> parts = stackalloc double[2];
        Model().Explain([1, 3], parts);
        Assert.Equal(0.1, parts[0], 12); // 0.2 − 0.1
        Assert.Equal(2.8, parts[1], 12); // 3 − 0.2
        Assert.Equal(Model().Raw([1, 3]), Model().Bias + parts[0] + parts[1], 12);
    }

    [Fact]
    public void File_WhenWrittenAndRead_IsTheSameModelAndTheSameBytes()
    {
        var bytes = FraudModelFile.Write(Model());
        var read = FraudModelFile.Read(bytes, Names);
        Assert.Equal(bytes, FraudModelFile.Write(read));
        Assert.Equal(Model().Raw([1, 3]), read.Raw([1, 3]));
    }

    [Fact]
    public void File_WhenAnyByteOrLengthDiffers_IsRefused()
    {
        var bytes = FraudModelFile.Write(Model());
        for (var i = 0; i < bytes.Length; i++)
        {
            var damaged = bytes.ToArray();
            damaged[i] ^= 1;
            Assert.Throws<FraudModelException>(() => FraudModelFile.Read(damaged, Names));
            Assert.Throws<FraudModelException>(() => FraudModelFile.Read(bytes.AsSpan(0, i), Names));
        }
        Assert.Throws<FraudModelException>(() => FraudModelFile.Read([.. bytes, (byte)'x'], Names));
    }

    [Theory]
    [InlineData("[]", "not a fraud model")]
    [InlineData("{}", "format: found ``")]
    [InlineData("""{"format":"other/1","hash":"","model":{}}""", "format: found `other/1`")]
    [InlineData("""{"format":7}""", "not a fraud model")]
    [InlineData("""{"format":"lambda-fraud-model/1","hash":"74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b","model":null}""", "model")]
    public void File_WhenForeign_SaysWhat(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<FraudModelException>(() => FraudModelFile.Read(Encoding.UTF8.GetBytes(text), Names)).Message);

    [Fact]
    public void File_WhenTrainedOnOtherFeatures_NamesTheFirst() =>
        Assert.Contains("feature 1: found `b`, expected `c`", Assert.Throws<FraudModelException>(() => FraudModelFile.Read(FraudModelFile.Write(Model()), ["a", "c"])).Message);

    public static TheoryData<FraudNode> BadNodes => [new FraudNode(2, 0, 1, 0), new FraudNode(0, 0, 0, 0), new FraudNode(0, 0, 5, 0), new FraudNode(0, float.NaN, 1, 0), new FraudNode(-1, 0, -1, double.NaN)];

    [Theory]
    [MemberData(nameof(BadNodes))]
    public void Model_WhenANodeMakesNoSense_IsRefused(FraudNode bad) => Assert.Throws<FraudModelException>(() => new FraudModel(Model().Info, -2, [bad, .. Trees[1..]], [0, 5]));

    [Fact]
    public void Model_WhenARootIsNoNode_IsRefused() => Assert.Throws<FraudModelException>(() => new FraudModel(Model().Info, -2, Trees, [6]));

    private static FraudModel Model() => new(
        new FraudModelInfo("v", new DateOnly(2018, 5, 14), new DateOnly(2018, 5, 21), 7, 1, new Dictionary<string, double> { ["rate"] = 0.1 }, Names, new Dictionary<string, double> { ["auc"] = 0.9 }), -2, Trees, [0, 5]);
}
