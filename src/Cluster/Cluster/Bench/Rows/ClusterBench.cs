#if CLUSTER_RUNTIME && KAFKA
using System.Diagnostics;
using Lambda.Cluster.Bench.Data;
using Lambda.Cluster.Bench.Processes;
using Lambda.Cluster.Clustered;
using Lambda.Domain.Events;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>The cluster edition: three real nodes on this machine over Kafka's mock, PostgreSQL and ClickHouse.</summary>
internal sealed class ClusterBench : IBench
{
    private const int EventsPerBody = 500;
    private const int Partitions = ClusterIngest.Partitions;
    private const int CustomersChecked = 500;

    public string Name => "cluster";

    public string What => "three nodes on this machine: 2 M events of 200 k customers (Zipf) from Kafka, 400 k more over HTTP; 1 M customer actors on one node";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel) =>
        [.. await ThreeNodesAsync(context, cancel), await MillionAsync(context, cancel)];

    private static async Task<IReadOnlyList<BenchRow>> ThreeNodesAsync(BenchContext context, CancellationToken cancel)
    {
        var embedded = (await context.RowsOfAsync(new IngestBench(), cancel))[0];
        var embeddedHttp = (await context.RowsOfAsync(new HttpBench(), cancel))[1];
        await using var cluster = await LocalCluster.StartAsync(Options(context, "cluster", 3), cancel);
        var ingest = new ClusterIngest(context, cluster);
        var rows = await ingest.RunAsync(embedded, embeddedHttp, cancel);
        var isRight = await IsRightAsync(context, cluster, ingest.Tally, cancel);
        return [.. rows.Select(r => r with { Verified = r.Verified && isRight })];
    }

    private static async Task<BenchRow> MillionAsync(BenchContext context, CancellationToken cancel)
    {
        var customers = context.Scaled(1_000_000, 1_000);
        var stream = new EventStream(19, customers, customers, days: 1, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * Clock.MicrosPerMs);
        await using var cluster = await LocalCluster.StartAsync(Options(context, "million", 1), cancel);
        using var client = new HostClient(cluster.Node(0)!.Url);
        Dictionary<int, long> positions = [];
        for (var left = customers; left > 0; left -= 50_000)
            foreach (var (partition, offset) in (await ClusterIngest.PostAsync([cluster.Node(0)!.Url], EventBatches.Lines(stream, Math.Min(left, 50_000), EventsPerBody), cancel)).Positions)
                positions[partition] = offset;
        await client.SettleAsync(cancel, positions);
        long actors = 0;
        for (var polls = 0; polls < 100 && actors != customers; polls++) // partitions report a few times a second
        {
            await Task.Delay(100, cancel);
            var status = await client.StatusAsync(cancel);
            actors = status.GetProperty("partitions").EnumerateArray().Sum(p => p.GetProperty("entities_in_memory").GetInt64());
        }
        using var process = Process.GetProcessById(cluster.Node(0)!.Id);
        return new BenchRow("cluster.memory", process.WorkingSet64 / 1e9, "GB", 3, null, actors == context.Expected(customers), Better.Lower,
            Note: $"resident memory of a node process with {actors} customer actors, each of them told an event");
    }

    private static LocalClusterOptions Options(BenchContext context, string folder, int nodes) =>
        new(context.NewFolder(folder), nodes, Partitions) { More = ["--definition", BenchView.File] };

    private static async Task<bool> IsRightAsync(BenchContext context, LocalCluster cluster, Tally tally, CancellationToken cancel)
    {
        var wrong = 0;
        foreach (var node in cluster.Running)
        {
            using var client = new HostClient(node.Url);
            wrong += await client.WrongAsync(context, tally, Enumerable.Range(0, Math.Min(tally.Customers, CustomersChecked)), cancel);
        }
        return wrong == 0;
    }
}
#endif
