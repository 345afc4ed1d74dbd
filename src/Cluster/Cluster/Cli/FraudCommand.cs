using System.CommandLine;
using System.Globalization;
using Lambda.BatchLayer.Models.Fraud;
using Lambda.Cluster.Fraud;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.SpeedLayer.Import;

namespace Lambda.Cluster.Cli;

/// <summary>`fraud`: models that decide, and their quality, tested as if it were then.</summary>
internal static class FraudCommand
{
    private static readonly Argument<string> FileName = new("file") { Description = "A delimited file of transactions with labels; gzip is unfolded." };
    private static readonly Option<string> Map = new("--map") { Description = "Mapping of its columns to transactions and fraud_labels (see samples/).", Required = true, HelpName = "FILE" };
    private static readonly Option<string> TrainFrom = new("--train-from") { Description = "First UTC day of the training.", Required = true, HelpName = "YYYY-MM-DD" };
    private static readonly Option<int> TrainDays = Days("--train-days", "Days to train on.");
    private static readonly Option<int> DelayDays = Days("--delay-days", "Days until a label is known: between training and test.");
    private static readonly Option<int> TestDays = Days("--test-days", "Days to test on.");
    private static readonly Option<int> TablesPerDay = new("--tables-per-day") { Description = "Batch runs a day, each of which makes a table of terminals.", DefaultValueFactory = _ => 1, HelpName = "N" };
    private static readonly Option<int> Weeks = new("--weeks") { Description = "Tests one behind the other, each trained anew, --test-days apart.", DefaultValueFactory = _ => 1, HelpName = "N" };
    private static readonly Option<string?> Peers = new("--peers") { Description = "Scores of other models on the same rows: compares by paired bootstrap.", HelpName = "FILE" };
    private static readonly Option<int> Seed = new("--seed") { Description = "Of training and bootstrap: the same gives the same.", DefaultValueFactory = _ => 1, HelpName = "N" };
    private static readonly Option<string?> Scores = new("--scores") { Description = "Write the tested rows' scores to OUT.csv.", HelpName = "OUT.csv" };
    private static readonly Option<string?> Model = new("--model") { Description = "Write the last test's model to OUT.json.", HelpName = "OUT.json" };
    private static readonly Option<string?> Json = new("--json") { Description = "Write the figures to OUT.", HelpName = "OUT" };

    public static Command Create()
    {
        var backtest = new Command("backtest", "Train on some days, wait for the labels, test on the days behind: the Fraud Detection Handbook's protocol on any labelled file.") { FileName };
        foreach (var option in new Option[] { Map, TrainFrom, TrainDays, DelayDays, TestDays, TablesPerDay, Weeks, Peers, Seed, Scores, Model, Json }) backtest.Options.Add(option);
        backtest.SetAction((parse, cancel) => Task.Run(() => Run(parse, cancel), cancel));
        return Common.Group("fraud", "Fraud models: which decide, and how good they are.", backtest, FraudModelsCommand.List, FraudModelsCommand.Promote, FraudReplayCommand.Create(), FraudRulesCommand.Create());
    }

    private static int Run(ParseResult parse, CancellationToken cancel)
    {
        var protocols = Protocols(parse);
        var (file, map) = ImportCommand.Open(parse.GetValue(FileName)!, parse.GetValue(Map)!);
        var peers = parse.GetValue(Peers) is { } path ? FraudFile.Peers(SourceOf(path), map) : default;
        Output.Note($"reading {file.Name} …");
        var history = FraudFile.Read(file, map, cancel);
        if (protocols[0].TrainFrom < history.FirstDay || protocols[^1].End - 1 > history.LastDay)
            throw new CommandException(ExitCode.Usage, $"{file.Name}: has {Day(history.FirstDay)} to {Day(history.LastDay)}, the tests want {Day(protocols[0].TrainFrom)} to {Day(protocols[^1].End - 1)}");
        Output.Note($"features of {Output.Show(history.Transactions.Length)} transactions …");
        var table = FeatureTable.Of(history, protocols[0].DelayDays, protocols[0].TrainFrom, protocols[^1].End, cancel, Tables(parse));
        var options = new TrainingOptions(Seed: parse.GetValue(Seed));
        List<TestedWeek> weeks;
        try
        {
            weeks = [.. protocols.Select(p => FraudBacktest.Run(history, table, p, options, cancel))];
        }
        catch (BatchLayer.Models.FitException e)
        {
            throw new CommandException(ExitCode.CheckFailed, e.Message);
        }
        var report = new FraudReport(history, table, weeks, peers.Names is null ? null : Compare(history, weeks, peers.Names, peers.Scores, parse.GetValue(Seed), cancel));
        report.Print();
        if (parse.GetValue(Scores) is { } scores) report.WriteScores(scores);
        if (parse.GetValue(Json) is { } json) report.WriteJson(json);
        if (parse.GetValue(Model) is { } model)
        {
            File.WriteAllBytes(model, FraudModelFile.Write(weeks[^1].Model, out var hash));
            Output.Note($"{model}: model {hash}");
        }
        return ExitCode.Ok;
    }

    private static FraudPeers Compare(LabelledHistory history, IReadOnlyList<TestedWeek> weeks, IReadOnlyList<string> names, Dictionary<string, double[]> scores, int seed, CancellationToken cancel)
    {
        var ours = weeks.Select(w => (IReadOnlyList<Scored>)FraudBacktest.Scored(history, w.Rows, w.Scores)).ToList();
        var theirs = names.Select((name, i) => (name, weeks.Select(IReadOnlyList<Scored> (w) => FraudBacktest.Scored(history, w.Rows, [.. w.Rows.Select(r => Of(history.Ids[r])[i])])).ToList()));
        var comparison = new PeerComparison(ours, theirs.ToDictionary(t => t.name, t => (IReadOnlyList<IReadOnlyList<Scored>>)t.Item2));
        return new FraudPeers([.. names.Select(n => (n, comparison.QualityOf(n)))], comparison.Intervals(seed, cancel));

        double[] Of(string id) => scores.TryGetValue(id, out var found) ? found : throw new CommandException(ExitCode.Usage, $"--peers: has no scores of {id}, which is tested");
    }

    private static List<FraudProtocol> Protocols(ParseResult parse)
    {
        if (!DateOnly.TryParseExact(parse.GetValue(TrainFrom), "yyyy-MM-dd", out var from))
            throw new CommandException(ExitCode.Usage, $"--train-from {parse.GetValue(TrainFrom)}: expected YYYY-MM-DD");
        var (train, delay, test, weeks) = (parse.GetValue(TrainDays), parse.GetValue(DelayDays), parse.GetValue(TestDays), parse.GetValue(Weeks));
        if (train is < 1 or > 366 || test is < 1 or > 366) throw new CommandException(ExitCode.Usage, "--train-days, --test-days: expected 1..366");
        if (delay is < 0 or > FraudFeatures.LabelDelayMax) throw new CommandException(ExitCode.Usage, $"--delay-days {delay}: expected 0..{FraudFeatures.LabelDelayMax}");
        if (weeks is < 1 or > 100) throw new CommandException(ExitCode.Usage, $"--weeks {weeks}: expected 1..100");
        var first = from.DayNumber - new DateOnly(1970, 1, 1).DayNumber;
        return [.. Enumerable.Range(0, weeks).Select(w => new FraudProtocol(first + w * test, train, delay, test))];
    }

    private static int Tables(ParseResult parse)
    {
        var tables = parse.GetValue(TablesPerDay);
        return tables is >= 1 and <= 24 ? tables : throw new CommandException(ExitCode.Usage, $"--tables-per-day {tables}: expected 1..24");
    }

    private static SourceFile SourceOf(string path)
    {
        try
        {
            return SourceFile.Of(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new CommandException(ExitCode.Usage, $"{path}: cannot be read: {e.Message}");
        }
    }

    private static Option<int> Days(string name, string description) => new(name) { Description = description, DefaultValueFactory = _ => 7, HelpName = "N" };

    internal static string Day(int day) => DateTime.UnixEpoch.AddDays(day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
