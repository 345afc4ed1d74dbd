#if CLUSTER_RUNTIME && KAFKA
using System.Diagnostics;
using Lambda.Cluster.Clustered;
using Xunit;
using Xunit.Abstractions;

namespace Lambda.ClusterTests.Processes;

/// <summary>
/// The node that drives a batch run is lost in a step of it, when the step's effect is there and its journal record is not: another node repeats the step and
/// publishes the run, and no answer changes.
/// </summary>
public sealed class RunFailoverTests(ITestOutputHelper output) : ClusterUnderLoad(output)
{
    /// <summary>What the journal says of a run, in order. By default two; LAMBDA_ALL_STEPS=1 takes all (20 to 70 s each).</summary>
    private static readonly string[] Steps = Environment.GetEnvironmentVariable("LAMBDA_ALL_STEPS") == "1"
        ? ["started", "barriers_appended", "sunk", "partition_computed", "base_built", "checked", "published"]
        : ["barriers_appended", "checked"];

    private const string Frozen = "base_built";

    [SkippableFact]
    public async Task Run_WhenItsNodeIsKilledInAStep_IsFinishedByAnother() => await UnderLoadAsync(async (cluster, ledger) =>
    {
        var byAge = new List<int>(Enumerable.Range(0, cluster.Nodes)); // the oldest drives
        foreach (var step in Steps)
        {
            await LoseInAsync(step, cluster, ledger, byAge[0], async (hold, node) =>
            {
                await cluster.KillNodeAsync(node);
                await hold.LoseAsync();
            });
            await cluster.StartNodeAsync(byAge[0], default);
            byAge.Add(byAge[0]);
            byAge.RemoveAt(0);
        }
    });

    [SkippableFact]
    public async Task Run_WhenItsNodeFreezesInAStepAndComesBack_IsDrivenByOneOnly() => await UnderLoadAsync(async (cluster, ledger) =>
    {
        var frozen = cluster.Node(0)!;
        await LoseInAsync(Frozen, cluster, ledger, 0, (_, _) => frozen.FreezeAsync());
        frozen.Thaw();
        await frozen.ExitedAsync(default).WaitAsync(TimeSpan.FromSeconds(60));
        await cluster.StartNodeAsync(0, default);
    });

    private async Task LoseInAsync(string step, LocalCluster cluster, ClusterLedger ledger, int node, Func<JournalHold, int, Task> lose)
    {
        var other = (node + 1) % cluster.Nodes;
        var watch = new Stopwatch();
        Task<string> begun;
        await using (var hold = await JournalHold.BeginAsync(cluster.Postgres, step))
        {
            begun = BeginRunAsync(ledger, other);
            await hold.ReachedAsync();
            watch.Start();
            await lose(hold, node);
        }
        await ledger.UntilAllAnswerAsync(other);
        var answered = watch.Elapsed;
        var run = await begun;
        await UntilPublishedAsync(ledger, other, run);
        Say($"lost before `{step}` was journalled: all partitions answer after {answered.TotalSeconds:0.0} s, {run} is published after {watch.Elapsed.TotalSeconds:0.0} s; reads so far: {ledger.Reads}");
    }
}
#endif
