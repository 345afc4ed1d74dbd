using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using HdrHistogram;
using Lambda.Cluster.Bench.Processes;
using Lambda.Load;

namespace Lambda.Cluster.Bench.Load;

/// <summary>
/// Writes single purchases of customers of its own and watches until they show: from before the write is sent to the end of the first read that contains it, at the API
/// (read again and again) and in `customer_current` (asked for all waiting customers at once, every 50 ms, which is in the figure).
/// </summary>
internal sealed class FreshnessProbe(HostClient host, string prefix)
{
    private const int TableCustomers = 20;
    private static readonly TimeSpan ApiPause = TimeSpan.FromMilliseconds(20), TablePoll = TimeSpan.FromMilliseconds(50), GiveUp = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, (long Wanted, long Since)> _waiting = [];
    private long _sent;

    public LongHistogram Api { get; } = LoadReport.NewHistogram();
    public LongHistogram Table { get; } = LoadReport.NewHistogram();

    /// <summary>Writes that did not show in 30 s, or showed more than was written.</summary>
    public long Wrong { get; private set; }

    /// <summary>Probes both until <paramref name="stop"/>.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(Task.Run(() => ApiAsync(stop), CancellationToken.None), Task.Run(() => TableAsync(stop), CancellationToken.None));

    private async Task ApiAsync(CancellationToken stop)
    {
        for (long purchases = 1; !stop.IsCancellationRequested; purchases++)
        {
            var since = Stopwatch.GetTimestamp();
            await BuyAsync($"{prefix}-api");
            var seen = 0L;
            while ((seen = await PurchasesAsync($"{prefix}-api")) < purchases && Stopwatch.GetElapsedTime(since) < GiveUp) { }
            Record(Api, since, seen == purchases);
            await Task.Delay(ApiPause, stop).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private async Task TableAsync(CancellationToken stop)
    {
        var written = new long[TableCustomers];
        for (var turn = 0; !stop.IsCancellationRequested || _waiting.Count > 0; turn++)
        {
            var customer = $"{prefix}-table-{turn % TableCustomers:00}";
            if (!stop.IsCancellationRequested && !_waiting.ContainsKey(customer))
            {
                _waiting[customer] = (++written[turn % TableCustomers], Stopwatch.GetTimestamp());
                await BuyAsync(customer);
            }
            await Task.Delay(TablePoll, CancellationToken.None);
            await ResolveAsync();
        }
    }

    private async Task ResolveAsync()
    {
        if (_waiting.Count == 0) return;
        var ids = string.Join(',', _waiting.Keys.Select(k => $"'{k}'"));
        var rows = await host.QueryAsync($"SELECT customer_id, purchases FROM customer_current WHERE customer_id IN ({ids})", CancellationToken.None);
        var seen = rows.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(r => r.Split('\t')).ToDictionary(r => r[0], r => long.Parse(r[1], CultureInfo.InvariantCulture));
        foreach (var (customer, (wanted, since)) in _waiting.ToList())
        {
            var has = seen.GetValueOrDefault(customer);
            if (has < wanted && Stopwatch.GetElapsedTime(since) < GiveUp) continue;
            Record(Table, since, has == wanted);
            _waiting.Remove(customer);
        }
    }

    private void Record(LongHistogram into, long since, bool isRight)
    {
        into.RecordValue((long)Stopwatch.GetElapsedTime(since).TotalNanoseconds);
        if (!isRight) Wrong++;
    }

    private Task BuyAsync(string customer)
    {
        var id = Interlocked.Increment(ref _sent);
        var text = string.Create(CultureInfo.InvariantCulture, $$"""
            {"event_id":"{{prefix}}-{{id}}","customer_id":"{{customer}}","type":"transaction","occurred_at":"{{DateTime.UtcNow:yyyy-MM-ddTHH:mm:ssZ}}","amount_minor":100,"currency":"EUR","direction":"debit","status":"approved"}
            """);
        return host.PostAsync(Encoding.UTF8.GetBytes(text), CancellationToken.None);
    }

    private async Task<long> PurchasesAsync(string customer)
    {
        if (await host.CustomerAsync(customer, CancellationToken.None) is not { } body) return 0;
        using var answer = JsonDocument.Parse(body);
        return answer.RootElement.GetProperty("metrics").GetProperty("purchases").GetInt64();
    }
}
