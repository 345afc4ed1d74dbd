#if CLUSTER_RUNTIME && KAFKA
using Lambda.Cluster.Clustered;
using Lambda.ClusterTests.Processes;
using Lambda.LoadTests;
using Lambda.LoadTests.Reports;
using Lambda.LoadTests.Runners;
using Lambda.LoadTests.Scenarios;
using Lambda.TestKit;
using Xunit;
using Xunit.Abstractions;

namespace Lambda.ClusterTests.Load;

/// <summary>Every load test, some seconds each, against three real nodes: it ends by holding counts and sums against what was acknowledged.</summary>
[Collection(LocalClusters.Name)]
public sealed class ClusterLoadTests(ITestOutputHelper output)
{
    [SkippableFact]
    public async Task Scenarios_WhenRunAgainstThreeNodes_EndVerified()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        PostgresServer.SkipIfNotLocal();
        using var folder = new TempFolder();
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(folder.Path, Partitions: 4), default);
        foreach (var scenario in Scenario.All)
        {
            var runner = scenario.LosesANode ? Runner.All[^1] : Runner.All[0]; // ours makes what waits for the lost node count
            var options = new LoadTestOptions([.. cluster.Running.Select(n => n.Url)], Rate: 200, TimeSpan.FromSeconds(4), Customers: 200) { Node = new Lost(cluster), Away = TimeSpan.FromSeconds(1) };
            var report = await LoadTest.RunAsync(scenario, options, runner, _ => { }, default);
            output.WriteLine(TextReport.Of(report));
            Assert.True(report.IsVerified, TextReport.Of(report));
            Assert.All(report.Flows, f => Assert.True(f.Load.Requests > 0, $"{f.Name} sent nothing"));
        }
    }

    private sealed class Lost(LocalCluster cluster) : INode
    {
        public Task KillAsync(CancellationToken cancel) => cluster.KillNodeAsync(2);

        public Task RestartAsync(CancellationToken cancel)
        {
            _ = cluster.StartNodeAsync(2, CancellationToken.None);
            return Task.CompletedTask;
        }
    }
}
#endif
