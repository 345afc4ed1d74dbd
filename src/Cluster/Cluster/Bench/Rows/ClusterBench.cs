#if CLUSTER_RUNTIME && KAFKA
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Lambda.Cluster.Bench.Data;
using Lambda.Cluster.Bench.Processes;
using Lambda.Cluster.Clustered;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Load;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>The cluster edition: three real nodes on this machine over Kafka's mock, PostgreSQL and ClickHouse, and one of them lost.</summary>
internal sealed class ClusterBench : IBench
{
    private const int EventsPerBody = 500;
    private const int Connections = 4; // to each node
    private const int Partitions = 24; // the mock keeps 5 MB of each
    private const int CustomersChecked = 500;
    private const int WarmUpShare = 5; // a fifth of the requests: three processes compile everything first

    public string Name => "cluster";

    public string What => "three nodes on this machine: 400 k events of 100 k customers over HTTP, a node drained, a node killed; 1 M customer actors on one";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        var rows = new List<BenchRow>();
        rows.AddRange(await ThreeNodesAsync(context, cancel));
        rows.Add(await MillionAsync(context, cancel));
        return rows;
    }

    private static async Task<List<BenchRow>> ThreeNodesAsync(BenchContext context, CancellationToken cancel)
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
        var rows = new List<BenchRow>
        {
            new("cluster.ingest", accepted / took.TotalSeconds, "events/s", 60_000, embedded, isRight,
                Note: $"HTTP → Kafka → actors → ClickHouse, three nodes in all; limit: one embedded host with the same requests; {micros.ToString("0.0", CultureInfo.InvariantCulture)} µs of the nodes' processor an event; after a warm-up"),
        };

        var (drained, refused) = await LoseAsync(cluster, 0, () => cluster.StopNodeAsync(2), cancel);
        rows.Add(new("cluster.drain", drained.TotalSeconds, "s", 2, null, refused == 0 && await IsRightAsync(context, cluster, stream.Tally, cancel), Better.Lower,
            Note: $"SIGTERM of a node → all its partitions answer elsewhere; reads refused meanwhile: {refused}"));
        await cluster.StartNodeAsync(2, cancel);
        await UntilAllAnswerAsync(cluster.Node(0)!.Url, cancel);
        var (killed, _) = await LoseAsync(cluster, 0, () => cluster.KillNodeAsync(1), cancel);
        rows.Add(new("cluster.kill", killed.TotalSeconds, "s", 15, null, await IsRightAsync(context, cluster, stream.Tally, cancel), Better.Lower, Note: "SIGKILL of a node → every partition answers"));
        return rows;
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
            ["up", "--data", context.NewFolder("embedded"), "--port", "0", "--batch-at", "none", "--definition", BenchView.File], cancel);
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

    /// <summary>Reads one customer of every partition again and again while a node is lost; the time until all answer, and the refusals.</summary>
    private static async Task<(TimeSpan Took, long Refused)> LoseAsync(LocalCluster cluster, int asked, Func<Task> lose, CancellationToken cancel)
    {
        var refused = 0L;
        using var http = new HttpClient { BaseAddress = cluster.Node(asked)!.Url };
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var reading = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
                foreach (var customer in Probes)
                    if (!await AnswersAsync(http, customer)) refused++;
        }, cancel);
        var begin = Stopwatch.GetTimestamp();
        await lose();
        await UntilAllAnswerAsync(cluster.Node(asked)!.Url, cancel);
        var took = Stopwatch.GetElapsedTime(begin);
        await done.CancelAsync();
        await reading;
        return (took, refused);
    }

    private static readonly string[] Probes = [.. Enumerable.Range(0, Partitions)
        .Select(p => Enumerable.Range(0, 100_000).Select(i => $"probe-{i}").First(c => Partitioner.PartitionOf(System.Text.Encoding.UTF8.GetBytes(c), Partitions) == p))];

    private static async Task UntilAllAnswerAsync(Uri url, CancellationToken cancel)
    {
        using var http = new HttpClient { BaseAddress = url };
        foreach (var customer in Probes)
            while (!await AnswersAsync(http, customer)) await Task.Delay(10, cancel);
    }

    /// <summary>200 or 404: the partition was asked and knew.</summary>
    private static async Task<bool> AnswersAsync(HttpClient http, string customer)
    {
        using var response = await http.GetAsync($"/v1/customers/{customer}");
        return (int)response.StatusCode is 200 or 404;
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
