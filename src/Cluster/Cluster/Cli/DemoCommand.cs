using System.CommandLine;
using Lambda.Cluster.Demo;

namespace Lambda.Cluster.Cli;

/// <summary>`demo`: see <see cref="DemoRun"/>. The last line is one JSON object; exit 1 on any mismatch.</summary>
internal static class DemoCommand
{
    private static readonly Option<string?> Data = new("--data") { Description = "A folder that does not exist yet; else a new one under the temporary folder.", HelpName = "DIR" };
    private static readonly Option<int> Seconds = new("--seconds") { Description = "How long to stream.", DefaultValueFactory = _ => 70, HelpName = "N" };
    private static readonly Option<int> Rate = new("--rate") { Description = "Events a second.", DefaultValueFactory = _ => 20_000, HelpName = "N" };
    private static readonly Option<int> Customers = new("--customers") { Description = "How many customers.", DefaultValueFactory = _ => 20_000, HelpName = "N" };
    private static readonly Option<ulong> Seed = new("--seed") { Description = "Of the generated events.", DefaultValueFactory = _ => 1, HelpName = "N" };

    public static Command Create()
    {
        var command = new Command("demo", "See it work, in about two minutes: a stream of events, a batch run in its middle, answers checked against a recomputation.");
        foreach (var option in new Option[] { Data, Seconds, Rate, Customers, Seed }) command.Options.Add(option);
        foreach (var number in new[] { Seconds, Rate, Customers })
            number.Validators.Add(result =>
            {
                if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out var n) && n < 1) result.AddError($"{number.Name}: found {n}, expected 1 or more");
            });
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, CancellationToken cancel)
    {
        var folder = parse.GetValue(Data) ?? Path.Combine(Path.GetTempPath(), $"lambda-demo-{DateTime.UtcNow:yyyyMMdd-HHmmss}");
        if (Directory.Exists(folder)) throw new CommandException(ExitCode.Usage, $"--data: {folder} exists; the demo begins with a fresh folder");
        var options = new DemoOptions(folder, parse.GetValue(Seconds), parse.GetValue(Rate), parse.GetValue(Customers), parse.GetValue(Seed));
        var result = await new DemoRun(options, new DemoScreen(parse.GetValue(Common.Json))).RunAsync(cancel);
        Output.Json(JsonResult.Of(("events", result.Events), ("events_per_s", result.EventsPerSecond), ("checked", result.Checked), ("mismatches", result.Mismatches)));
        return result.Mismatches == 0 && result.Checked > 0 ? ExitCode.Ok : ExitCode.CheckFailed;
    }
}
