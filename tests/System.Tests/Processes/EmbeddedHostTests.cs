using System.Net;
using System.Text;
using System.Text.Json;
using Lambda.Cluster;
using Lambda.Cluster.Options;
using Lambda.SystemTests.Http;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Processes;

/// <summary>The API's contracts on a real engine with a real warehouse; one engine for all tests, customers of their own for each.</summary>
public sealed class EmbeddedHostTests : IClassFixture<EmbeddedHostTests.Engine>
{
    private readonly Engine _engine;

    public EmbeddedHostTests(Engine engine) => _engine = engine;

    public sealed class Engine : IAsyncLifetime
    {
        private readonly TempFolder _folder = new();

        internal Host Host { get; private set; } = null!;
        public HttpClient Http { get; } = new();

        public async Task InitializeAsync()
        {
            if (LocalWarehouse.LibraryPath is null) return;
            Host = await Host.StartAsync(new LambdaOptions { Dev = true, Data = _folder.File("data"), Port = 0, BatchAt = null }, TimeProvider.System, _ => { }, default);
            Http.BaseAddress = Host.Url;
        }

        public async Task DisposeAsync()
        {
            Http.Dispose();
            if (Host is not null)
            {
                await Host.StopAsync(default);
                await Host.DisposeAsync();
            }
            _folder.Dispose();
        }
    }

    [SkippableFact]
    public async Task Customer_WhenReadAtTheWritesPosition_HasTheWrite()
    {
        for (var i = 1; i <= 20; i++)
        {
            var at = await PostAsync($$$"""{"event_id":"own-{{{i}}}","customer_id":"own","type":"transaction","occurred_at":"{{{Now}}}","amount":"1.50","currency":"EUR","direction":"debit","status":"approved"}""");
            var answer = await GetAsync($"/v1/customers/own?wait_ms=20000&at_least={at}");
            Assert.Equal(150 * i, answer.GetProperty("metrics").GetProperty("spend_30d").GetInt32());
            Assert.Contains(answer.GetProperty("meta").GetProperty("position").GetString()!, at.Split(','));
        }
    }

    [SkippableFact]
    public async Task Customer_WhenThePositionIsNotReached_IsUnavailable()
    {
        Skipping();
        await PostAsync("""{"event_id":"far-1","customer_id":"far","type":"login","occurred_at":"2024-01-01T00:00:00Z","success":true}""");
        var all = string.Join(',', Enumerable.Range(0, 4).Select(p => $"{p}:99999999"));
        var response = await _engine.Http.GetAsync($"/v1/customers/far?wait_ms=50&at_least={all}");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
    }

    [SkippableFact]
    public async Task Checkpoint_WhenAskedFor_HasEverythingThatWasApplied()
    {
        var at = await PostAsync("""{"event_id":"cp-1","customer_id":"cp","type":"login","occurred_at":"2024-01-01T00:00:00Z","success":true}""");
        await GetAsync($"/v1/customers/cp?wait_ms=20000&at_least={at}");
        using var written = await _engine.Http.PostAsync("/v1/admin/checkpoint", null);
        Assert.Equal(HttpStatusCode.OK, written.StatusCode);
        var position = at.Split(',')[0].Split(':').Select(long.Parse).ToArray();
        var partition = (await GetAsync("/v1/admin/partitions")).GetProperty("partitions")[(int)position[0]];
        Assert.True(partition.GetProperty("checkpointed").GetInt64() > position[1], partition.ToString());
        Assert.Equal("embedded", partition.GetProperty("node").GetString());
    }

    [SkippableFact]
    public async Task Node_WhenItIsTheOnlyOne_CannotBeDrained()
    {
        Skipping();
        using var refused = await _engine.Http.PostAsync("/v1/admin/nodes/embedded/drain", null);
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Contains("one node", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(4, (await GetAsync("/v1/admin/epochs")).GetProperty("partitions").GetArrayLength());
    }

    [SkippableFact]
    public async Task Metrics_WhenARealEngineIsScraped_TellOfEveryPartition()
    {
        await PostAsync("""{"event_id":"m-1","customer_id":"m","type":"login","occurred_at":"2024-01-01T00:00:00Z","success":true}""");
        var text = await _engine.Http.GetStringAsync("/metrics");
        for (var p = 0; p < 4; p++) Assert.Matches($"lambda_partition_freshness_seconds\\{{[^}}]*partition=\"{p}\"", text);
        Assert.Matches("lambda_warehouse_up\\{[^}]*\\} 1", text);
    }

    [SkippableFact]
    public async Task Answers_WhenHeldAgainstTheDescription_Fit()
    {
        await PostAsync("""
            {"event_id":"fit-1","customer_id":"fit","type":"profile","occurred_at":"2024-01-01T00:00:00.5Z","full_name":"Zoë","email":"zoe@example.org","birth_date":"1990-02-28","customer_since":"2015-01-01","annual_income_minor":4200000,"customer_tier":"gold"}
            {"event_id":"fit-2","customer_id":"fit","type":"transaction","occurred_at":"2024-01-02T00:00:00.123456Z","amount":10.01,"currency":"EUR","direction":"debit","status":"approved","category":"travel","channel":"pos","merchant_id":"m"}
            {"event_id":"fit-3","customer_id":"fit","type":"account","occurred_at":"2024-01-02T00:00:00Z","account_id":"a","account_type":"savings","balance_minor":-5,"billing_currency":"EUR"}
            {"event_id":"fit-4","customer_id":"fit","type":"credit_score","occurred_at":"2024-01-02T00:00:00Z","score":700}
            """);
        var schema = new JsonSchema(await GetAsync("/openapi/v1.json"));
        foreach (var path in new[] { "/v1/customers/fit", "/v1/customers/fit?as_of=2024-01-03", "/v1/customers/fit?as_of=1999-12-31" })
            Assert.Empty(schema.Check("Customer", await GetAsync(path)));
        Assert.Empty(schema.Check("EventsPage", await GetAsync("/v1/customers/fit/events")));
        Assert.Empty(schema.Check("Status", await GetAsync("/v1/admin/status")));
        Assert.Empty(schema.Check("Definition", await GetAsync("/v1/definition")));
    }

    [SkippableFact]
    public async Task Events_WhenPaged_ComeNewestFirstAndWhole()
    {
        for (var i = 1; i <= 7; i++)
            await PostAsync($$$"""{"event_id":"page-{{{i}}}","customer_id":"page","type":"login","occurred_at":"2024-01-{{{i % 4 + 1:00}}}T00:00:00Z","success":true,"note":"n{{{i}}}"}""");
        await PostAsync("""{"event_id":"page-7","customer_id":"page","type":"login","occurred_at":"2024-01-04T00:00:00Z","success":true,"note":"n7"}"""); // a repeat

        var seen = new List<string>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await GetAsync($"/v1/customers/page/events?limit=3{cursor}");
            seen.AddRange(page.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("event").GetProperty("note").GetString()!));
            cursor = page.GetProperty("next").GetString() is { } next ? $"&cursor={next}" : null;
        }

        Assert.Equal(["n7", "n3", "n6", "n2", "n5", "n1", "n4"], seen);
    }

    [SkippableFact]
    public async Task Quarantine_WhenALineIsBad_KeepsItAndRefusesItAgain()
    {
        Skipping();
        var response = await _engine.Http.PostAsync("/v1/events?source=file%3Ax.csv&first_line=17", new StringContent("""{"event_id":"q","customer_id":"q","type":"nonsense","occurred_at":"2024-01-01T00:00:00Z"}"""));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);

        var replay = JsonDocument.Parse(await (await _engine.Http.PostAsync("/v1/admin/quarantine/replay?reason=unknown_type", null)).Content.ReadAsStringAsync()).RootElement;
        Assert.Equal(0, replay.GetProperty("replayed").GetInt32());
        var entry = Assert.Single((await GetAsync("/v1/admin/quarantine?reason=unknown_type")).GetProperty("entries").EnumerateArray(), e => e.GetProperty("source").GetString() == "file:x.csv");
        Assert.Equal((17, "type"), (entry.GetProperty("line").GetInt32(), entry.GetProperty("field").GetString()));
    }

    /// <summary>Two runs on the shared engine: a new metric is backfilled over all history, answers under the old definition until then.</summary>
    [SkippableFact]
    public async Task Definition_WhenPut_TakesEffectWithTheNextRun()
    {
        await PostAsync("""{"event_id":"def-1","customer_id":"def","type":"reward","occurred_at":"2024-01-01T00:00:00Z","reward_action":"earn","points":41}""");
        var text = (await GetAsync("/v1/definition")).GetProperty("text").GetString()!;
        var changed = text.Replace("metrics:\n", "metrics:\n  brand_new_points: { of: reward, sum: points }\n", StringComparison.Ordinal);
        Assert.NotEqual(text, changed);

        var broken = await PutAsync(changed.Replace("sum: points }", "sum: pionts }", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, broken.Status);
        Assert.StartsWith("definition.yaml:7:40: ", broken.Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, (await GetAsync("/v1/definition")).GetProperty("next").ValueKind);

        var taken = await PutAsync(changed);
        Assert.Equal((HttpStatusCode.OK, "next_run"), (taken.Status, taken.Body.GetProperty("takes_effect").GetString()));
        Assert.False((await GetAsync("/v1/customers/def")).GetProperty("metrics").TryGetProperty("brand_new_points", out _));
        await RunBatchAsync();
        Assert.Equal(41, (await GetAsync("/v1/customers/def")).GetProperty("metrics").GetProperty("brand_new_points").GetInt32());
        Assert.Contains("brand_new_points", (await GetAsync("/openapi/v1.json")).GetRawText(), StringComparison.Ordinal);

        await PutAsync(text); // as it was, for the other tests
        await RunBatchAsync();
        Assert.False((await GetAsync("/v1/customers/def")).GetProperty("metrics").TryGetProperty("brand_new_points", out _));
    }

    [SkippableFact]
    public async Task Up_WhenTerminated_StopsCleanlyAndKeepsEverything()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        using var folder = new TempFolder();
        await using (var host = await RunningHost.StartAsync(folder.File("data")))
        {
            await host.PostEventsAsync("""{"event_id":"e","customer_id":"kept","type":"login","occurred_at":"2024-01-01T00:00:00Z","success":true}""");
            Assert.Equal(0, await host.TerminateAsync());
        }
        await using var again = await RunningHost.StartAsync(folder.File("data"));
        Assert.Equal(1, (await again.GetAsync("/v1/customers/kept")).GetProperty("metrics").GetProperty("logins").GetInt32());
        again.KillWarehouse();
        Assert.Equal(1, (await again.GetAsync("/v1/customers/kept")).GetProperty("metrics").GetProperty("logins").GetInt32()); // lookups do without it
        using var history = await again.SendAsync(HttpMethod.Get, "/v1/customers/kept/events");
        Assert.Contains(history.StatusCode, new[] { HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable }); // it may be back already
    }

    private static string Now => DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null);

    private static void Skipping() => LocalWarehouseFixture.SkipIfAbsent();

    /// <returns>`p:o,…` of what was appended.</returns>
    private async Task<string> PostAsync(string lines)
    {
        Skipping();
        var response = await _engine.Http.PostAsync("/v1/events", new StringContent(lines, Encoding.UTF8, "application/x-ndjson"));
        var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.True(response.StatusCode == HttpStatusCode.OK && body.GetProperty("rejected").GetArrayLength() == 0, body.GetRawText());
        var positions = string.Join(',', body.GetProperty("positions").EnumerateObject().Select(p => $"{p.Name}:{p.Value}"));
        foreach (var customer in lines.Split('\n').Select(l => JsonDocument.Parse(l).RootElement.GetProperty("customer_id").GetString()).Distinct())
            Assert.Equal(HttpStatusCode.OK, (await _engine.Http.GetAsync($"/v1/customers/{customer}?wait_ms=20000&at_least={positions}")).StatusCode);
        return positions;
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        var response = await _engine.Http.GetAsync(path);
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{path}: {body}");
        return JsonDocument.Parse(body).RootElement;
    }

    private async Task<(HttpStatusCode Status, JsonElement Body)> PutAsync(string definition)
    {
        var response = await _engine.Http.PutAsync("/v1/definition", new StringContent(definition, Encoding.UTF8, "application/yaml"));
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }

    private async Task RunBatchAsync()
    {
        var started = JsonDocument.Parse(await (await _engine.Http.PostAsync("/v1/admin/batch/runs", null)).Content.ReadAsStringAsync()).RootElement;
        for (var state = ""; state != "published";)
        {
            var run = await GetAsync($"/v1/admin/batch/runs/{started.GetProperty("run").GetString()}");
            state = run.GetProperty("state").GetString()!;
            Assert.False(state is "failed" or "abandoned", run.GetRawText());
            await Task.Yield();
        }
    }
}
