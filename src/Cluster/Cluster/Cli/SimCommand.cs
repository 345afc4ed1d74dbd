using System.CommandLine;
using System.Globalization;
using Lambda.Cluster.Options;
using Lambda.Simulation;
#if CLUSTER_RUNTIME
using Lambda.Simulation.Actors;
#endif

namespace Lambda.Cluster.Cli;

/// <summary>`sim`: seeded lives of an installation on simulated time, every read held against the oracle.</summary>
internal static class SimCommand
{
    private static readonly Option<int> Seeds = new("--seeds") { Description = "Run seeds 1..N.", DefaultValueFactory = _ => 100, HelpName = "N" };
    private static readonly Option<ulong?> Seed = new("--seed") { Description = "Replay this seed only.", HelpName = "S" };
    private static readonly Option<int?> Steps = new("--steps") { Description = "Steps of each life (600; of a cluster 300).", HelpName = "N" };
    private static readonly Option<int> Reads = new("--reads") { Description = "Embedded: reads after each step, besides those of the life itself.", HelpName = "N" };
    private static readonly Option<string> Runtime = new("--runtime") { Description = "Whose life: of one process, or of a cluster's actors.", DefaultValueFactory = _ => LambdaOptions.EmbeddedRuntime };

    public static Command Create()
    {
        var command = new Command("sim", "Simulate crashes, duplicates, lateness, failed runs and changed definitions from seeds; exit 1 when an answer is wrong.") { Seeds, Seed, Steps, Reads, Runtime };
        Runtime.AcceptOnlyFromAmong(LambdaOptions.EmbeddedRuntime, LambdaOptions.ClusterRuntime);
        command.SetAction((parse, cancel) => RunAsync(parse, cancel));
        return command;
    }

    /// <summary>What the seeds did, by name.</summary>
    private sealed class Totals
    {
        public readonly Dictionary<string, long> ByName = [];

        public void Add(params (string Name, long Value)[] values)
        {
            foreach (var (name, value) in values) ByName[name] = ByName.GetValueOrDefault(name) + value;
        }
    }

    private static async Task<int> RunAsync(ParseResult parse, CancellationToken cancel)
    {
        var (runtime, steps) = (parse.GetValue(Runtime)!, parse.GetValue(Steps));
        var seeds = parse.GetValue(Seed) is { } one ? [one] : Enumerable.Range(1, parse.GetValue(Seeds)).Select(s => (ulong)s).ToArray();
        var (totals, broken) = (new Totals(), new List<ulong>());
        foreach (var seed in seeds)
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                if (runtime == LambdaOptions.ClusterRuntime) RunCluster(seed, steps, totals);
                else await RunEmbeddedAsync(seed, steps, parse.GetValue(Reads), totals);
            }
            catch (LawBrokenException e)
            {
                broken.Add(seed);
                Output.Error(e.Message);
                Output.Note(string.Create(CultureInfo.InvariantCulture, $"replay: ./lambda sim --runtime {runtime} --seed {seed}{(steps is null ? "" : $" --steps {steps}")} --reads {parse.GetValue(Reads)}"));
            }
        }
        Print(parse.GetValue(Common.Json), seeds.Length, totals, broken.Count);
        return broken.Count == 0 ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static async Task RunEmbeddedAsync(ulong seed, int? steps, int reads, Totals totals)
    {
        var r = await Simulations.RunAsync(seed, steps ?? Simulations.StepsPerSeed, reads);
        totals.Add(("reads", r.Reads), ("crashes", r.Crashes), ("published", r.Published), ("abandoned", r.Abandoned), ("rebuilds", r.Rebuilds), ("late_repeats", r.LateRepeats), ("erasures", r.Erasures),
            ("definition_changes", r.DefinitionChanges), ("merges", r.Merges), ("person_reads", r.PersonReads));
    }

#if CLUSTER_RUNTIME
    private static void RunCluster(ulong seed, int? steps, Totals totals)
    {
        var r = ClusterSimulations.Run(seed, steps ?? ClusterSimulations.StepsPerSeed);
        totals.Add(("reads", r.Reads), ("refusals", r.Refusals), ("rows", r.Rows), ("crashes", r.Crashes), ("moves", r.Moves), ("leases", r.Leases), ("fenced", r.Fenced),
            ("published", r.Published), ("abandoned", r.Abandoned), ("rebuilds", r.Rebuilds), ("turns", r.Turns));
    }
#else
    private static void RunCluster(ulong seed, int? steps, Totals totals) =>
        throw new CommandException(ExitCode.Environment, "this build has no cluster edition: the package feed lacked Akka.NET");
#endif

    private static void Print(bool json, int seeds, Totals totals, int broken)
    {
        if (json) Output.Json(JsonResult.Of([("seeds", seeds), ("mismatches", broken), .. totals.ByName.Select(t => (t.Key, (System.Text.Json.Nodes.JsonNode?)t.Value))]));
        else Output.Line($"{seeds} seeds: {string.Join(", ", totals.ByName.Select(t => $"{t.Value} {t.Key.Replace('_', ' ')}"))}, {broken} seeds with a wrong answer");
    }
}
