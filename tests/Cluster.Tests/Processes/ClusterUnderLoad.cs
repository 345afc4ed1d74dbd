#if CLUSTER_RUNTIME && KAFKA
using System.Diagnostics;
using Lambda.Cluster.Clustered;
using Lambda.TestKit;
using Xunit;
using Xunit.Abstractions;

namespace Lambda.ClusterTests.Processes;

/// <summary>
/// Real nodes under load, to which something happens. Every acknowledged event is counted once, nobody is ever told anything but what was acknowledged to him
/// (refusing with a time to come again is allowed), no owner that was overtaken writes, and a run at the end recomputes the same numbers.
/// </summary>
[Collection(LocalClusters.Name)]
public abstract class ClusterUnderLoad(ITestOutputHelper output)
{
    private protected const int Partitions = 6;
    private protected static readonly TimeSpan Load = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan RunAtMost = TimeSpan.FromMinutes(3);

    private protected void Say(string text) => output.WriteLine(text);

    /// <param name="atFirst">So many of the nodes run at the beginning; null: all.</param>
    private protected async Task UnderLoadAsync(Func<LocalCluster, ClusterLedger, Task> happens, int? atFirst = null)
    {
        LocalWarehouseFixture.SkipIfAbsent();
        PostgresServer.SkipIfNotLocal();
        using var folder = new TempFolder();
        var said = new List<string>();
        await using var cluster = await LocalCluster.StartAsync(
            new LocalClusterOptions(folder.Path, Partitions: Partitions) { NodesAtFirst = atFirst, Log = (node, line) => { lock (said) said.Add($"node {node}: {line}"); } }, default);
        await StaleWrites.WatchAsync(cluster.Postgres);
        using var ledger = new ClusterLedger(cluster, Partitions);
        try
        {
            ledger.Begin(writers: 3);
            await Task.Delay(Load);
            await happens(cluster, ledger);
            await Task.Delay(Load);
            await ledger.EndAsync();
            await ledger.CheckAsync();
            var node = Enumerable.Range(0, cluster.Nodes).First(n => cluster.Node(n) is not null);
            await UntilPublishedAsync(ledger, node, await BeginRunAsync(ledger, node));
            await ledger.CheckAsync();
            Say($"{ledger.Acknowledged} events acknowledged; reads: {ledger.Reads}");
            Assert.True(ledger.Reads.Exact > 50);
            Assert.Equal("", await StaleWrites.NotedAsync(cluster.Postgres));
        }
        finally
        {
            lock (said) foreach (var line in said.TakeLast(60)) Say(line);
        }
    }

    /// <summary>Asks until a run has begun: when who drives them is lost before, or was just overtaken, the next one takes the question.</summary>
    private protected static async Task<string> BeginRunAsync(ClusterLedger ledger, int node)
    {
        while (true)
        {
            if (await ledger.TryPostAsync(node, "/v1/admin/batch/runs") is { } begun) return begun.GetProperty("run").GetString()!;
            await Task.Delay(200);
        }
    }

    private protected static async Task UntilPublishedAsync(ClusterLedger ledger, int node, string run)
    {
        for (var watch = Stopwatch.StartNew(); ;)
        {
            var report = await ledger.TryGetAsync(node, $"/v1/admin/batch/runs/{run}");
            var state = report?.GetProperty("state").GetString();
            if (state == "published") return;
            Assert.False(state is "failed" or "abandoned", report.ToString());
            Assert.True(watch.Elapsed < RunAtMost, $"{run} takes too long: {report}");
            await Task.Delay(100);
        }
    }
}
#endif
