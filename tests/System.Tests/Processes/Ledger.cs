using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Lambda.SystemTests.Processes;

/// <summary>
/// Writers that send purchases to a host and keep on sending each request until it is acknowledged, whatever happens to the host; and what every
/// customer's answer must then be, counted here.
/// </summary>
internal sealed class Ledger(int customers)
{
    private readonly ConcurrentDictionary<string, (long Count, long Minor)> _acknowledged = new();
    private readonly ConcurrentDictionary<string, long> _positions = new(); // by partition, the newest that was acknowledged
    private int _next;

    public long Acknowledged => _acknowledged.Values.Sum(a => a.Count);

    public static string NameOf(int customer) => string.Create(CultureInfo.InvariantCulture, $"cust-{customer:d4}");

    /// <summary>Sends batches until cancelled; a request under way is sent to its end, so that nothing stays in doubt.</summary>
    /// <param name="host">The host that runs now.</param>
    public async Task WriteAsync(Func<RunningHost> host, CancellationToken stop)
    {
        var random = new Random(Interlocked.Increment(ref _next));
        while (!stop.IsCancellationRequested) await SendAsync(host, random);
    }

    private async Task SendAsync(Func<RunningHost> host, Random random)
    {
        var (body, events) = Batch(random);
        JsonElement? answer;
        while ((answer = await host().PostEventsAsync(body)) is null) await Task.Delay(20, CancellationToken.None);
        foreach (var position in answer.Value.GetProperty("positions").EnumerateObject())
            _positions.AddOrUpdate(position.Name, position.Value.GetInt64(), (_, p) => Math.Max(p, position.Value.GetInt64()));
        foreach (var (customer, minor) in events)
            _acknowledged.AddOrUpdate(customer, (1, minor), (_, a) => (a.Count + 1, a.Minor + minor));
    }

    /// <summary>Sends so many batches.</summary>
    public async Task WriteAsync(Func<RunningHost> host, int batches)
    {
        var random = new Random(Interlocked.Increment(ref _next));
        for (; batches > 0; batches--) await SendAsync(host, random);
    }

    /// <summary>Every customer's count and sum, all time and of the last 30 days.</summary>
    public async Task CheckAsync(RunningHost host)
    {
        var acknowledged = string.Join(',', _positions.Select(p => $"{p.Key}:{p.Value}")); // an answer may be some records behind what is durable
        foreach (var (customer, (count, minor)) in _acknowledged)
        {
            var metrics = (await host.GetAsync($"/v1/customers/{customer}?at_least={acknowledged}&wait_ms=10000")).GetProperty("metrics");
            foreach (var window in (string[])["", "_30d"])
                Assert.True(
                    Number(metrics, "purchases" + window) == count && Number(metrics, "spend" + window) == minor,
                    $"{customer}: purchases{window} {Number(metrics, "purchases" + window)}, acknowledged {count}; spend{window} {Number(metrics, "spend" + window)}, acknowledged {minor}; the host says:\n{host.Errors}");
        }
    }

    private static long Number(JsonElement metrics, string name) => metrics.GetProperty(name).GetInt64();

    private (string Body, List<(string Customer, long Minor)> Events) Batch(Random random)
    {
        var body = new StringBuilder();
        var events = new List<(string, long)>();
        for (var n = random.Next(1, 60); n > 0; n--)
        {
            var (customer, minor) = (NameOf(random.Next(customers)), random.Next(1, 100_000));
            var at = DateTimeOffset.UtcNow.AddMinutes(-random.Next(0, 2000)).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
            body.AppendLine(CultureInfo.InvariantCulture, $$"""{"event_id":"{{Guid.NewGuid()}}","customer_id":"{{customer}}","type":"transaction","occurred_at":"{{at}}","amount_minor":{{minor}},"currency":"EUR","direction":"debit","status":"approved","category":"fuel","channel":"pos"}""");
            events.Add((customer, minor));
        }
        return (body.ToString(), events);
    }
}
