using Lambda.Cluster.Bench.Data;
using Lambda.Cluster.Bench.Load;
using Lambda.Load;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>What a recompute does to those who read: latencies during a run, beside those without one.</summary>
internal sealed class DuringBench : IBench
{
    private const double RunSecondsMax = 60;

    public string Name => "during";

    public string What => "lookups at 10 k/s and freshness during a recompute of 1 M customers with 20 k events/s, against idle";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        var million = await Million.OfAsync(context, cancel);
        await Traffic.WarmUpAsync(context, million, cancel);
        await million.Host.SettleAsync(cancel);
        var idle = await LoadLoop.OpenAsync(million.Url, LookupBench.Connections, new LookupLoad(million.Tally.Customers, 9), LookupBench.OpenPerSecond, context.Seconds(10), 6, cancel);
        var calmEvents = new BackgroundEvents(million.Stream, context.Seconds(10), context.Options.Scale);
        var calm = await Traffic.RunAsync(million, calmEvents, "calm", lookups: false, cancel);

        var events = new BackgroundEvents(million.Stream, context.Seconds(RunSecondsMax), context.Options.Scale);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var run = await million.Host.StartRunAsync(cancel);
        var running = UntilFinalAsync(million, run, ended, cancel);
        var busy = await Traffic.RunAsync(million, events, "busy", lookups: true, cancel, ended.Token);
        var (state, seconds) = await running;

        await million.Host.SettleAsync(cancel);
        var wrong = await million.Host.WrongAsync(context, million.Tally, million.Sample(500), cancel);
        var isRight = state == "published" && calm.IsRight(context, calmEvents) && busy.IsRight(context, events) && idle.IsRight(context.Say) && wrong == 0;
        if (state != "published") context.Say($"  the run {state}");
        double Fresh(TrafficReport of) => of.Probe.Api.GetValueAtPercentile(99) / 1e6;
        return
        [
            new BenchRow("during.lookup.p99", busy.Lookups!.Ms(99) / idle.Ms(99), "× idle", 3, null, isRight, Better.Lower,
                $"{busy.Lookups.Ms(99):0.0} ms against {idle.Ms(99):0.0}; p50 {busy.Lookups.Ms(50):0.00} against {idle.Ms(50):0.00}; the run took {seconds:0.0} s; {busy.EventsPerSecond:#,0} events/s beside"),
            new BenchRow("during.freshness.p99", Fresh(busy) / Fresh(calm), "× idle", 3, null, isRight, Better.Lower, $"{Fresh(busy):0.0} ms against {Fresh(calm):0.0} without a run, both under 20 k events/s"),
        ];
    }

    private static async Task<(string State, double Seconds)> UntilFinalAsync(Million million, string run, CancellationTokenSource ended, CancellationToken cancel)
    {
        var begin = System.Diagnostics.Stopwatch.GetTimestamp();
        var state = "";
        while (state is not ("published" or "failed" or "abandoned"))
        {
            await Task.Delay(50, cancel);
            state = await million.Host.RunStateAsync(run, cancel);
        }
        await ended.CancelAsync();
        return (state, System.Diagnostics.Stopwatch.GetElapsedTime(begin).TotalSeconds);
    }
}
