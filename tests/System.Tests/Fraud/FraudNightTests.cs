using System.Globalization;
using System.Text;
using System.Text.Json;
using Lambda.Cluster;
using Lambda.Cluster.Options;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Fraud;

/// <summary>A night on a real engine: table, model, decisions with both, and the next night's check of them.</summary>
public sealed class FraudNightTests : IAsyncLifetime
{
    private const int Days = 60, PerDay = 160, Customers = 400, Decisions = 120;

    private readonly TempFolder _folder = new();
    private readonly HttpClient _http = new();
    private readonly Random _random = new(5);
    private readonly List<string> _errors = [];
    private Host _host = null!;

    public async Task InitializeAsync()
    {
        if (LocalWarehouse.LibraryPath is null) return;
        await StartAsync();
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        if (_host is not null) await StopAsync();
        _folder.Dispose();
    }

    [SkippableFact]
    public async Task Decisions_OfARealEngine_AreRecomputedBitForBit()
    {
        Skip.If(LocalWarehouse.LibraryPath is null, LocalWarehouse.WhyAbsent);
        await HappenAsync();
        await RunAsync();
        var night = await WaitAsync(n => n.GetProperty("trained_epoch").GetInt64() == 1 && n.GetProperty("served").ValueKind == JsonValueKind.String);
        Assert.Equal((1, 1), (night.GetProperty("acceptors").GetProperty("epoch").GetInt32(), night.GetProperty("models").GetArrayLength()));
        for (var i = 0; i < Decisions; i++)
        {
            var answer = await AskAsync(i);
            Assert.Equal((night.GetProperty("champion").GetString(), 1L), (answer.GetProperty("model").GetString(), answer.GetProperty("acceptors_epoch").GetInt64()));
            Assert.InRange(answer.GetProperty("score").GetDouble(), 0, 1);
            if (i % 3 == 0) await PostAsync($$"""{"type":"login","event_id":"l{{i}}","customer_id":"c{{i % 7}}","occurred_at":"{{At(DateTime.UtcNow)}}","success":false}""");
            if (i == Decisions / 2)
            {
                await StopAsync(); // what was learned is there at once
                await StartAsync();
            }
        }
        await RunAsync();
        var check = (await WaitAsync(n => n.GetProperty("acceptors").GetProperty("epoch").GetInt32() == 2)).GetProperty("check");
        Assert.Equal((Decisions, 0, 0), (check.GetProperty("decisions").GetInt32(), check.GetProperty("mismatches").GetInt32(), check.GetProperty("without_table").GetInt32()));
        for (var i = 0; i < Decisions; i += 17) await ReplayAsync($"a{i}");
        Assert.DoesNotContain(_errors, e => e.Contains("fraud", StringComparison.Ordinal));
    }

    /// <summary>Score, reasons and vector come out of the record, the kept model, the kept table and the raw events as they went in.</summary>
    private async Task ReplayAsync(string decision)
    {
        var replay = await AnswerAsync(await _http.GetAsync(new Uri(_host.Url, $"/v1/authorizations/{decision}/replay")));
        Assert.True(replay.GetProperty("identical").GetBoolean(), replay.ToString());
        Assert.Equal(replay.GetProperty("recorded").GetRawText(), replay.GetProperty("again").GetRawText());
        Assert.NotEqual(JsonValueKind.Null, replay.GetProperty("again").GetProperty("score").ValueKind);
    }

    private async Task StartAsync()
    {
        _host = await Host.StartAsync(new LambdaOptions { Dev = true, Data = _folder.File("data"), Port = 0, BatchAt = null, SinkMs = 50, FraudTrainDays = 20 }, TimeProvider.System, _errors.Add, default);
    }

    private async Task StopAsync()
    {
        await _host.StopAsync(default);
        await _host.DisposeAsync();
    }

    private async Task HappenAsync()
    {
        var (lines, from) = (new StringBuilder(), DateTime.UtcNow.Date.AddDays(-Days));
        for (var i = 0; i < Days * PerDay; i++)
        {
            var (customer, terminal, isFraud) = (_random.Next(Customers), _random.Next(30), _random.Next(40) == 0);
            var at = from.AddDays((double)i / PerDay);
            lines.AppendLine($$"""{"type":"transaction","event_id":"t{{i}}","customer_id":"c{{customer}}","occurred_at":"{{At(at)}}","amount_minor":{{(1_000 + customer) * (isFraud ? 5 : 1)}},"currency":"EUR","direction":"debit","status":"approved","terminal_id":"x{{terminal}}"}""");
            if (isFraud && at.AddDays(7) < DateTime.UtcNow) lines.AppendLine($$"""{"type":"fraud_label","event_id":"f{{i}}","customer_id":"c{{customer}}","occurred_at":"{{At(at.AddDays(7))}}","transaction_id":"t{{i}}","is_fraud":true}""");
        }
        for (var c = 0; c < 7; c++) lines.AppendLine($$"""{"type":"card","event_id":"k{{c}}","customer_id":"c{{c}}","occurred_at":"{{At(from)}}","card_token":"tok-{{c}}","card_status":"active"}""");
        await PostAsync(lines.ToString());
    }

    private async Task<JsonElement> AskAsync(int number)
    {
        var body = $$"""{"transaction_id":"a{{number}}","occurred_at":"{{At(DateTime.UtcNow)}}","amount":"{{_random.Next(10, 90)}}.10","currency":"EUR","card_token":"tok-{{number % 7}}","terminal_id":"x{{number % 33}}","deadline_ms":5000}""";
        return await AnswerAsync(await _http.PostAsync(new Uri(_host.Url, "/v1/authorizations"), new StringContent(body, Encoding.UTF8, "application/json")));
    }

    private async Task RunAsync()
    {
        var run = (await AnswerAsync(await _http.PostAsync(new Uri(_host.Url, "/v1/admin/batch/runs"), null))).GetProperty("run").GetString();
        await UntilAsync($"/v1/admin/batch/runs/{run}", r => r.GetProperty("state").GetString() is "published" or "failed");
    }

    private Task<JsonElement> WaitAsync(Predicate<JsonElement> until) => UntilAsync("/v1/models/fraud", until);

    private async Task<JsonElement> UntilAsync(string path, Predicate<JsonElement> until)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (true)
        {
            var answer = await AnswerAsync(await _http.GetAsync(new Uri(_host.Url, path), patience.Token));
            if (until(answer)) return answer;
            await Task.Delay(50, patience.Token);
        }
    }

    private async Task PostAsync(string lines) => await AnswerAsync(await _http.PostAsync(new Uri(_host.Url, "/v1/events"), new StringContent(lines, Encoding.UTF8, "application/x-ndjson")));

    private static async Task<JsonElement> AnswerAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private static string At(DateTime at) => at.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
}
