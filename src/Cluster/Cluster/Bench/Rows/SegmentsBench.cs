using System.Diagnostics;
using System.Globalization;
using Lambda.Cluster.Bench.Data;
using Lambda.Cluster.Bench.Processes;
using Lambda.Cluster.Embedded;
using Lambda.Cluster.Options;
using Lambda.Domain.Events;
using Lambda.Load;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>Who enters and leaves segments: from an event to the feed, and how long after midnight everybody has been looked at. The clock is turned on; everything else is as it is.</summary>
internal sealed class SegmentsBench : IBench
{
    private const string Segment = "high_value";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    public string Name => "segments";

    public string What => "changes of segments among 1 M customers: from an event to the feed, and after midnight";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        var (customers, time) = (context.Scaled(1_000_000, 200), new TurnedClock());
        var stream = new EventStream(13, customers, customers * 2L, days: 60, time.GetUtcNow().ToUnixTimeMilliseconds() * Clock.MicrosPerMs);
        context.Say($"  making {customers:#,0} customers …");
        await using var engine = await EmbeddedEngine.StartAsync(
            new LambdaOptions { Data = context.NewFolder("segments"), Partitions = Million.Partitions, BatchAt = null, Definition = BenchView.File }, (where, e) => context.Say($"  {where}: {e.Message}"), time, cancel);
        await Million.AppendAsync(engine, stream, customers * 2L, cancel);
        await SweptAsync(engine, time, customers, cancel);

        var (live, liveIsRight) = await LiveAsync(context, engine, time, cancel);
        var before = engine.Segments.Feed.Ends().Last;
        time.TurnToMidnight();
        var (begin, parts) = (Stopwatch.GetTimestamp(), Children.Of(Environment.ProcessId).Select(child => ("warehouse", (IReadOnlyList<int>)[child])).ToList());
        var cpu = ProcessorTimes.Now(parts);
        while (!engine.PopulationWriter.IsSweptFor(Clock.DayOfMs(time.GetUtcNow().ToUnixTimeMilliseconds()))) await Task.Delay(10, cancel);
        var midnight = Stopwatch.GetElapsedTime(begin);
        var micros = ProcessorTimes.Now(parts).MicrosEach(cpu, customers);
        await SweptAsync(engine, time, customers, cancel); // the table says so, too
        var changes = engine.Segments.Feed.Ends().Last - before;
        var isRight = await IsRightAsync(context, engine, cancel);
        var (p50, p99) = live.TotalCount == 0 ? (0, 0) : (live.GetValueAtPercentile(50), live.GetValueAtPercentile(99));
        return
        [
            new BenchRow("segments.live.p99", p99 / 1e6, "ms", 2_000, null, liveIsRight, Better.Lower, $"from the acknowledged event to the feed, idle; p50 {p50 / 1e6:0} ms"),
            new BenchRow("segments.midnight", midnight.TotalSeconds, "s", 60, null, isRight, Better.Lower, string.Create(CultureInfo.InvariantCulture, $"from 00:00 until all customers are of the new day; {changes:#,0} changes; {micros:0} µs of processor a customer, ClickHouse's included")),
        ];
    }

    /// <summary>Until every row is of today.</summary>
    private static async Task SweptAsync(EmbeddedEngine engine, TurnedClock time, int customers, CancellationToken cancel)
    {
        var (reads, today) = (engine.Population.Reads, Clock.DayOfMs(time.GetUtcNow().ToUnixTimeMilliseconds()));
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < Patience; await Task.Delay(200, cancel))
        {
            if (await reads.DefinitionAsync(cancel) is not { } definition) continue;
            var summary = await reads.SummaryAsync(definition, cancel);
            if (summary.Rows >= customers && summary.OldestAsOfDay == today && engine.PopulationWriter.IsSweptFor(today)) return;
        }
        throw new TimeoutException("not all customers are of today");
    }

    /// <summary>One customer after another buys so much that it enters.</summary>
    private static async Task<(HdrHistogram.LongHistogram Took, bool IsRight)> LiveAsync(BenchContext context, EmbeddedEngine engine, TurnedClock time, CancellationToken cancel)
    {
        var (took, wrong) = (LoadReport.NewHistogram(), 0);
        for (var i = 0; i < context.Scaled(30, 5); i++)
        {
            var (customer, seen) = ($"live{i}", engine.Segments.Feed.Ends().Last);
            await AppendAsync(engine, customer, time);
            for (var begin = Stopwatch.GetTimestamp(); ; await Task.Delay(2, cancel))
            {
                var changes = engine.Segments.Feed.After(seen, 1_000).Select(c => c.Change).ToList();
                if (changes.Any(c => c.Segment == Segment && c.Entered && c.Customer.ToString() == customer + (context.Options.Tamper ? "x" : "")))
                {
                    took.RecordValue(Stopwatch.GetElapsedTime(begin).Ticks * 100);
                    break;
                }
                if (Stopwatch.GetElapsedTime(begin) < TimeSpan.FromSeconds(10)) continue;
                wrong++;
                break;
            }
        }
        if (wrong > 0) context.Say($"  {wrong} customers did not enter {Segment} within 10 s");
        return (took, wrong == 0);
    }

    private static async Task AppendAsync(EmbeddedEngine engine, string customer, TurnedClock time)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $$"""{"event_id":"1","customer_id":"{{customer}}","type":"transaction","occurred_at":"{{time.GetUtcNow():yyyy-MM-ddTHH:mm:ssZ}}","amount":"9000.00","currency":"EUR","direction":"debit","status":"approved"}""");
        using var body = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(line));
        await engine.Intake.IngestAsync(System.IO.Pipelines.PipeReader.Create(body), "bench", 1, default);
    }

    /// <summary>The journal has as many in each segment as the table.</summary>
    private static async Task<bool> IsRightAsync(BenchContext context, EmbeddedEngine engine, CancellationToken cancel)
    {
        var definition = (await engine.Population.Reads.DefinitionAsync(cancel))!;
        var sizes = await engine.Population.Reads.SegmentSizesAsync(definition, cancel);
        var members = new long[sizes.Count];
        for (var after = 0L; engine.Segments.Feed.After(after, 50_000) is { Count: > 0 } changes; after = changes[^1].Number)
            foreach (var (_, change) in changes)
                for (var i = 0; i < members.Length; i++)
                    if (definition.Segments[i].Name == change.Segment) members[i] += change.Entered ? 1 : -1;
        var isRight = sizes.Select(context.Expected).SequenceEqual(members);
        if (!isRight) context.Say($"  members by the feed {string.Join(", ", members)}, by the table {string.Join(", ", sizes)}");
        return isRight;
    }

    /// <summary>The machine's clock, turned on to the next midnight when told so. Timers do not notice.</summary>
    private sealed class TurnedClock : TimeProvider
    {
        private TimeSpan _on;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _on;

        public void TurnToMidnight() => _on = base.GetUtcNow().UtcDateTime.Date.AddDays(1) - base.GetUtcNow().UtcDateTime;
    }
}
