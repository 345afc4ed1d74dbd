#if CLUSTER_RUNTIME && KAFKA
using System.Diagnostics;
using System.Text.Json;
using Lambda.Cluster.Clustered;
using Lambda.TestKit;
using Xunit;
using Xunit.Abstractions;

namespace Lambda.ClusterTests.Processes;

/// <summary>Three real nodes with an address each that know no seeds.</summary>
[Collection(LocalClusters.Name)]
public sealed class NamesTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };

    [SkippableFact]
    public async Task Nodes_WhenTheyFindEachOtherByNames_AreOneClusterAlsoAfterTheFounderIsKilled()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        PostgresServer.SkipIfNotLocal();
        using var folder = new TempFolder();
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(folder.Path, Partitions: 4) { ByNames = true }, default);
        var all = Enumerable.Range(0, cluster.Nodes).Select(cluster.AddressOf).ToList();
        Assert.Equal(["127.0.0.1", "127.0.0.2", "127.0.0.3"], all.Select(a => a.Split(':')[0]));
        foreach (var i in Enumerable.Range(0, cluster.Nodes)) await UntilAsync(cluster, i, nodes => nodes.SequenceEqual(all));

        var watch = Stopwatch.StartNew();
        await cluster.KillNodeAsync(0); // it founded the cluster, and its address is the lowest
        await UntilAsync(cluster, 1, nodes => nodes.SequenceEqual(all.Skip(1)));
        output.WriteLine($"SIGKILL of the founder → it is a member no more: {watch.Elapsed.TotalSeconds:0.0} s");
        await cluster.StartNodeAsync(0, default);
        foreach (var i in Enumerable.Range(0, cluster.Nodes)) await UntilAsync(cluster, i, nodes => nodes.SequenceEqual(all));
        output.WriteLine($"it is back and ready: {watch.Elapsed.TotalSeconds:0.0} s");
    }

    private async Task UntilAsync(LocalCluster cluster, int node, Func<List<string>, bool> wanted)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            var found = JsonDocument.Parse(await _http.GetStringAsync(new Uri(cluster.Node(node)!.Url, "/v1/admin/nodes"))).RootElement.GetProperty("nodes");
            if (wanted([.. found.EnumerateArray().Where(n => n.GetProperty("state").GetString() == "up").Select(n => n.GetProperty("node").GetString()!).Order(StringComparer.Ordinal)])) return;
            Assert.True(watch.Elapsed < Patience, found.ToString());
        }
    }
}
#endif
