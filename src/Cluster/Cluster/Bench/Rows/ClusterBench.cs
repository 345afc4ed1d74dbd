#if CLUSTER_RUNTIME && KAFKA
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Lambda.Cluster.Bench.Data;
using Lambda.Cluster.Bench.Processes;
using Lambda.Cluster.Clustered;
using Lambda.Domain.Events;
using Lambda.Load;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>The cluster edition: three real nodes on this machine over Kafka's mock, PostgreSQL and ClickHouse.</summary>
internal sealed class ClusterBench : IBench
{
    private const int EventsPerBody = 500;
    private const int Connections = 4; // to each node
    private const int Partitions = 24; // the mock keeps 5 MB of each
    private const int CustomersChecked = 500;
    private const int WarmUpShare = 5; // a fifth of the requests: three processes compile everything first

    public string Name => "cluster";

    public string What => "three nodes on this machine: 400 k events of 100 k customers over HTTP; 1 M customer actors on one node";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel) =>
        [await ThreeNodesAsync(context, cancel), await MillionAsync(context, cancel)];

    private static async Task<BenchRow> ThreeNodesAsync(BenchContext context, CancellationToken cancel)
    {
        var events = context.Scaled(400_000, 3_000);
        var stream = new EventStream(17, context.Scaled(100_000, 100), events, days: 30, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * Clock.MicrosPerMs);
        var bodies = EventBatches.Lines(stream, events, EventsPerBody);
        var embedded = await EmbeddedAsync(context, bodies, cancel);
        await using var cluster = await LocalCluster.StartAsync(Options(context, "cluster", 3), cancel);
        using var client = new HostClient(cluster.Node(0)!.Url);

        var urls = cluster.Running.Select(n => n.Url).ToList();
        var (warm, warmPositions) = await PostAsync(urls, WarmUp(bodies), cancel);
        await client.SettleAsync(cancel, warmPositions);
        var cpu = cluster.Running.Sum(n => n.ProcessorTime.TotalMicroseconds);
        var begin = Stopwatch.GetTimestamp();
        var (accepted, positions) = await PostAsync(urls, Measured(bodies), cancel);
        await client.SettleAsync(cancel, positions);
        var took = Stopwatch.GetElapsedTime(begin);
        var micros = (cluster.Running.Sum(n => n.ProcessorTime.TotalMicroseconds) - cpu) / accepted;
        var isRight = warm + accepted == events && await IsRightAsync(context, cluster, stream.Tally, cancel);
        return new BenchRow("cluster.ingest", accepted / took.TotalSeconds, "events/s", 60_000, embedded, isRight,
            Note: $"HTTP → Kafka → actors → ClickHouse, three nodes in all; limit: one embedded host with the same requests; {micros.ToString("0.0", CultureInfo.InvariantCulture)} µs of the nodes' processor an event; after a warm-up");
    }

    private static async Task<BenchRow> MillionAsync(BenchContext context, CancellationToken cancel)
    {
        var customers = context.Scaled(1_000_000, 1_000);
        var stream = new EventStream(19, customers, customers, days: 1, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * Clock.MicrosPerMs);
        await using var cluster = await LocalCluster.StartAsync(Options(context, "million", 1), cancel);
        using var client = new HostClient(cluster.Node(0)!.Url);
        Dictionary<int, long> positions = [];
        for (var left = customers; left > 0; left -= 50_000)
            foreach (var (partition, offset) in (await PostAsync([cluster.Node(0)!.Url], EventBatches.Lines(stream, Math.Min(left, 50_000), EventsPerBody), cancel)).Positions)
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
            Note: $"resident memory of a node process with {actors} customer actors");
    }

    private static LocalClusterOptions Options(BenchContext context, string folder, int nodes) =>
        new(context.NewFolder(folder), nodes, Partitions) { More = ["--definition", BenchView.File] };

    private static async Task<double> EmbeddedAsync(BenchContext context, List<ReadOnlyMemory<byte>> bodies, CancellationToken cancel)
    {
        await using var host = await LambdaProcess.StartAsync(
            ["up", "--dev", "--data", context.NewFolder("embedded"), "--port", "0", "--batch-at", "none", "--definition", BenchView.File], cancel);
        using var client = new HostClient(host.Url);
        await PostAsync([host.Url], WarmUp(bodies), cancel);
        await client.SettleAsync(cancel);
        var begin = Stopwatch.GetTimestamp();
        var (accepted, _) = await PostAsync([host.Url], Measured(bodies), cancel);
        await client.SettleAsync(cancel);
        return accepted / Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    private static List<ReadOnlyMemory<byte>> WarmUp(List<ReadOnlyMemory<byte>> bodies) => [.. bodies.Where((_, i) => i % WarmUpShare == 0)];

    private static List<ReadOnlyMemory<byte>> Measured(List<ReadOnlyMemory<byte>> bodies) => [.. bodies.Where((_, i) => i % WarmUpShare != 0)];

    /// <summary>Every body once, dealt out to the nodes; gives the events accepted and the last positions.</summary>
    private static async Task<(long Accepted, Dictionary<int, long> Positions)> PostAsync(IReadOnlyList<Uri> urls, List<ReadOnlyMemory<byte>> bodies, CancellationToken cancel)
    {
        var loads = urls.Select((_, n) => new PostLoad([.. bodies.Where((_, i) => i % urls.Count == n)])).ToList();
        await Task.WhenAll(urls.Zip(loads).Select(l => LoadLoop.ClosedAsync(l.Item1, Connections, l.Item2, TimeSpan.FromMinutes(10), cancel)));
        return (loads.Sum(l => l.Accepted), loads.SelectMany(l => l.Positions).GroupBy(p => p.Key, p => p.Value).ToDictionary(p => p.Key, p => p.Max()));
    }

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
