using System.CommandLine;
using System.Text;
using System.Text.Json;
using Lambda.Cluster.Fraud;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;

namespace Lambda.Cluster.Cli;

/// <summary>`fraud rules`: what decides besides the model.</summary>
internal static class FraudRulesCommand
{
    private static readonly Argument<string> FileName = new("file") { Description = "Rules, YAML." };
    private static readonly Option<string?> From = new("--from") { Description = "First UTC day of recorded decisions, on a running host.", HelpName = "YYYY-MM-DD" };
    private static readonly Option<string?> To = new("--to") { Description = "Last one.", HelpName = "YYYY-MM-DD" };
    private static readonly Option<string?> Data = new("--data") { Description = "Instead: a delimited file of transactions with labels.", HelpName = "FILE" };
    private static readonly Option<string?> Map = new("--map") { Description = "Mapping of its columns to transactions and fraud_labels (see samples/).", HelpName = "FILE" };
    private static readonly Option<int> DelayDays = new("--delay-days") { Description = "Days until a label is known.", DefaultValueFactory = _ => 7, HelpName = "N" };
    private static readonly Option<string?> Model = new("--model") { Description = "A model's file, for rules that ask for the score.", HelpName = "FILE" };

    public static Command Create() => Common.Group("rules", "Rules that decide besides the model.",
        Remote("show", "The rules that decide.", ShowAsync), Check(), Activate(), Backtest());

    private static Command Remote(string name, string description, Func<ParseResult, CancellationToken, Task<int>> run)
    {
        var command = new Command(name, description);
        foreach (var option in new Option[] { Common.Url, Common.Key }) command.Options.Add(option);
        command.SetAction(run);
        return command;
    }

    private static Command Check()
    {
        var command = new Command("check", "Name every mistake of a file by line and column.") { FileName };
        command.SetAction(parse =>
        {
            var rules = Read(parse.GetValue(FileName)!);
            Output.Line($"{parse.GetValue(FileName)}: {rules.Rules.Count} rules, {rules.Suppressions.Count} suppressions, hash {rules.Hash}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Activate()
    {
        var command = Remote("activate", "Let these rules decide, on every node within a second. Bad ones change nothing.", async (parse, cancel) =>
        {
            var file = parse.GetValue(FileName)!;
            var rules = Read(file);
            using var client = Client.Of(parse.GetValue(Common.Url), parse.GetValue(Common.Key));
            var taken = await client.PutAsync($"/v1/fraud/rules?file={Uri.EscapeDataString(Path.GetFileName(file))}", new StringContent(rules.Text, Encoding.UTF8, "application/yaml"), cancel);
            if (parse.GetValue(Common.Json)) Output.Json(taken);
            else Output.Line($"{taken.GetProperty("rules").GetString()} decide now");
            return ExitCode.Ok;
        });
        command.Arguments.Add(FileName);
        return command;
    }

    private static Command Backtest()
    {
        var command = new Command("backtest", "What rules would have said to recorded decisions, or to a file of labelled history: how often, how right, what they would have caught.") { FileName };
        foreach (var option in new Option[] { From, To, Common.Url, Common.Key, Data, Map, DelayDays, Model }) command.Options.Add(option);
        command.SetAction(BacktestAsync);
        return command;
    }

    private static Task<int> BacktestAsync(ParseResult parse, CancellationToken cancel)
    {
        var file = parse.GetValue(FileName)!;
        return (parse.GetValue(From), parse.GetValue(To), parse.GetValue(Data), parse.GetValue(Map)) switch
        {
            ({ } from, { } to, null, null) => RuleTrialCommand.RunAsync(parse, Read(file), file, from, to, cancel),
            (null, null, { } data, { } map) => Task.Run(() => RuleBacktest.Run(Read(file), data, map, parse.GetValue(DelayDays), parse.GetValue(Model), parse.GetValue(Common.Json), cancel), cancel),
            _ => throw new CommandException(ExitCode.Usage, "expected --from and --to for recorded decisions, or --data and --map for a file"),
        };
    }

    private static async Task<int> ShowAsync(ParseResult parse, CancellationToken cancel)
    {
        using var client = Client.Of(parse.GetValue(Common.Url), parse.GetValue(Common.Key));
        var rules = await client.GetAsync("/v1/fraud/rules", cancel);
        if (parse.GetValue(Common.Json))
        {
            Output.Json(rules);
            return ExitCode.Ok;
        }
        var table = Output.Table("rule", "mode", "decision", "reason", "when");
        foreach (var rule in rules.GetProperty("list").EnumerateArray()) table.Row(new[] { "name", "mode", "decision", "reason", "when" }.Select(c => (object?)rule.GetProperty(c)));
        Output.Console.Write(table);
        Output.Line($"{rules.GetProperty("rules").GetString()}, {rules.GetProperty("suppressions").GetInt32()} suppressions");
        return ExitCode.Ok;
    }

    private static Domain.Fraud.Rules.RuleSet Read(string file)
    {
        try
        {
            return RulesLoader.Load(file, File.ReadAllText(file));
        }
        catch (Exception e) when (e is DefinitionException or IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.CheckFailed, e.Message);
        }
    }
}
