using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Lambda.SystemTests.Processes;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Fraud;

/// <summary>SIGKILL between decisions and answers: what was answered as recorded is what is answered for ever, and is spent once.</summary>
public sealed class AuthorizationKillTests : IAsyncLifetime
{
    private const int Customers = 12, Askers = 4;
    private readonly string _data = Directory.CreateTempSubdirectory("lambda-authorize").FullName;
    private readonly ConcurrentDictionary<string, (string Decision, string Position)> _answered = [];
    private readonly DateTimeOffset _begin = DateTimeOffset.UtcNow;
    private volatile RunningHost _host = null!;
    private int _next;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    [SkippableFact]
    public async Task Host_KilledUnderAuthorizations_KeepsEveryAnswer()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        _host = await StartAsync();
        var cards = string.Concat(Enumerable.Range(0, Customers).Select(c => $$"""{"type":"card","event_id":"card","customer_id":"k{{c}}","card_token":"tok-{{c}}","card_status":"active","occurred_at":"2026-01-01T00:00:00Z"}""" + "\n"));
        Assert.NotNull(await _host.PostEventsAsync(cards));
        using var stop = new CancellationTokenSource();
        var askers = Enumerable.Range(0, Askers).Select(_ => AskAsync(stop.Token)).ToList();
        for (var round = 0; round < 4; round++)
        {
            var (at, patience) = (_answered.Count, DateTime.UtcNow.AddSeconds(60));
            while (_answered.Count < at + 60 && DateTime.UtcNow < patience) await Task.Delay(20);
            var killed = _host;
            await killed.KillAsync();
            _host = await StartAsync();
            await killed.DisposeAsync();
        }
        await stop.CancelAsync();
        await Task.WhenAll(askers);
        Assert.True(_answered.Count >= 200, $"only {_answered.Count} were answered");
        await CheckAsync();
        await LoseCheckpointsAsync();
    }

    /// <summary>Behind a published run the log does not have all that memories rest on: raw events do.</summary>
    private async Task LoseCheckpointsAsync()
    {
        var report = await _host.RunBatchAsync();
        Assert.True(report.GetProperty("state").GetString() == "published", $"{report}");
        var killed = _host;
        await killed.KillAsync();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(_data, "checkpoints"))) File.Delete(file);
        _host = await StartAsync();
        await killed.DisposeAsync();
        await CheckAsync(); // repeats of before the run included
        var answer = (await TryAskAsync(Interlocked.Increment(ref _next)))!.Value;
        var earlier = Enumerable.Range(1, _next - 1).Count(n => n % Customers == _next % Customers);
        Assert.Equal(earlier, answer.GetProperty("features").GetProperty("count").GetInt32());
    }

    private Task<RunningHost> StartAsync() => RunningHost.StartAsync(_data, "--partitions", "2", "--checkpoint-events", "150", "--checkpoint-seconds", "1");

    /// <summary>Asks on and on; what got no answer is asked again, as a gateway would.</summary>
    private async Task AskAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var number = Interlocked.Increment(ref _next);
            while (!stop.IsCancellationRequested && await TryAskAsync(number) is null) await Task.Delay(20, CancellationToken.None);
        }
    }

    private async Task<JsonElement?> TryAskAsync(int number)
    {
        var body = string.Create(CultureInfo.InvariantCulture,
            $$"""{"transaction_id":"t{{number}}","card_token":"tok-{{number % Customers}}","amount_minor":{{100 + number % 50}},"currency":"EUR","merchant_id":"m{{number % 9}}","occurred_at":"{{_begin.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}}","deadline_ms":3000}""");
        try
        {
            using var response = await _host.SendAsync(HttpMethod.Post, "/v1/authorizations", body);
            if (!response.IsSuccessStatusCode) return null;
            var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
            if (!answer.GetProperty("recorded").GetBoolean()) return null;
            var said = (answer.GetProperty("decision").GetString()!, answer.GetProperty("position").GetString()!);
            Assert.Equal(said, _answered.GetOrAdd($"t{number}", said));
            return answer;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException or JsonException)
        {
            return null;
        }
    }

    private async Task CheckAsync()
    {
        for (var number = 1; number <= _next; number++)
        {
            var answer = await TryAskAsync(number);
            Assert.NotNull(answer);
        }
        for (var c = 0; c < Customers; c++)
        {
            var own = Enumerable.Range(1, _next).Where(n => n % Customers == c && _answered[$"t{n}"].Decision == "approve").ToList();
            var metrics = (await _host.GetAsync($"/v1/customers/k{c}")).GetProperty("metrics");
            Assert.Equal((own.Count, own.Sum(n => 100 + n % 50)), (metrics.GetProperty("purchases").GetInt32(), metrics.GetProperty("spend").GetInt32()));
        }
    }
}
