using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Lambda.BatchLayer.Fraud;
using Lambda.Cluster.Fraud;
using Lambda.Domain.Fraud;
using Lambda.SpeedLayer.Import;

namespace Lambda.Cluster.Cli;

/// <summary>`fraud backtest`: trains and tests the fraud model on a labelled file, week by week.</summary>
internal static class FraudCommand
{
    private static readonly Argument<string> FileName = new("FILE") { Description = "A delimited file, plain or gzip, with transactions and verdicts." };
    private static readonly Option<string> Map = new("--map") { Description = "The mapping that imports it: transaction and fraud_label events.", Required = true, HelpName = "MAP.yaml" };
    private static readonly Option<string> TrainFrom = new("--train-from") { Description = "First day trained on.", Required = true, HelpName = "DAY" };
    private static readonly Option<int> TrainDays = Days("--train-days", "Days trained on.");
    private static readonly Option<int> DelayDays = Days("--delay-days", "Days between training and test, after which a transaction's label is known.");
    private static readonly Option<int> TestDays = Days("--test-days", "Days tested.");
    private static readonly Option<int> Weeks = new("--weeks") { Description = "Tests, each with a model of its own, one behind the other.", DefaultValueFactory = _ => 1, HelpName = "N" };
    private static readonly Option<string?> Scores = new("--scores") { Description = "Write each tested transaction's score.", HelpName = "OUT.csv" };
    private static readonly Option<string?> Report = new("--json") { Description = "Write the figures.", HelpName = "OUT" };
    private static readonly Option<string?> Model = new("--model") { Description = "Write the last test's model.", HelpName = "OUT" };
    private static readonly Option<string?> Peers = new("--peers") { Description = "Scores of other models on the same rows: transaction_id, test_week, a column per model.", HelpName = "FILE" };
    private static readonly Option<string> PeersId = new("--peers-id") { Description = "How the mapping names a transaction of that file.", DefaultValueFactory = _ => "{transaction_id}", HelpName = "TEMPLATE" };

    public static Command Create()
    {
        var backtest = new Command("backtest", "Train on days of a labelled file, skip the label delay, test on days behind it.") { FileName };
        foreach (var option in new Option[] { Map, TrainFrom, TrainDays, DelayDays, TestDays, Weeks, Scores, Report, Model, Peers, PeersId }) backtest.Options.Add(option);
        backtest.SetAction((parse, cancel) => Task.Run(() => Run(parse), cancel));
        return new Command("fraud", "The fraud model.") { backtest };
    }

    private static int Run(ParseResult parse)
    {
        try
        {
            return RunChecked(parse);
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException or FormatException)
        {
            throw new CommandException(ExitCode.Usage, e.Message);
        }
    }

    private static int RunChecked(ParseResult parse)
    {
        var (protocol, weeks) = (ProtocolOf(parse), Positive(parse, Weeks, 1_000));
        var peersId = Template.Parse(parse.GetValue(PeersId)!);
        var peers = parse.GetValue(Peers) is { } file ? PeerScores.Read(SourceFile.Of(file), peersId) : null;
        var map = parse.GetValue(Map)!;
        var log = LabelledLog.Read(SourceFile.Of(parse.GetValue(FileName)!), ImportMapReader.Read(File.ReadAllText(map), map));
        Output.Note($"{log.Count:#,0} transactions, {log.Count(t => t.IsFraud):#,0} of them fraud");
        var backtest = new Backtest(log);
        var results = backtest.Run(protocol, weeks, new TreeParameters(), w => Output.Note($"{BacktestReport.Text(w.Protocol.TestFrom)}: {w.Rows.Count:#,0} tested"));
        var report = BacktestReport.Of(backtest, results, log, peers);
        if (parse.GetValue(Scores) is { } scores) WriteScores(scores, results, log);
        if (parse.GetValue(Report) is { } json) File.WriteAllText(json, report.Json().ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        if (parse.GetValue(Model) is { } model) File.WriteAllBytes(model, FraudModelFile.Write(results[^1].Model));
        Tell(report);
        return ExitCode.Ok;
    }

    private static Protocol ProtocolOf(ParseResult parse)
    {
        var text = parse.GetValue(TrainFrom)!;
        if (!DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            throw new CommandException(ExitCode.Usage, $"--train-from {text}: expected a day such as 2018-06-04");
        var from = day.DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;
        return new Protocol(from, Positive(parse, TrainDays, 3_660), Positive(parse, DelayDays, FraudLimits.LabelDelayDaysMax), Positive(parse, TestDays, 3_660));
    }

    private static int Positive(ParseResult parse, Option<int> option, int max) =>
        parse.GetValue(option) is var n && n >= 1 && n <= max ? n : throw new CommandException(ExitCode.Usage, $"{option.Name} {n}: expected 1 to {max}");

    private static Option<int> Days(string name, string what) => new(name) { Description = what, DefaultValueFactory = _ => 7, HelpName = "N" };

    private static void WriteScores(string file, IReadOnlyList<BacktestWeek> weeks, IReadOnlyList<LabelledTransaction> log)
    {
        using var to = new StreamWriter(file);
        to.WriteLine("transaction_id,test_week,lambda");
        foreach (var week in weeks)
            for (var i = 0; i < week.Rows.Count; i++)
                to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{log[week.Rows[i]].Id},{BacktestReport.Text(week.Protocol.TestFrom)},{1 / (1 + Math.Exp(-week.Scores[i])):R}"));
    }

    private static void Tell(BacktestReport report)
    {
        var table = Output.Table(["test from", "rows / frauds", .. report.Scorers.Select(s => $"{s.Name}: AUC / AP / CP@100")]);
        for (var i = 0; i < report.Weeks.Count; i++)
            table.Row([BacktestReport.Text(report.Weeks[i].Protocol.TestFrom), $"{report.Weeks[i].Rows.Count} / {report.Weeks[i].Frauds}", .. report.Scorers.Select(s => Show(s.Weeks[i]))]);
        table.Row(["mean", "", .. report.Scorers.Select(s => Show(s.Mean))]);
        Output.Console.Write(table);
        foreach (var d in report.Differences)
            Output.Line(string.Create(CultureInfo.InvariantCulture, $"{d.Metric}: {d.Value:+0.0000;-0.0000} against {d.Peer}{(d.Interval is { } i ? $", 90 % interval {i.From:+0.0000;-0.0000} … {i.To:+0.0000;-0.0000}" : "")}"));
    }

    private static string Show(FraudMetrics m) => string.Create(CultureInfo.InvariantCulture, $"{m.Auc:0.000} / {m.AveragePrecision:0.000} / {m.CardPrecision:0.000}");
}
