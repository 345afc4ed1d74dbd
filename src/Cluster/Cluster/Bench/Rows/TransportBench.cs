using Lambda.Cluster.Bench.Limits;
using Lambda.Cluster.Bench.Load;

namespace Lambda.Cluster.Bench.Rows;

internal sealed class TransportBench : IBench
{
    public string Name => "transport";

    public string What => "a server that answers 2 KB and does nothing else: what this machine and this load generator can do at most";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        await using var server = await PlainKestrel.StartAsync(2000, cancel);
        var warm = await LoadLoop.ClosedAsync(server.Url, 32, new PlainLoad(1000, 1), context.Seconds(2), cancel);
        var rows = new List<BenchRow>();
        foreach (var c in new[] { 8, 16, 32, 64 })
        {
            var r = await LoadLoop.ClosedAsync(server.Url, c, new PlainLoad(1000, 1), context.Seconds(4), cancel);
            rows.Add(new BenchRow($"transport closed {c}", r.PerSecond, "req/s", null, null, r.Failed == 0, Note: $"p50 {r.Ms(50):0.000} p99 {r.Ms(99):0.000}"));
        }
        var o = await LoadLoop.OpenAsync(server.Url, 64, new PlainLoad(1000, 1), 10_000, context.Seconds(5), 3, cancel);
        rows.Add(new BenchRow("transport open 10k p99", o.Ms(99), "ms", null, null, o.Failed == 0, Note: $"p50 {o.Ms(50):0.000} rate {o.PerSecond:0}"));
        return rows;
    }
}
