using Lambda.Cluster.Bench.Data;
using Lambda.Cluster.Bench.Limits;
using Lambda.Domain.Events;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>What folding costs, and what the entities it makes weigh.</summary>
internal sealed class FoldBench : IBench
{
    public string Name => "fold";

    public string What => "the fold alone, in memory; memory of the entities";

    public Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        var events = context.Scaled(2_000_000, 2_000);
        var customers = context.Scaled(200_000, 100);
        var stream = new EventStream(11, customers, events, days: 30, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * Clock.MicrosPerMs);
        var batches = EventBatches.Records(stream, events, 2_000, 4);
        var fold = FoldAlone.Measure(batches, BenchView.Load());
        var isRight = fold.Entities == context.Expected(customers);
        IReadOnlyList<BenchRow> rows =
        [
            new BenchRow("fold", fold.PerSecond, "events/s", null, null, isRight, Note: "decoding, duplicates, fold; all cores"),
            new BenchRow("fold.cpu", fold.Micros, "µs/event", null, null, isRight, Better.Lower, "processor time"),
            new BenchRow("fold.entity", fold.BytesPerEntity, "bytes", null, null, isRight, Better.Lower),
        ];
        return Task.FromResult(rows);
    }
}
