using System.Diagnostics;
using System.Globalization;
using Lambda.Cluster.Bench.Data;
using Lambda.Cluster.Bench.Limits;
using Lambda.Cluster.Bench.Processes;
using Lambda.Domain.Events;
using Lambda.Load;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>Ingest over HTTP: NDJSON posted to a real host; a request is done when its events are durable.</summary>
internal sealed class HttpBench : IBench
{
    private const int EventsPerBody = 1_000;
    private const int Connections = 8;
    private const int CustomersChecked = 1_000;
    private const int WarmUpShare = 10; // a tenth of the requests

    public string Name => "http";

    public string What => "1 M events of 200 k customers over HTTP as NDJSON, 1,000 a request";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        var events = context.Scaled(1_000_000, 2_000);
        var stream = new EventStream(13, context.Scaled(200_000, 100), events, days: 30, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * Clock.MicrosPerMs);
        var bodies = EventBatches.Lines(stream, events, EventsPerBody);
        var walk = JsonWalk.Measure(bodies, context.Rounds);
        await using var host = await LambdaProcess.StartAsync(
            ["up", "--dev", "--data", context.NewFolder("http"), "--port", "0", "--batch-at", "none", "--definition", BenchView.File], cancel);
        await using var memory = context.Memory.Watch(host.Id);
        using var client = new HostClient(host.Url);

        var warm = new PostLoad([.. bodies.Where((_, i) => i % WarmUpShare == 0)]);
        await LoadLoop.ClosedAsync(host.Url, Connections, warm, TimeSpan.FromMinutes(10), cancel);
        await client.SettleAsync(cancel);

        var load = new PostLoad([.. bodies.Where((_, i) => i % WarmUpShare != 0)]);
        var measured = events - warm.Accepted;
        var (cpu, begin) = (host.ProcessorTime, Stopwatch.GetTimestamp());
        var report = await LoadLoop.ClosedAsync(host.Url, Connections, load, TimeSpan.FromMinutes(10), cancel);
        await client.SettleAsync(cancel);
        var settled = Stopwatch.GetElapsedTime(begin);
        var micros = (host.ProcessorTime - cpu).TotalMicroseconds / measured;
        var isRight = report.IsRight(context.Say) && warm.Accepted + load.Accepted == events && walk.Events == events && await IsRightAsync(context, client, stream.Tally, cancel);
        return
        [
            new BenchRow("http", measured / report.Took.TotalSeconds, "events/s", 120_000, walk.PerSecond, isRight,
                Note: $"until durable; limit: JSON walk on one core; {micros.ToString("0.0", CultureInfo.InvariantCulture)} µs of the host's processor an event; {load.Refused} times 429; after a warm-up"),
            new BenchRow("http.settled", measured / settled.TotalSeconds, "events/s", null, null, isRight, Note: "until also folded and in ClickHouse"),
        ];
    }

    private static async Task<bool> IsRightAsync(BenchContext context, HostClient client, Tally tally, CancellationToken cancel)
    {
        var held = await client.QueryAsync("SELECT count(), sum(billing_amount_minor) FROM (SELECT DISTINCT partition, offset, billing_amount_minor FROM raw_events)", cancel);
        var expected = string.Create(CultureInfo.InvariantCulture, $"{context.Expected(tally.Events)}\t{tally.BillingMinor}");
        if (held != expected) context.Say($"  ClickHouse holds {held}, expected {expected}");
        var customers = Enumerable.Range(0, Math.Min(tally.Customers, CustomersChecked));
        return held == expected && await client.WrongAsync(context, tally, customers, cancel) == 0;
    }
}
