using System.Text.Json;
using Lambda.SystemTests.Cli;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.RealData;

/// <summary>The Fraud Detection Handbook's data by the command people use, wherever it is (see <see cref="Repository.SharedData"/>).</summary>
public sealed class FraudBacktestTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task Handbook_WhenBacktested_HasThePublishedRowsAndPeersFiguresAndBeatsThem()
    {
        var data = Repository.SharedData is { } shared ? Path.Combine(shared, "handbook") : "";
        Skip.IfNot(Directory.Exists(data), "the Handbook's data is not here: set LAMBDA_SHARED_DATA to the folder that holds handbook/");
        var (json, scores, model) = (_folder.File("figures.json"), _folder.File("scores.csv"), _folder.File("model.json"));
        var ended = await LambdaProcess.RunAsync("fraud", "backtest", Path.Combine(data, "transactions-2018-04-01_2018-07-31.csv.gz"), "--map", Path.Combine(Repository.Root, "samples/handbook.yaml"),
            "--train-from", "2018-05-14", "--train-days", "7", "--delay-days", "7", "--test-days", "7", "--peers", Path.Combine(data, "peer-scores.csv.gz"), "--scores", scores, "--json", json, "--model", model);
        Assert.True(ended.ExitCode == 0, ended.Error);

        using var figures = JsonDocument.Parse(File.ReadAllText(json));
        var week = figures.RootElement.GetProperty("weeks")[0];
        Assert.Equal((57_844, 364), (week.GetProperty("rows").GetInt32(), week.GetProperty("frauds").GetInt32()));
        var peers = week.GetProperty("peers");
        Assert.Equal((0.885, 0.612, 0.277), Of(peers.GetProperty("logistic_regression")));
        Assert.Equal((0.865, 0.675, 0.287), Of(peers.GetProperty("random_forest")));
        Assert.Equal((0.875, 0.696, 0.283), Of(peers.GetProperty("xgboost")));
        var ours = Of(week.GetProperty("lambda"));
        Assert.True(ours.Auc > 0.885 && ours.Precision > 0.75 && ours.Cards > 0.287, $"{ours}");
        Assert.Equal(57_844 + 1, File.ReadLines(scores).Count());
        Assert.Contains("\"lambda-fraud-model\"", File.ReadAllText(model));
    }

    [Fact]
    public async Task Backtest_OfDaysThatTheFileLacks_SaysWhichItHas()
    {
        var file = _folder.File("few.csv");
        File.WriteAllText(file, "transaction_id,occurred_at,customer_id,terminal_id,amount,is_fraud,fraud_scenario\n1,2018-04-01 00:00:31,5,6,57.16,0,0\n");
        var ended = await LambdaProcess.RunAsync("fraud", "backtest", file, "--map", Path.Combine(Repository.Root, "samples/handbook.yaml"), "--train-from", "2018-04-01");
        Assert.Equal(2, ended.ExitCode);
        Assert.Contains("has 2018-04-01 to 2018-04-01, the tests want 2018-04-01 to 2018-04-21", ended.Error);
    }

    private static (double Auc, double Precision, double Cards) Of(JsonElement quality) =>
        (Math.Round(quality.GetProperty("auc").GetDouble(), 3), Math.Round(quality.GetProperty("average_precision").GetDouble(), 3), Math.Round(quality.GetProperty("card_precision_100").GetDouble(), 3));
}
