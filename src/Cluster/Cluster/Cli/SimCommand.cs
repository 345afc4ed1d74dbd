using System.CommandLine;
using Lambda.Simulation;

namespace Lambda.Cluster.Cli;

/// <summary>`sim`: seeded lives of an installation on simulated time, every read held against the oracle.</summary>
internal static class SimCommand
{
    private static readonly Option<int> Seeds = new("--seeds") { Description = "Run seeds 1..N.", DefaultValueFactory = _ => 100, HelpName = "N" };
    private static readonly Option<ulong?> Seed = new("--seed") { Description = "Replay this seed only.", HelpName = "S" };
    private static readonly Option<int> Steps = new("--steps") { Description = "Steps of each life.", DefaultValueFactory = _ => Simulations.StepsPerSeed, HelpName = "N" };
    private static readonly Option<int> Reads = new("--reads") { Description = "Reads after each step, besides those of the life itself.", HelpName = "N" };

    public static Command Create()
    {
        var command = new Command("sim", "Simulate crashes, duplicates, lateness, failed runs and changed definitions from seeds; exit 1 when an answer is wrong.") { Seeds, Seed, Steps, Reads };
        command.SetAction((parse, cancel) => RunAsync(parse, cancel));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, CancellationToken cancel)
    {
        var seeds = parse.GetValue(Seed) is { } one ? [one] : Enumerable.Range(1, parse.GetValue(Seeds)).Select(s => (ulong)s).ToArray();
        var reports = new List<ScenarioReport>();
        var broken = new List<ulong>();
        foreach (var seed in seeds)
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                reports.Add(await Simulations.RunAsync(seed, parse.GetValue(Steps), parse.GetValue(Reads)));
            }
            catch (LawBrokenException e)
            {
                broken.Add(seed);
                Output.Error(e.Message);
                Output.Note($"replay: ./lambda sim --seed {seed} --steps {parse.GetValue(Steps)} --reads {parse.GetValue(Reads)}");
            }
        }
        Print(parse.GetValue(Common.Json), seeds.Length, reports, broken);
        return broken.Count == 0 ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static void Print(bool json, int seeds, List<ScenarioReport> reports, List<ulong> broken)
    {
        var (reads, crashes, published) = (reports.Sum(r => r.Reads), reports.Sum(r => r.Crashes), reports.Sum(r => r.Published));
        if (json)
            Output.Json(JsonResult.Of(
                ("seeds", seeds), ("mismatches", broken.Count), ("reads", reads), ("crashes", crashes), ("published", published), ("abandoned", reports.Sum(r => r.Abandoned)),
                ("rebuilds", reports.Sum(r => r.Rebuilds)), ("late_repeats", reports.Sum(r => r.LateRepeats)), ("definition_changes", reports.Sum(r => r.DefinitionChanges))));
        else
            Output.Line($"{seeds} seeds: {reads} reads checked, {crashes} crashes, {published} publications, {broken.Count} seeds with a wrong answer");
    }
}
