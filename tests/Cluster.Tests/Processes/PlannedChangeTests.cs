#if CLUSTER_RUNTIME && KAFKA
using System.Diagnostics;
using Lambda.Cluster.Clustered;
using Xunit;
using Xunit.Abstractions;

namespace Lambda.ClusterTests.Processes;

/// <summary>What operators do to nodes: no read is lost, and none refused for longer than a partition needs to move.</summary>
public sealed class PlannedChangeTests(ITestOutputHelper output) : ClusterUnderLoad(output)
{
    /// <summary>Whoever comes again as he is told to is answered within this time: on a quiet machine nobody is refused at all.</summary>
    private static readonly TimeSpan RefusedAtMost = TimeSpan.FromSeconds(10);

    [SkippableFact]
    public async Task Cluster_WhenEveryNodeIsRestartedInTurn_LosesNoReadAndNoEvent() => await UnderLoadAsync(async (cluster, ledger) =>
    {
        for (var node = 0; node < cluster.Nodes; node++)
        {
            var watch = Stopwatch.StartNew();
            await cluster.StopNodeAsync(node);
            var stopped = watch.Elapsed;
            await cluster.StartNodeAsync(node, default);
            Say($"node {node}: SIGTERM → ended {stopped.TotalSeconds:0.0} s, → ready again {watch.Elapsed.TotalSeconds:0.0} s; reads so far: {ledger.Reads}");
        }
        NoneLost(ledger);
    });

    [SkippableFact]
    public async Task Cluster_WhenANodeIsAdded_GivesItPartitionsAndStaysExact() => await UnderLoadAsync(async (cluster, ledger) =>
    {
        var watch = Stopwatch.StartNew();
        await cluster.StartNodeAsync(2, default);
        var ready = watch.Elapsed;
        while (await OwnedAsync(cluster, ledger, 2) < Partitions / cluster.Nodes) await Task.Delay(50);
        Say($"ready after {ready.TotalSeconds:0.0} s, its share of partitions after {watch.Elapsed.TotalSeconds:0.0} s");
        await Task.Delay(Load);
        NoneLost(ledger);
    }, atFirst: 2);

    [SkippableFact]
    public async Task Cluster_WhenANodeIsDrained_AnswersThroughTheOthersMeanwhile() => await UnderLoadAsync(async (cluster, ledger) =>
    {
        var drained = cluster.Node(2)!;
        var watch = Stopwatch.StartNew();
        var report = await ledger.PostAsync(0, $"/v1/admin/nodes/{cluster.AddressOf(2)}/drain");
        Say($"drain → its partitions {report.GetProperty("moved")} are answered elsewhere: {watch.Elapsed.TotalSeconds:0.0} s; reads so far: {ledger.Reads}");
        Assert.NotEqual(0, report.GetProperty("moved").GetArrayLength());
        await drained.ExitedAsync(default).WaitAsync(TimeSpan.FromSeconds(30));
        await cluster.StopNodeAsync(2); // forgets it
        NoneLost(ledger);
    });

    private static async Task<int> OwnedAsync(LocalCluster cluster, ClusterLedger ledger, int node) =>
        (await ledger.GetAsync(0, "/v1/admin/nodes")).GetProperty("nodes").EnumerateArray()
        .Where(n => n.GetProperty("node").GetString() == cluster.AddressOf(node)).Sum(n => n.GetProperty("partitions").GetArrayLength());

    private void NoneLost(ClusterLedger ledger)
    {
        Say($"reads: {ledger.Reads}");
        Assert.Equal(0, ledger.Reads.Lost);
        Assert.True(ledger.Reads.LongestRefusal < RefusedAtMost, $"a partition's reads were refused for {ledger.Reads.LongestRefusal.TotalSeconds:0.0} s");
    }
}
#endif
