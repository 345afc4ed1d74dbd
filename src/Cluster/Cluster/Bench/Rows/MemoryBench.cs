using Lambda.Cluster.Bench.Data;
using Lambda.Cluster.Bench.Limits;
using Lambda.Cluster.Bench.Load;
using Lambda.Domain.Events;
using Lambda.Load;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>What a customer costs in memory, and what the whole system took at its peak.</summary>
internal sealed class MemoryBench : IBench
{
    public string Name => "memory";

    public string What => "bytes of a resident customer; peak of host and warehouse in the runs so far, at least with 1 M customers all touched, events and a recompute";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        var (bytes, isRightEntity) = Entity(context);
        var million = await Million.OfAsync(context, cancel);
        var touched = await LoadLoop.ClosedAsync(million.Url, LookupBench.Connections, new LookupBench.EveryCustomer(million.Tally.Customers), TimeSpan.FromMinutes(10), cancel);
        var events = new BackgroundEvents(million.Stream, context.Seconds(10), context.Options.Scale);
        var run = await million.Host.StartRunAsync(cancel);
        var traffic = await Traffic.RunAsync(million, events, "memory", lookups: false, cancel);
        while (await million.Host.RunStateAsync(run, cancel) is not ("published" or "failed" or "abandoned")) await Task.Delay(50, cancel);
        await million.Host.SettleAsync(cancel);
        var resident = (await million.Host.StatusAsync(cancel)).GetProperty("partitions").EnumerateArray().Sum(p => p.GetProperty("entities_in_memory").GetInt64());
        var isRight = touched.IsRight(context.Say) && traffic.IsRight(context, events) && await million.Host.RunStateAsync(run, cancel) == "published"
            && await million.Host.WrongAsync(context, million.Tally, million.Sample(500), cancel) == 0;
        return
        [
            new BenchRow("memory.entity", bytes, "bytes", 1536, null, isRightEntity, Better.Lower, "mean of 200 k customers with 10 events each in 30 days, none published: managed heap with and without them"),
            new BenchRow("memory.system", context.Memory.PeakBytes / 1e9, "GB", 6, null, isRight, Better.Lower, $"highest sum of resident memory of host and warehouse at one moment; {resident:#,0} entities resident at the end"),
        ];
    }

    private static (double Bytes, bool IsRight) Entity(BenchContext context)
    {
        var (customers, events) = (context.Scaled(200_000, 100), context.Scaled(2_000_000, 1_000));
        var stream = new EventStream(11, customers, events, days: 30, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * Clock.MicrosPerMs);
        var fold = FoldAlone.Measure(EventBatches.Records(stream, events, 2_000, 4), BenchView.Load());
        return (fold.BytesPerEntity, fold.Entities == context.Expected(customers));
    }
}
