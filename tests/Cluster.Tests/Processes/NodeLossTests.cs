#if CLUSTER_RUNTIME && KAFKA
using System.Diagnostics;
using Lambda.Cluster.Clustered;
using Lambda.TestKit;
using Xunit;
using Xunit.Abstractions;

namespace Lambda.ClusterTests.Processes;

/// <summary>
/// Three real nodes under load, of which one is lost in some way. Every acknowledged event is counted once, and nobody is ever told anything but what was
/// acknowledged to him: refusing is allowed, a wrong number is not.
/// </summary>
public sealed class NodeLossTests(ITestOutputHelper output)
{
    private const int Partitions = 6;
    private static readonly TimeSpan Load = TimeSpan.FromSeconds(3);

    [SkippableFact]
    public async Task Cluster_WhenANodeIsKilledUnderLoad_GoesOnAndCountsEveryEventOnce() => await UnderLoadAsync(async (cluster, ledger) =>
    {
        var watch = Stopwatch.StartNew();
        await cluster.KillNodeAsync(1);
        await ledger.UntilAllAnswerAsync(0);
        output.WriteLine($"SIGKILL → all partitions answer: {watch.Elapsed.TotalSeconds:0.0} s");
        await Task.Delay(Load);
        watch.Restart();
        await cluster.StartNodeAsync(1, default);
        output.WriteLine($"the killed node is ready again after {watch.Elapsed.TotalSeconds:0.0} s");
    });

    [SkippableFact]
    public async Task Cluster_WhenItsOldestNodeIsKilledDuringARun_PublishesTheRunAllTheSame() => await UnderLoadAsync(async (cluster, ledger) =>
    {
        var run = (await ledger.PostAsync(1, "/v1/admin/batch/runs")).GetProperty("run").GetString()!;
        var watch = Stopwatch.StartNew();
        await cluster.KillNodeAsync(0);
        await ledger.UntilAllAnswerAsync(1);
        output.WriteLine($"SIGKILL of the oldest → all partitions answer: {watch.Elapsed.TotalSeconds:0.0} s");
        await UntilPublishedAsync(ledger, 1, run);
        output.WriteLine($"the run it drove is published after {watch.Elapsed.TotalSeconds:0.0} s");
    });

    [SkippableFact]
    public async Task Cluster_WhenANodeIsStopped_HandsOverWithoutARefusedRead() => await UnderLoadAsync(async (cluster, ledger) =>
    {
        var watch = Stopwatch.StartNew();
        await cluster.StopNodeAsync(2);
        output.WriteLine($"SIGTERM → ended: {watch.Elapsed.TotalSeconds:0.0} s; refused reads so far: {ledger.Reads.Refused}");
        await ledger.UntilAllAnswerAsync(0);
        output.WriteLine($"all partitions answer after {watch.Elapsed.TotalSeconds:0.0} s");
    });

    [SkippableFact]
    public async Task Cluster_WhenANodeFreezesAndComesBack_IsNotToldOldNumbers() => await UnderLoadAsync(async (cluster, ledger) =>
    {
        var frozen = cluster.Node(1)!;
        var watch = Stopwatch.StartNew();
        frozen.Freeze();
        await ledger.UntilAllAnswerAsync(0);
        output.WriteLine($"SIGSTOP → all partitions answer: {watch.Elapsed.TotalSeconds:0.0} s");
        await Task.Delay(Load);
        frozen.Thaw();
        await frozen.ExitedAsync(default).WaitAsync(TimeSpan.FromSeconds(60)); // it was taken for lost: it ends, to be started anew
        await cluster.StartNodeAsync(1, default);
    });

    [SkippableFact]
    public async Task Cluster_WhenRunsPassUnderLoad_PublishesAndServesTheSameNumbers() => await UnderLoadAsync(async (_, ledger) =>
    {
        for (var i = 0; i < 2; i++)
        {
            var watch = Stopwatch.StartNew();
            await UntilPublishedAsync(ledger, i, (await ledger.PostAsync(i, "/v1/admin/batch/runs")).GetProperty("run").GetString()!);
            output.WriteLine($"run published after {watch.Elapsed.TotalSeconds:0.0} s");
        }
    });

    private static async Task UntilPublishedAsync(ClusterLedger ledger, int node, string run)
    {
        for (var watch = Stopwatch.StartNew(); ;)
        {
            var report = await ledger.GetAsync(node, $"/v1/admin/batch/runs/{run}");
            var state = report.GetProperty("state").GetString();
            if (state == "published") return;
            Assert.False(state is "failed" or "abandoned", report.ToString());
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(120), report.ToString());
            await Task.Delay(100);
        }
    }

    private async Task UnderLoadAsync(Func<LocalCluster, ClusterLedger, Task> happens)
    {
        LocalWarehouseFixture.SkipIfAbsent();
        PostgresServer.SkipIfNotLocal();
        using var folder = new TempFolder();
        var said = new List<string>();
        await using var cluster = await LocalCluster.StartAsync(
            new LocalClusterOptions(folder.Path, Partitions: Partitions) { Log = (node, line) => { lock (said) said.Add($"node {node}: {line}"); } }, default);
        using var ledger = new ClusterLedger(cluster, Partitions);
        try
        {
            ledger.Begin(writers: 3);
            await Task.Delay(Load);
            await happens(cluster, ledger);
            await Task.Delay(Load);
            await ledger.EndAsync();
            await ledger.CheckAsync();
            output.WriteLine($"{ledger.Acknowledged} events acknowledged, {ledger.Reads.Answered} reads exact, {ledger.Reads.Refused} refused");
            Assert.True(ledger.Reads.Answered > 100);
        }
        finally
        {
            lock (said) foreach (var line in said.TakeLast(60)) output.WriteLine(line);
        }
    }
}
#endif
