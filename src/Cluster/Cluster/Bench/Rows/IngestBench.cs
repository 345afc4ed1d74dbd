using System.Diagnostics;
using Lambda.Cluster.Bench.Data;
using Lambda.Cluster.Bench.Limits;
using Lambda.Cluster.Embedded;
using Lambda.Cluster.Options;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>Ingest in process: from encoded batches to durable, folded and inserted into ClickHouse, all three on the cores there are.</summary>
internal sealed class IngestBench : IBench
{
    private const int EventsPerBatch = 2_000;
    private const int Partitions = 4;
    private const int WarmUpShare = 10; // a tenth of the events

    public string Name => "ingest";

    public string What => "2 M events of 200 k customers (Zipf): durable, folded and in ClickHouse";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        var events = context.Scaled(2_000_000, 2_000);
        var stream = new EventStream(11, context.Scaled(200_000, 100), events, days: 30, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * Clock.MicrosPerMs);
        var batches = EventBatches.Records(stream, events, EventsPerBatch, Partitions);
        context.Say($"  {batches.Sum(b => b.Bytes) / events} bytes an event; limits first");
        var log = await LogAlone.MeasureAsync(context, batches);
        var insert = await InsertAlone.MeasureAsync(context, batches, cancel);
        var fold = FoldAlone.Measure(batches, BenchView.Load());
        await WarmUpAsync(context, [.. batches.Where((_, i) => i % WarmUpShare == 0)], cancel);
        var run = await MeasureAsync(context, batches, stream.Tally, cancel);
        var limit = Math.Min(Math.Min(log, insert), fold.PerSecond);
        return
        [
            new BenchRow("ingest", run.PerSecond, "events/s", 200_000, limit, run.IsRight, Note: $"limit: the slowest part alone; {run.MicrosPerEvent:0.0} µs of processor an event, {run.WarehouseShare:0} % of it ClickHouse; after a warm-up"),
            new BenchRow("ingest.folded", run.FoldedPerSecond, "events/s", null, fold.PerSecond, run.IsRight, Note: "until the last event is in the answers; limit: fold alone"),
            new BenchRow("ingest.durable", run.DurablePerSecond, "events/s", null, log, run.IsRight, Note: "until the last event is acknowledged; limit: log alone"),
            new BenchRow("ingest.limit.insert", insert, "events/s", null, null, run.IsRight, Note: "ClickHouse insert alone"),
        ];
    }

    private sealed record Outcome(double PerSecond, double FoldedPerSecond, double DurablePerSecond, double MicrosPerEvent, double WarehouseShare, bool IsRight);

    /// <summary>Every tenth batch through an engine and a folder of their own, unmeasured: what is measured is the steady state, not the just-in-time compiler.</summary>
    private static async Task WarmUpAsync(BenchContext context, IReadOnlyList<AppendBatch> batches, CancellationToken cancel)
    {
        await using var engine = await StartAsync(context, "ingest-warm", cancel);
        await AllInAsync(engine, batches, cancel);
        await Task.Delay(context.Seconds(2), cancel); // code that became hot is compiled by now
    }

    private static Task<EmbeddedEngine> StartAsync(BenchContext context, string folder, CancellationToken cancel) => EmbeddedEngine.StartAsync(
        new LambdaOptions { Data = context.NewFolder(folder), Partitions = Partitions, BatchAt = null, Definition = BenchView.File },
        (where, e) => context.Say($"  {where}: {e.Message}"), TimeProvider.System, cancel);

    private static async Task<(TimeSpan Durable, TimeSpan Folded, TimeSpan All)> AllInAsync(EmbeddedEngine engine, IReadOnlyList<AppendBatch> batches, CancellationToken cancel)
    {
        var begin = Stopwatch.GetTimestamp();
        await LogAlone.AppendAllAsync(engine.Log, batches);
        var durable = Stopwatch.GetElapsedTime(begin);
        await UntilAsync(() => engine.Hosts.All(h => h.Applied >= engine.Log.EndOffset(h.Partition)), cancel);
        var folded = Stopwatch.GetElapsedTime(begin);
        await UntilAsync(() => engine.Hosts.All(h => engine.Sink.Progress(h.Partition).Next >= engine.Log.EndOffset(h.Partition)), cancel);
        return (durable, folded, Stopwatch.GetElapsedTime(begin));
    }

    private static async Task<Outcome> MeasureAsync(BenchContext context, IReadOnlyList<AppendBatch> batches, Tally tally, CancellationToken cancel)
    {
        await using var engine = await StartAsync(context, "ingest", cancel);
        await using var memory = context.Memory.Watch(Environment.ProcessId);
        var (own, child) = (Process.GetCurrentProcess().TotalProcessorTime, WarehouseTime(engine));
        var (durable, folded, all) = await AllInAsync(engine, batches, cancel);
        (own, child) = (Process.GetCurrentProcess().TotalProcessorTime - own, WarehouseTime(engine) - child);
        var isRight = await IsRightAsync(context, engine, tally, cancel);
        return new Outcome(tally.Events / all.TotalSeconds, tally.Events / folded.TotalSeconds, tally.Events / durable.TotalSeconds,
            (own + child).TotalMicroseconds / tally.Events, 100 * child / (own + child), isRight);
    }

    private static TimeSpan WarehouseTime(EmbeddedEngine engine)
    {
        if (engine.Parts.House.Child?.ProcessId is not { } id) return TimeSpan.Zero;
        using var process = Process.GetProcessById(id);
        return process.TotalProcessorTime;
    }

    private static async Task UntilAsync(Func<bool> isSo, CancellationToken cancel)
    {
        while (!isSo()) await Task.Delay(2, cancel);
    }

    /// <summary>ClickHouse holds as many events and as much money as were generated, and every customer's answer says what was generated for it.</summary>
    private static async Task<bool> IsRightAsync(BenchContext context, EmbeddedEngine engine, Tally tally, CancellationToken cancel)
    {
        var cut = new Cut([.. Enumerable.Range(0, Partitions).Select(engine.Log.EndOffset)]);
        var totals = await engine.Parts.Warehouse.TotalsAsync(cut, cancel);
        var (events, billing) = (totals.Sum(t => t.Events), totals.Aggregate((Int128)0, (sum, t) => sum + t.BillingMinorSum));
        var wrong = await WrongAnswersAsync(context, engine.Reads, tally, cancel);
        var isRight = events == context.Expected(tally.Events) && billing == tally.BillingMinor && wrong == 0;
        if (!isRight) context.Say($"  wrong: {events} events in ClickHouse of {context.Expected(tally.Events)}, billing {billing} of {tally.BillingMinor}, {wrong} wrong answers");
        return isRight;
    }

    private static async Task<long> WrongAnswersAsync(BenchContext context, ICustomerReads reads, Tally tally, CancellationToken cancel)
    {
        var check = new AnswerCheck(BenchView.Load());
        long wrong = 0;
        for (var customer = 0; customer < tally.Customers; customer++)
        {
            var read = await reads.ReadAsync(AnswerCheck.Id(customer), null, null, TimeSpan.Zero, cancel);
            if (read is not CustomerRead.Found found || check.SpendOf(found.Answer) != context.Expected(tally.SpendOf(customer))) wrong++;
        }
        return wrong;
    }
}
