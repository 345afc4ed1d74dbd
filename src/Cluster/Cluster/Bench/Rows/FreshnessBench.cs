using Lambda.Cluster.Bench.Data;
using Lambda.Cluster.Bench.Load;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>How soon a write shows, while 20,000 other events a second come in.</summary>
internal sealed class FreshnessBench : IBench
{
    public string Name => "freshness";

    public string What => "from a write to the first read that contains it, under 20 k events/s: at the API and in customer_current";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        var million = await Million.OfAsync(context, cancel);
        var background = new BackgroundEvents(million.Stream, context.Seconds(20), context.Options.Scale);
        await Traffic.WarmUpAsync(context, million, cancel);
        var measured = await Traffic.RunAsync(million, background, "fresh", lookups: false, cancel);
        await million.Host.SettleAsync(cancel);
        var isRight = measured.IsRight(context, background) && await million.Host.WrongAsync(context, million.Tally, million.Sample(500), cancel) == 0;
        double Ms(HdrHistogram.LongHistogram of, double percentile) => of.GetValueAtPercentile(percentile) / 1e6;
        return
        [
            new BenchRow("freshness.api.p99", Ms(measured.Probe.Api, 99), "ms", 50, null, isRight, Better.Lower, $"{measured.Probe.Api.TotalCount} writes, p50 {Ms(measured.Probe.Api, 50):0.0} ms; {measured.EventsPerSecond:#,0} events/s beside"),
            new BenchRow("freshness.table.p99", Ms(measured.Probe.Table, 99), "ms", 2_000, null, isRight, Better.Lower, $"customer_current; {measured.Probe.Table.TotalCount} writes, p50 {Ms(measured.Probe.Table, 50):0} ms"),
        ];
    }
}
