#if CLUSTER_RUNTIME && KAFKA
using System.Diagnostics;
using System.Globalization;
using Lambda.Cluster.Bench.Data;
using Lambda.Cluster.Bench.Limits;
using Lambda.Cluster.Bench.Processes;
using Lambda.Cluster.Clustered;
using Lambda.Domain.Events;
using Lambda.Load;
using Lambda.SpeedLayer.Kafka;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>
/// Ingest of the cluster edition, the same stream as `ingest` has: encoded batches into Kafka, folded by actors and inserted into ClickHouse. First by nodes
/// that have just started and know no customer, then on; and at last over HTTP.
/// </summary>
internal sealed class ClusterIngest(BenchContext context, LocalCluster cluster)
{
    public const int Partitions = 24; // the mock keeps 5 MB of each

    private const int EventsPerBatch = 2_000;
    private const int EventsPerBody = 1_000;
    private const int Connections = 4; // to each node
    private const int ColdShare = 5;   // a fifth of the events, in which every customer comes for the first time
    private const int Waiting = 250_000; // events that may wait in the broker: well under what it keeps

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly EventStream _stream = StreamOf(context);

    public Tally Tally => _stream.Tally;

    private static EventStream StreamOf(BenchContext context) => new(
        11, context.Scaled(200_000, 100), context.Scaled(2_000_000, 2_000), days: 30, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * Clock.MicrosPerMs);

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchRow embedded, BenchRow embeddedHttp, CancellationToken cancel)
    {
        var events = context.Scaled(2_000_000, 2_000);
        var batches = EventBatches.Records(_stream, events, EventsPerBatch, Partitions);
        var share = Math.Max(1, batches.Count / ColdShare);
        var limit = await KafkaAlone.MeasureAsync(batches[..share], cancel);
        using var client = new HostClient(cluster.Node(0)!.Url);
        var options = new KafkaLogOptions { BootstrapServers = cluster.Kafka, Topic = ClusterParts.Topic, Partitions = Partitions };
        (double, string) cold, warm;
        await using (var log = await KafkaEventLog.OpenAsync(options, TimeProvider.System))
        {
            cold = await MeasureAsync(batches[..share], b => AppendAsync(log, client, b, cancel), client, cancel);
            warm = await MeasureAsync(batches[share..], b => AppendAsync(log, client, b, cancel), client, cancel);
        }
        batches.Clear();
        var bodies = EventBatches.Lines(_stream, context.Scaled(400_000, 2_000), EventsPerBody);
        var http = await MeasureAsync(bodies, async b => (await PostAsync([.. cluster.Running.Select(n => n.Url)], b, cancel)).Accepted, client, cancel);
        var isRight = await IsRightAsync(client, cancel);
        return
        [
            new("cluster.ingest", warm.Item1, "events/s", 60_000, limit, isRight,
                Note: $"Kafka → actors → ClickHouse, three nodes in all, customers known; limit: a plain consumer alone; µs of processor an event: {warm.Item2}"),
            new("cluster.ingest.cold", cold.Item1, "events/s", null, limit, isRight, Note: $"the first fifth, from nodes just started: {cold.Item2}"),
            embedded with { Name = "cluster.ingest.embedded", Goal = null },
            new("cluster.http", http.Item1, "events/s", null, embeddedHttp.Value, isRight, Note: $"HTTP → Kafka → actors → ClickHouse; limit: one embedded host, in this run: {http.Item2}"),
        ];
    }

    private async Task<(double PerSecond, string Micros)> MeasureAsync<T>(List<T> work, Func<List<T>, Task<long>> send, HostClient client, CancellationToken cancel)
    {
        var sunk = await SunkAsync(client, cancel);
        var before = ProcessorTimes.Now(cluster.Processes);
        var begin = Stopwatch.GetTimestamp();
        var events = await send(work);
        while (await SunkAsync(client, cancel) < sunk + events) await Task.Delay(Poll, cancel); // not until all reports agree: they may be older than the events
        var took = Stopwatch.GetElapsedTime(begin);
        var now = ProcessorTimes.Now(cluster.Processes);
        return (events / took.TotalSeconds, string.Create(CultureInfo.InvariantCulture, $"{now.Each(before, events)}; {now.MicrosEach(before, events):0.0} in all"));
    }

    /// <summary>Many batches at the same time, and not more than the broker keeps before they are in ClickHouse.</summary>
    private static async Task<long> AppendAsync(KafkaEventLog log, HostClient client, List<AppendBatch> batches, CancellationToken cancel)
    {
        long sent = 0;
        var begun = await SunkAsync(client, cancel);
        var perRound = Math.Max(1, Waiting / 5 / EventsPerBatch);
        foreach (var round in batches.Chunk(perRound))
        {
            while (sent - (await SunkAsync(client, cancel) - begun) > Waiting) await Task.Delay(Poll, cancel);
            await LogAlone.AppendAllAsync(log, round);
            sent += round.Sum(b => (long)b.Count);
        }
        return sent;
    }

    private static async Task<long> SunkAsync(HostClient client, CancellationToken cancel) => (await client.StatusAsync(cancel)).GetProperty("partitions").EnumerateArray()
        .Sum(p => Math.Min(p.GetProperty("applied").GetInt64(), p.GetProperty("sunk").GetInt64()));

    /// <summary>Every body once, dealt out to the nodes; gives the events accepted and the last positions.</summary>
    public static async Task<(long Accepted, Dictionary<int, long> Positions)> PostAsync(IReadOnlyList<Uri> urls, List<ReadOnlyMemory<byte>> bodies, CancellationToken cancel)
    {
        var loads = urls.Select((_, n) => new PostLoad([.. bodies.Where((_, i) => i % urls.Count == n)])).ToList();
        await Task.WhenAll(urls.Zip(loads).Select(l => LoadLoop.ClosedAsync(l.Item1, Connections, l.Item2, TimeSpan.FromMinutes(10), cancel)));
        return (loads.Sum(l => l.Accepted), loads.SelectMany(l => l.Positions).GroupBy(p => p.Key, p => p.Value).ToDictionary(p => p.Key, p => p.Max()));
    }

    /// <summary>ClickHouse holds as many events and as much money as were generated.</summary>
    private async Task<bool> IsRightAsync(HostClient client, CancellationToken cancel)
    {
        var held = await client.QueryAsync("SELECT count(), sum(billing_amount_minor) FROM (SELECT DISTINCT partition, offset, billing_amount_minor FROM raw_events)", cancel);
        var expected = string.Create(CultureInfo.InvariantCulture, $"{context.Expected(Tally.Events)}\t{Tally.BillingMinor}");
        if (held != expected) context.Say($"  ClickHouse holds {held}, expected {expected}");
        return held == expected;
    }
}
#endif
