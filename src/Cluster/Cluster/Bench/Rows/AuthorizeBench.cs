using System.Globalization;
using System.Text;
using Lambda.Cluster.Bench.Limits;
using Lambda.Cluster.Bench.Load;
using Lambda.Cluster.Bench.Processes;
using Lambda.Load;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>Transactions decided by a real host over HTTP: durable and applied before the answer.</summary>
internal sealed class AuthorizeBench : IBench
{
    private const int Connections = 64, BusyConnections = 256;
    private const double OpenPerSecond = 2_000;
    private const int HistoryPerCard = 10, EventsPerBody = 1_000;

    public string Name => "authorize";

    public string What => "POST /v1/authorizations of 100 k cards: 2 k/s open loop, and as many as go";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        var cards = context.Scaled(100_000, 200);
        await using var host = await LambdaProcess.StartAsync(["up", "--dev", "--data", context.NewFolder("authorize"), "--port", "0", "--batch-at", "none"], cancel);
        await using var memory = context.Memory.Watch(host.Id);
        using var client = new HostClient(host.Url);
        var history = new PostLoad(History(cards));
        await LoadLoop.ClosedAsync(host.Url, 8, history, TimeSpan.FromMinutes(10), cancel);
        await client.SettleAsync(cancel);
        var load = new AuthorizeLoad(cards, "run", 5, context.Options.Tamper);
        var warm = await LoadLoop.ClosedAsync(host.Url, Connections, load, context.Seconds(5), cancel);
        var (open, busy, plain) = (new List<LoadReport>(), new List<LoadReport>(), new List<LoadReport>());
        var (marked, cpu) = (0L, TimeSpan.Zero);
        for (var round = 0; round < context.Rounds; round++)
        {
            var before = load.Marked;
            open.Add(await LoadLoop.OpenAsync(host.Url, Connections, load, OpenPerSecond, context.Seconds(15), (ulong)round, cancel));
            marked += load.Marked - before;
            var time = host.ProcessorTime;
            busy.Add(await LoadLoop.ClosedAsync(host.Url, BusyConnections, load, context.Seconds(10), cancel));
            cpu = host.ProcessorTime - time;
            await using var server = await PlainKestrel.StartAsync((int)(load.BodyBytes / Math.Max(1, open.Concat(busy).Append(warm).Sum(r => r.Requests))), cancel);
            var same = new Plain(new AuthorizeLoad(cards, "plain", 5));
            await LoadLoop.ClosedAsync(server.Url, Connections, same, context.Seconds(2), cancel);
            plain.Add(await LoadLoop.ClosedAsync(server.Url, BusyConnections, same, context.Seconds(5), cancel));
        }
        await client.SettleAsync(cancel);
        var isRight = LoadReport.Together([warm, .. open, .. busy]).IsRight(context.Say) && await IsRightAsync(context, client, load, cancel);
        double P(double percentile) => Stats.Median(open.Select(r => r.Ms(percentile)));
        var micros = cpu.TotalMicroseconds / Math.Max(1, busy[^1].Requests);
        return
        [
            new BenchRow("authorize.p50", P(50), "ms", 2, null, isRight, Better.Lower, $"{OpenPerSecond:0}/s, Poisson, from the due time; {marked} answered by policy"),
            new BenchRow("authorize.p99", P(99), "ms", 15, null, isRight, Better.Lower),
            new BenchRow("authorize.p99.9", P(99.9), "ms", 50, null, isRight, Better.Lower),
            new BenchRow("authorize.busy", Stats.Median(busy.Select(r => r.PerSecond)), "decisions/s", 15_000, Stats.Median(plain.Select(r => r.PerSecond)), isRight,
                Note: string.Create(CultureInfo.InvariantCulture, $"closed loop, {BusyConnections} connections; limit: Kestrel alone with as many bytes; {micros:0} µs of the host's processor a decision")),
            new BenchRow("authorize.busy.p99", Stats.Median(busy.Select(r => r.Ms(99))), "ms", 100, null, isRight, Better.Lower),
        ];
    }

    /// <summary>The warehouse holds as many authorizations as were called recorded, each id once.</summary>
    private static async Task<bool> IsRightAsync(BenchContext context, HostClient client, AuthorizeLoad load, CancellationToken cancel)
    {
        var held = await client.QueryAsync("SELECT uniqExact(event_id), count() FROM (SELECT DISTINCT partition, offset, event_id FROM raw_events WHERE decision != '')", cancel);
        var expected = context.Expected(load.Recorded);
        var counts = held.Split('\t').Select(c => long.Parse(c, CultureInfo.InvariantCulture)).ToArray();
        // One that was answered at its deadline may have been recorded since.
        var isRight = counts[0] == counts[1] && counts[0] >= expected && counts[0] <= expected + load.Marked;
        if (!isRight) context.Say($"  ClickHouse holds {held} authorizations, {expected} were recorded");
        return isRight;
    }

    private static List<ReadOnlyMemory<byte>> History(int cards)
    {
        var (bodies, body, lines) = (new List<ReadOnlyMemory<byte>>(), new StringBuilder(), 0);
        var begin = DateTime.UtcNow.AddDays(-30);
        for (var i = -1; i < HistoryPerCard; i++)
            for (var card = 0; card < cards; card++)
            {
                var (customer, at) = (AuthorizeLoad.Customer(card), begin.AddMinutes(i * 4_000 + card % 1_000));
                body.Append(i < 0
                    ? string.Create(CultureInfo.InvariantCulture, $$"""{"type":"card","event_id":"card","customer_id":"{{customer}}","card_token":"{{AuthorizeLoad.Token(card)}}","card_status":"active","occurred_at":"{{at:yyyy-MM-dd'T'HH:mm:ss'Z'}}"}""")
                    : string.Create(CultureInfo.InvariantCulture, $$"""{"type":"transaction","event_id":"h{{i}}","customer_id":"{{customer}}","amount_minor":{{500 + (card + i) * 37 % 9_000}},"currency":"EUR","direction":"debit","status":"approved","merchant_id":"m{{(card * 13 + i * 7) % 5_000}}","occurred_at":"{{at:yyyy-MM-dd'T'HH:mm:ss'Z'}}"}""")).Append('\n');
                if (++lines % EventsPerBody != 0) continue;
                bodies.Add(Encoding.ASCII.GetBytes(body.ToString()));
                body.Clear();
            }
        if (body.Length > 0) bodies.Add(Encoding.ASCII.GetBytes(body.ToString()));
        return bodies;
    }

    /// <summary>The same requests to a server that decides nothing.</summary>
    private sealed class Plain(AuthorizeLoad load) : ILoad
    {
        public int Next(RequestBytes to) => load.Next(to);

        public bool Accept(int token, int status, ReadOnlySpan<byte> body) => status == 200;
    }
}
