using System.Text.Json.Nodes;
using Lambda.Cluster.Cli;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.RealData;

/// <summary>One week of the Handbook's data, on which the model was tuned: the protocol's rows, the peers' published figures by our metrics, and a model that is better.</summary>
public sealed class FraudBacktestTests
{
    [SkippableFact]
    public async Task Backtest_WhenRunOnAWeekOfTheHandbook_ReproducesThePeersAndIsBetter()
    {
        var data = Path.Combine(Repository.SharedData ?? "", "handbook");
        Skip.IfNot(Repository.SharedData is not null && Directory.Exists(data), "the data set handbook is not here: name the folder that holds it in LAMBDA_SHARED_DATA");
        using var folder = new TempFolder();
        var (json, scores) = (folder.File("out.json"), folder.File("scores.csv"));
        var code = await Root.RunAsync(
        [
            "fraud", "backtest", Path.Combine(data, "transactions-2018-04-01_2018-07-31.csv.gz"), "--map", Path.Combine(Repository.Root, "samples/handbook.yaml"), "--train-from", "2018-05-14",
            "--peers", Path.Combine(data, "peer-scores.csv.gz"), "--peers-id", "handbook-{transaction_id}", "--json", json, "--scores", scores,
        ], CancellationToken.None);
        Assert.Equal(ExitCode.Ok, code);
        var week = JsonNode.Parse(File.ReadAllText(json))!["weeks"]![0]!;
        Assert.Equal((57_844, 364), ((int)week["rows"]!, (int)week["frauds"]!));
        AssertMetrics(week, "logistic_regression", "0.885 / 0.612 / 0.277");
        AssertMetrics(week, "random_forest", "0.865 / 0.675 / 0.287");
        AssertMetrics(week, "xgboost", "0.875 / 0.696 / 0.283");
        Assert.InRange((double)week["metrics"]!["lambda"]!["average_precision"]!, 0.72, 1);
        Assert.Equal(57_845, File.ReadLines(scores).Count());
    }

    private static void AssertMetrics(JsonNode week, string model, string expected)
    {
        var m = week["metrics"]![model]!;
        Assert.Equal(expected, FormattableString.Invariant($"{(double)m["auc"]!:0.000} / {(double)m["average_precision"]!:0.000} / {(double)m["card_precision_100"]!:0.000}"));
    }
}
