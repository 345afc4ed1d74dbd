using Lambda.Cluster.Bench.Data;
using Lambda.Cluster.Bench.Rows;
using Lambda.Load;

namespace Lambda.Cluster.Bench.Load;

/// <summary>Events made beforehand, to be posted at a fixed rate: 20,000 a second at scale 1, 200 a request.</summary>
internal sealed class BackgroundEvents
{
    public const int PerSecond = 20_000;
    private const int PerBody = 200;

    public BackgroundEvents(EventStream stream, TimeSpan time, double scale)
    {
        EventsPerSecond = Math.Clamp(PerSecond * scale, Math.Min(1_000, PerSecond), PerSecond);
        Bodies = EventBatches.Lines(stream, (long)(EventsPerSecond * time.TotalSeconds), PerBody);
        Events = (long)(EventsPerSecond * time.TotalSeconds);
    }

    public double EventsPerSecond { get; }
    public double RequestsPerSecond => EventsPerSecond / PerBody;
    public long Events { get; }
    public IReadOnlyList<ReadOnlyMemory<byte>> Bodies { get; }
}

/// <summary>What was measured while events came in.</summary>
/// <param name="AcceptedInTime">Events the host called accepted at the fixed rate.</param>
/// <param name="Accepted">All of them, the rest included.</param>
internal sealed record TrafficReport(LoadReport Events, long AcceptedInTime, long Accepted, LoadReport? Lookups, FreshnessProbe Probe)
{
    public double EventsPerSecond => AcceptedInTime / Events.Took.TotalSeconds;

    /// <summary>Every write showed exactly, every event was accepted, every lookup was answered with its customer; else says what was not.</summary>
    public bool IsRight(BenchContext context, BackgroundEvents events)
    {
        if (Probe.Wrong > 0) context.Say($"  {Probe.Wrong} writes did not show, or not exactly");
        if (Accepted != events.Events) context.Say($"  {Accepted} of {events.Events} events were accepted");
        return Events.IsRight(context.Say) & (Lookups?.IsRight(context.Say) ?? true) & Probe.Wrong == 0 & Accepted == events.Events;
    }
}

/// <summary>Everything at once: events at a fixed rate, freshness probes and, if wanted, lookups at 10,000 a second.</summary>
internal static class Traffic
{
    private const int Posters = 16;
    private static int _probes; // a probe's customers are its own

    /// <summary>A few seconds for the just-in-time compiler of a fresh host.</summary>
    public static async Task WarmUpAsync(BenchContext context, Million million, CancellationToken cancel) =>
        await RunAsync(million, new BackgroundEvents(million.Stream, context.Seconds(4), context.Options.Scale), "warm", lookups: true, cancel);

    /// <summary>Until all events are sent, or <paramref name="stop"/>: then the rest is sent as fast as it goes, unmeasured, so that the tally stays right.</summary>
    public static async Task<TrafficReport> RunAsync(Million million, BackgroundEvents events, string prefix, bool lookups, CancellationToken cancel, CancellationToken stop = default)
    {
        var probe = new FreshnessProbe(million.Host, $"{prefix}-{Interlocked.Increment(ref _probes)}");
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel, stop);
        var load = new PostLoad(events.Bodies);
        var posting = LoadLoop.OpenAsync(million.Url, Posters, load, events.RequestsPerSecond, TimeSpan.FromHours(1), 5, ended.Token); // ends when all are sent
        var looking = lookups
            ? LoadLoop.OpenAsync(million.Url, LookupBench.Connections, new LookupLoad(million.Tally.Customers, 9), LookupBench.OpenPerSecond, TimeSpan.FromHours(1), 6, ended.Token)
            : null;
        var probing = probe.RunAsync(ended.Token);
        var posted = await posting;
        var accepted = load.Accepted;
        await ended.CancelAsync();
        var looked = looking is null ? null : await looking;
        await probing;
        var rest = await LoadLoop.ClosedAsync(million.Url, Posters, load, TimeSpan.FromMinutes(10), cancel);
        return new TrafficReport(posted with { Failed = posted.Failed + rest.Failed, FirstFailure = posted.FirstFailure ?? rest.FirstFailure }, accepted, load.Accepted, looked, probe);
    }
}
