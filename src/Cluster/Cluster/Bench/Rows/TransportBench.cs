using Lambda.Cluster.Bench.Limits;
using Lambda.Cluster.Bench.Load;
using Lambda.Load;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>What this machine and this load generator can do at most over HTTP.</summary>
internal sealed class TransportBench : IBench
{
    private const int BodyBytes = 4_000;
    private const int Urls = 1_000_000;

    public string Name => "transport";

    public string What => "a server that answers 4 KB and does nothing else";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        await using var server = await PlainKestrel.StartAsync(BodyBytes, cancel);
        await LoadLoop.ClosedAsync(server.Url, LookupBench.Connections, new PlainLoad(Urls, 1), context.Seconds(3), cancel); // its compiler warms up
        var closed = new List<LoadReport>();
        for (var round = 0; round < context.Rounds; round++)
            closed.Add(await LoadLoop.ClosedAsync(server.Url, LookupBench.Connections, new PlainLoad(Urls, 1), context.Seconds(5), cancel));
        var open = await LoadLoop.OpenAsync(server.Url, LookupBench.Connections, new PlainLoad(Urls, 1), LookupBench.OpenPerSecond, context.Seconds(5), 3, cancel);
        var isRight = LoadReport.Together([.. closed, open]) is var all && all.IsRight(context.Say) && all.Failed == context.Expected(0);
        return
        [
            new BenchRow("transport.closed", Stats.Median(closed.Select(r => r.PerSecond)), "requests/s", null, null, isRight),
            new BenchRow("transport.open.p99", open.Ms(99), "ms", null, null, isRight, Better.Lower, "10 k/s, Poisson"),
        ];
    }
}
