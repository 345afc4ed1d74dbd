using System.Globalization;
using Lambda.Cluster.Bench.Data;
using Lambda.Cluster.Bench.Limits;
using Lambda.Cluster.Bench.Load;
using Lambda.Load;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>Lookups of one customer among a million, drawn evenly: as many as go, and how long each takes at a fixed rate.</summary>
internal sealed class LookupBench : IBench
{
    public const int Connections = 32;
    public const double OpenPerSecond = 10_000;
    private const int CustomersChecked = 1_000;

    public string Name => "lookup";

    public string What => "GET /v1/customers/{id} among 1 M customers: closed loop, and 10 k/s open loop";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        var million = await Million.OfAsync(context, cancel);
        var customers = million.Tally.Customers;
        var firstTouch = await LoadLoop.ClosedAsync(million.Url, Connections, new EveryCustomer(customers), TimeSpan.FromMinutes(10), cancel);
        var (closed, plainClosed, open, plainOpen) = (new List<LoadReport>(), new List<LoadReport>(), new List<LoadReport>(), new List<LoadReport>());
        var load = new LookupLoad(customers, 3, context.Options.Tamper);
        var masked = new LookupLoad(customers, 3, context.Options.Tamper, await million.Host.NewKeyAsync(pii: false, cancel));
        var pii = new LookupLoad(customers, 3, context.Options.Tamper, await million.Host.NewKeyAsync(pii: true, cancel));
        var (closedMasked, closedPii) = (new List<LoadReport>(), new List<LoadReport>());
        var (cpu, keyedCpu) = (TimeSpan.Zero, TimeSpan.Zero);
        for (var round = 0; round < context.Rounds; round++)
        {
            var before = million.Process.ProcessorTime;
            closed.Add(await LoadLoop.ClosedAsync(million.Url, Connections, load, context.Seconds(5), cancel));
            cpu = million.Process.ProcessorTime - before;
            before = million.Process.ProcessorTime;
            closedMasked.Add(await LoadLoop.ClosedAsync(million.Url, Connections, masked, context.Seconds(5), cancel));
            keyedCpu = million.Process.ProcessorTime - before;
            closedPii.Add(await LoadLoop.ClosedAsync(million.Url, Connections, pii, context.Seconds(5), cancel));
            open.Add(await LoadLoop.OpenAsync(million.Url, Connections, load, OpenPerSecond, context.Seconds(10), (ulong)round, cancel));
            // The limit in the same round: what disturbs the machine disturbs both.
            await using var plain = await PlainKestrel.StartAsync((int)(load.BodyBytes / Math.Max(1, closed.Sum(r => r.Requests) + open.Sum(r => r.Requests))), cancel);
            await LoadLoop.ClosedAsync(plain.Url, Connections, new PlainLoad(customers, 3), context.Seconds(2), cancel); // its compiler warms up
            plainClosed.Add(await LoadLoop.ClosedAsync(plain.Url, Connections, new PlainLoad(customers, 3), context.Seconds(5), cancel));
            plainOpen.Add(await LoadLoop.OpenAsync(plain.Url, Connections, new PlainLoad(customers, 3), OpenPerSecond, context.Seconds(10), (ulong)round, cancel));
        }
        var wrong = await million.Host.WrongAsync(context, million.Tally, million.Sample(CustomersChecked), cancel);
        var isRight = wrong == 0 && LoadReport.Together([firstTouch, .. closed, .. closedMasked, .. closedPii, .. open]).IsRight(context.Say);
        var (micros, keyedMicros) = (cpu.TotalMicroseconds / closed[^1].Requests, keyedCpu.TotalMicroseconds / closedMasked[^1].Requests);
        double P(List<LoadReport> reports, double percentile) => Stats.Median(reports.Select(r => r.Ms(percentile)));
        return
        [
            new BenchRow("lookup.closed", Stats.Median(closed.Select(r => r.PerSecond)), "lookups/s", 40_000, Stats.Median(plainClosed.Select(r => r.PerSecond)), isRight,
                Note: string.Create(CultureInfo.InvariantCulture, $"limit: Kestrel alone with as many bytes; {micros:0.0} µs of the host's processor a lookup")),
            new BenchRow("lookup.keyed", Stats.Median(closedMasked.Select(r => r.PerSecond)), "lookups/s", 40_000, Stats.Median(closed.Select(r => r.PerSecond)), isRight,
                Note: string.Create(CultureInfo.InvariantCulture, $"with a key, personal data masked, recorded behind; limit: without a key; {keyedMicros:0.0} µs of the host's processor")),
            new BenchRow("lookup.pii", Stats.Median(closedPii.Select(r => r.PerSecond)), "lookups/s", null, Stats.Median(closed.Select(r => r.PerSecond)), isRight,
                Note: "with a key that sees personal data: the record is durable before the answer; limit: without a key"),
            new BenchRow("lookup.open.p99", P(open, 99), "ms", 2, P(plainOpen, 99), isRight, Better.Lower, "10 k/s, Poisson, from the due time; limit: Kestrel alone"),
            new BenchRow("lookup.open.p50", P(open, 50), "ms", null, P(plainOpen, 50), isRight, Better.Lower),
            new BenchRow("lookup.open.p99.9", P(open, 99.9), "ms", null, P(plainOpen, 99.9), isRight, Better.Lower),
            new BenchRow("lookup.first", firstTouch.PerSecond, "lookups/s", null, null, isRight, Note: "every customer once, after a start"),
        ];
    }

    /// <summary>Each once.</summary>
    internal sealed class EveryCustomer(int customers) : ILoad
    {
        private int _next;

        public int Next(RequestBytes to)
        {
            if (_next == customers) return -1;
            LookupLoad.AddRequest(to, _next);
            return _next++;
        }

        public bool Accept(int token, int status, ReadOnlySpan<byte> body) => status == 200;
    }
}
