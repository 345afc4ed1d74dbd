using System.Net;
using System.Text;
using System.Text.Json;
using Lambda.Cluster;
using Lambda.Cluster.Options;
using Lambda.Serving.Export;
using Lambda.SystemTests.Http;
using Lambda.SystemTests.Segments;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Processes;

/// <summary>Searches, exports, SQL and explanations on a real engine with a real warehouse.</summary>
public sealed class PopulationHostTests : IClassFixture<PopulationHostTests.Engine>
{
    private const int Customers = 25;

    private readonly Engine _engine;

    public PopulationHostTests(Engine engine) => _engine = engine;

    public sealed class Engine : IAsyncLifetime
    {
        private readonly TempFolder _folder = new();

        private Host? _host;

        public HttpClient Http { get; } = new() { Timeout = TimeSpan.FromMinutes(3) };
        public string Data => _folder.File("data");

        public async Task InitializeAsync()
        {
            if (LocalWarehouse.LibraryPath is null) return;
            _host = await Host.StartAsync(new LambdaOptions { Data = Data, Port = 0, BatchAt = null, Dev = true }, TimeProvider.System, _ => { }, default);
            Http.BaseAddress = _host.Url;
            var now = DateTime.UtcNow.AddMinutes(-5);
            var lines = new StringBuilder();
            for (var c = 0; c < Customers; c++)
            {
                lines.AppendLine($$"""{"event_id":"p","customer_id":"s{{c}}","type":"profile","occurred_at":"2024-01-01T00:00:00Z","email":"s{{c}}@example.org","country":"DE"}""");
                for (var i = 0; i <= c; i++)
                    lines.AppendLine($$"""{"event_id":"t{{i}}","customer_id":"s{{c}}","type":"transaction","occurred_at":"{{now.AddDays(-i):yyyy-MM-ddTHH:mm:ssZ}}","amount":"{{i + 1}}.00","currency":"EUR","direction":"debit","status":"{{(i % 5 == 4 ? "declined" : "approved")}}","category":"{{(i % 2 == 0 ? "groceries" : "travel")}}"}""");
            }
            (await Http.PostAsync("/v1/events", new StringContent(lines.ToString()))).EnsureSuccessStatusCode();
            for (var until = DateTime.UtcNow.AddMinutes(2); DateTime.UtcNow < until; await Task.Delay(100))
            {
                var found = await Http.PostAsync("/v1/customers/search", new StringContent("""{"where":"starts_with(customer_id, 's') and purchases > 0 and email is not null","count":true,"limit":1}""", Encoding.UTF8, "application/json"));
                if (found.StatusCode == HttpStatusCode.OK && JsonDocument.Parse(await found.Content.ReadAsStringAsync()).RootElement.GetProperty("count").GetInt32() == Customers) return;
            }
            throw new TimeoutException("the population lacks customers after two minutes");
        }

        public async Task DisposeAsync()
        {
            Http.Dispose();
            if (_host is not null)
            {
                await _host.StopAsync(default);
                await _host.DisposeAsync();
            }
            _folder.Dispose();
        }
    }

    [SkippableFact]
    public async Task Search_WhenPaged_AgreesWithEveryCustomersAnswer()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var schema = new JsonSchema(await GetAsync("/openapi/v1.json"));
        var seen = new List<string>();
        for (string? next = null; ;)
        {
            var page = await PostAsync("/v1/customers/search", new
            {
                where = "spend >= 3000 and spend_by_category['travel'] > 0", order_by = new[] { "spend / purchases desc", "spend" }, select = new[] { "spend", "avg_ticket", "spend_by_category", "email" }, limit = 4, count = true, cursor = next,
            });
            Assert.Empty(schema.Check("SearchPage", page));
            foreach (var hit in page.GetProperty("customers").EnumerateArray())
            {
                var id = hit.GetProperty("customer_id").GetString()!;
                seen.Add(id);
                var answer = await GetAsync($"/v1/customers/{id}");
                foreach (var value in hit.GetProperty("values").EnumerateObject())
                {
                    var kind = value.Name == "avg_ticket" ? "derived" : "metrics";
                    Assert.Equal(answer.GetProperty(kind).GetProperty(value.Name).GetRawText(), value.Value.GetRawText());
                }
            }
            next = page.GetProperty("next").GetString();
            if (next is null)
            {
                Assert.Equal(page.GetProperty("count").GetInt32(), seen.Count);
                break;
            }
        }
        Assert.Equal(seen.Count, seen.Distinct().Count());
        Assert.True(seen.Count > 8);
    }

    [SkippableFact]
    public async Task Lookup_OfAllAndOthers_AgreesWithSingleReads()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var ids = Enumerable.Range(0, Customers).Select(c => $"s{c}").Append("nobody").ToArray();
        var answer = await PostAsync("/v1/customers/lookup", new { ids, select = new[] { "spend", "email" } });
        Assert.Empty(new JsonSchema(await GetAsync("/openapi/v1.json")).Check("LookupAnswer", answer));
        foreach (var customer in answer.GetProperty("customers").EnumerateArray().SkipLast(1))
            Assert.Equal((await GetAsync($"/v1/customers/{customer.GetProperty("customer_id").GetString()}")).GetProperty("metrics").GetProperty("spend").GetRawText(), customer.GetProperty("values").GetProperty("spend").GetRawText());
        Assert.Equal("unknown", answer.GetProperty("customers")[Customers].GetProperty("outcome").GetString());
    }

    [SkippableFact]
    public async Task Export_InEveryFormat_HoldsEveryCustomer()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        const string where = "starts_with(customer_id, 's')";
        var ndjson = await DownloadAsync(new { where, select = new[] { "spend", "last_seen_at", "spend_by_category", "high_value" } });
        var rows = Encoding.UTF8.GetString(ndjson).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Equal(Customers, rows.Count);
        var some = rows.Single(r => r.GetProperty("customer_id").GetString() == "s3");
        Assert.Equal(JsonValueKind.Number, some.GetProperty("spend").ValueKind);
        Assert.EndsWith("Z", some.GetProperty("last_seen_at").GetString(), StringComparison.Ordinal);
        Assert.Equal(["customer_id", "spend", "last_seen_at", "spend_by_category", "high_value"], some.EnumerateObject().Select(p => p.Name));

        var csv = new CsvCounter();
        csv.See(await DownloadAsync(new { where, format = "csv" }));
        Assert.Equal(Customers, csv.Rows);
        var parquet = new ParquetCounter();
        parquet.See(await DownloadAsync(new { where, format = "parquet" }));
        Assert.Equal(Customers, parquet.Rows);
    }

    [SkippableFact]
    public async Task Export_AsAJob_IsInTheFolder()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var job = await PostAsync("/v1/exports", new { where = "starts_with(customer_id, 's')", format = "parquet", to = new { folder = "a" } }, HttpStatusCode.Accepted);
        for (var until = DateTime.UtcNow.AddMinutes(1); job.GetProperty("state").GetString() is "queued" or "running" && DateTime.UtcNow < until; await Task.Delay(50))
            job = await GetAsync($"/v1/exports/{job.GetProperty("export").GetString()}");
        Assert.Equal(("done", Customers), (job.GetProperty("state").GetString(), job.GetProperty("rows").GetInt32()));
        var folder = Path.Combine(_engine.Data, "exports", "a", job.GetProperty("export").GetString()!);
        Assert.Equal(folder, job.GetProperty("place").GetString());
        Assert.Equal(["manifest.json", "part-00001.parquet"], Directory.GetFiles(folder).Select(Path.GetFileName).Order());
        Assert.Empty(new JsonSchema(await GetAsync("/openapi/v1.json")).Check("ExportJob", job));
    }

    [SkippableFact]
    public async Task Sql_OfAnAnalyst_SeesNoPersonalData()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var rows = await PostAsync("/v1/sql", new { sql = "SELECT count(), max(spend) FROM customer_current WHERE startsWith(customer_id, {p:String})", parameters = new { p = "s" } });
        Assert.Equal(Customers, rows.GetProperty("rows")[0][0].GetInt32());
        Assert.Empty(new JsonSchema(await GetAsync("/openapi/v1.json")).Check("SqlRows", rows));
        foreach (var sql in new[] { "SELECT email FROM customer_current", "SELECT body FROM events", "SELECT * FROM lambda.raw_events", "SELECT * FROM system.tables", "DROP TABLE lambda.raw_events" })
            await PostAsync("/v1/sql", new { sql }, HttpStatusCode.BadRequest);
        var events = 0; // they come later than rows of customers: in large inserts
        for (var until = DateTime.UtcNow.AddMinutes(1); events == 0 && DateTime.UtcNow < until; await Task.Delay(50))
            events = (await PostAsync("/v1/sql", new { sql = "SELECT * FROM events WHERE type = 'transaction'" })).GetProperty("rows").GetArrayLength();
        Assert.True(events > 0);
    }

    /// <summary>What an explanation lists adds up to the value, before a batch run, after it, and with events since.</summary>
    [SkippableFact]
    public async Task Explain_WhenItsEventsAreAddedUp_GivesTheValue()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        await AddUpAsync(batch: false);
        var run = (await PostAsync("/v1/admin/batch/runs", null, HttpStatusCode.Accepted)).GetProperty("run").GetString();
        for (var state = ""; state != "published"; state = (await GetAsync($"/v1/admin/batch/runs/{run}")).GetProperty("state").GetString())
            Assert.False(state is "failed" or "abandoned");
        await AddUpAsync(batch: true);
        var posted = await _engine.Http.PostAsync("/v1/events", new StringContent("""{"event_id":"late","customer_id":"s20","type":"transaction","occurred_at":"2024-05-05T00:00:00Z","amount":"7.77","currency":"EUR","direction":"debit","status":"approved","category":"travel"}"""));
        var at = JsonDocument.Parse(await posted.Content.ReadAsStringAsync()).RootElement.GetProperty("positions").EnumerateObject().Select(p => $"{p.Name}:{p.Value}").Single();
        await GetAsync($"/v1/customers/s20?wait_ms=20000&at_least={at}");
        await AddUpAsync(batch: true);
        Assert.Equal(777, (await GetAsync("/v1/customers/s20/explain?metric=spend")).GetProperty("parts")[2].GetProperty("value").GetInt64());
    }

    [SkippableFact]
    public async Task Explain_OfASegmentOrADerivedValue_ShowsRuleAndInputs()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var segment = await GetAsync("/v1/customers/s20/explain?metric=high_value");
        Assert.Equal(("segment", "spend_90d >= 500000 and days_inactive < 14"), (segment.GetProperty("kind").GetString(), segment.GetProperty("definition").GetProperty("computed_as").GetString()));
        Assert.Equal(["days_inactive", "spend_90d"], segment.GetProperty("inputs").EnumerateObject().Select(p => p.Name).Order());
        Assert.StartsWith("high_value:", segment.GetProperty("definition").GetProperty("text").GetString(), StringComparison.Ordinal);
        foreach (var (query, status) in new[] { ("metric=spent", HttpStatusCode.BadRequest), ("", HttpStatusCode.BadRequest), ("metric=spend&limit=0", HttpStatusCode.BadRequest), ("metric=customer_id", HttpStatusCode.BadRequest) })
            Assert.Equal(status, (await _engine.Http.GetAsync($"/v1/customers/s20/explain?{query}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _engine.Http.GetAsync("/v1/customers/nobody/explain?metric=spend")).StatusCode);
    }

    /// <summary>From an event to the feed and to a webhook, and that a batch run makes nobody enter anew.</summary>
    [SkippableFact]
    public async Task Segments_WhenAnEventMakesACustomerEnter_TellItWithinSecondsAndOnce()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        await using var receiver = await Receiver.StartAsync();
        await PostAsync("/v1/webhooks", new { url = receiver.Url, segments = new[] { "high_value" } }, HttpStatusCode.Created);
        using var feed = await FollowedFeed.OpenAsync(_engine.Http, "?segment=high_value");
        await BuyAsync("buyer", "a", 6_000);
        var entered = (await feed.NextAsync())!.Value;
        Assert.Equal(("entered", "buyer", "high_value", "event"), (entered.Event, entered.Data.GetProperty("customer_id").GetString(), entered.Data.GetProperty("segment").GetString(), entered.Data.GetProperty("cause").GetString()));
        Assert.Empty(new JsonSchema(await GetAsync("/openapi/v1.json")).Check("SegmentChange", entered.Data));

        var membership = (await GetAsync("/v1/customers/buyer/segments")).GetProperty("segments").EnumerateArray().Single(s => s.GetProperty("segment").GetString() == "high_value");
        Assert.Equal((true, 600_000), (membership.GetProperty("member").GetBoolean(), membership.GetProperty("values").GetProperty("spend_90d").GetInt32()));
        Assert.Equal(entered.Data.GetProperty("position").GetString(), membership.GetProperty("since").GetProperty("position").GetString());
        Assert.Contains("buyer", (await GetAsync("/v1/segments/high_value/members")).GetProperty("customers").EnumerateArray().Select(c => c.GetProperty("customer_id").GetString()));
        Assert.True((await GetAsync("/v1/segments/high_value")).GetProperty("size").GetInt32() > 0);

        var run = (await PostAsync("/v1/admin/batch/runs", null, HttpStatusCode.Accepted)).GetProperty("run").GetString();
        for (var state = ""; state != "published"; state = (await GetAsync($"/v1/admin/batch/runs/{run}")).GetProperty("state").GetString())
            Assert.False(state is "failed" or "abandoned");
        await BuyAsync("buyer2", "a", 6_000); // what comes next is not the first again
        Assert.Equal("buyer2", (await feed.NextAsync())!.Value.Data.GetProperty("customer_id").GetString());
        var since = (await GetAsync("/v1/customers/buyer/segments")).GetProperty("segments").EnumerateArray().Single(s => s.GetProperty("segment").GetString() == "high_value").GetProperty("since");
        Assert.Equal(membership.GetProperty("since").GetRawText(), since.GetRawText());
        for (var until = DateTime.UtcNow.AddSeconds(30); receiver.Taken.Count < 2 && DateTime.UtcNow < until;) await Task.Delay(20);
        Assert.Equal(["buyer", "buyer2"], receiver.Taken.Select(c => c.GetProperty("customer_id").GetString()));
        Assert.Equal(entered.Data.GetRawText(), receiver.Taken.First().GetRawText());
    }

    /// <summary>From a consent event to those who follow for its purpose; who follows for none hears nothing of it.</summary>
    [SkippableFact]
    public async Task Segments_WhenFollowedForAPurpose_TellOnlyOfWhoAgrees()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        await using var receiver = await Receiver.StartAsync();
        var made = await PostAsync("/v1/webhooks", new { url = receiver.Url, segments = new[] { "high_value" }, purpose = "marketing" }, HttpStatusCode.Created);
        using var all = await FollowedFeed.OpenAsync(_engine.Http, "?segment=high_value");
        using var feed = await FollowedFeed.OpenAsync(_engine.Http, "?segment=high_value&purpose=marketing");
        await BuyAsync("shy", "a", 6_000);
        Assert.Equal("shy", (await all.NextAsync())!.Value.Data.GetProperty("customer_id").GetString());
        await ConsentAsync("shy", "c1", granted: true);
        var entered = (await feed.NextAsync())!.Value;
        Assert.Equal(("entered", "shy", "consent", "marketing"), (entered.Event, entered.Data.GetProperty("customer_id").GetString(), entered.Data.GetProperty("cause").GetString(), entered.Data.GetProperty("purpose").GetString()));
        Assert.Empty(new JsonSchema(await GetAsync("/openapi/v1.json")).Check("SegmentChange", entered.Data));
        await ConsentAsync("shy", "c2", granted: false);
        var left = (await feed.NextAsync())!.Value;
        Assert.Equal(("left", "shy", "consent"), (left.Event, left.Data.GetProperty("customer_id").GetString(), left.Data.GetProperty("cause").GetString()));
        await BuyAsync("loud", "a", 6_000);
        Assert.Equal("loud", (await all.NextAsync())!.Value.Data.GetProperty("customer_id").GetString()); // nothing of consent came between
        for (var until = DateTime.UtcNow.AddSeconds(30); receiver.Taken.Count < 2 && DateTime.UtcNow < until;) await Task.Delay(20);
        Assert.Equal([("shy", "entered"), ("shy", "left")], receiver.Taken.Select(c => (c.GetProperty("customer_id").GetString(), c.GetProperty("change").GetString())));
        Assert.Equal(entered.Data.GetRawText(), receiver.Taken.First().GetRawText());
        foreach (var path in new[] { "/v1/segments/feed?purpose=sports" }) Assert.Equal(HttpStatusCode.BadRequest, (await _engine.Http.GetAsync(path)).StatusCode);
        await _engine.Http.DeleteAsync($"/v1/webhooks/{made.GetProperty("webhook").GetString()}");
    }

    private async Task ConsentAsync(string customer, string id, bool granted) => (await _engine.Http.PostAsync("/v1/events", new StringContent(
        $$"""{"event_id":"{{id}}","customer_id":"{{customer}}","type":"consent","occurred_at":"{{DateTime.UtcNow:yyyy-MM-ddTHH:mm:ss.ffffffZ}}","purpose":"marketing","granted":{{(granted ? "true" : "false")}}}"""))).EnsureSuccessStatusCode();

    private async Task BuyAsync(string customer, string id, int euros) => (await _engine.Http.PostAsync("/v1/events", new StringContent(
        $$"""{"event_id":"{{id}}","customer_id":"{{customer}}","type":"transaction","occurred_at":"{{DateTime.UtcNow:yyyy-MM-ddTHH:mm:ssZ}}","amount":"{{euros}}.00","currency":"EUR","direction":"debit","status":"approved"}"""))).EnsureSuccessStatusCode();

    [SkippableFact]
    public async Task Timeline_WhenPagedAndFiltered_TellsEveryEventOnce()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var lines = string.Join('\n', Enumerable.Range(0, 6).Select(i => $$"""{"event_id":"a{{i}}","customer_id":"time","type":"{{(i == 3 ? "login" : "app_event")}}","occurred_at":"2024-03-0{{1 + i / 4}}T10:0{{i}}:00Z",{{(i == 3 ? "\"success\":false,\"failure_reason\":\"bad pin\"" : "\"name\":\"screen_view\"")}}}"""));
        (await _engine.Http.PostAsync("/v1/events", new StringContent(lines + "\n" + """{"event_id":"b","customer_id":"time","type":"transaction","occurred_at":"2024-03-05T00:00:00Z","amount":"12.50","currency":"EUR","direction":"debit","status":"approved","merchant_name":"Café Zoë"}"""))).EnsureSuccessStatusCode();
        foreach (var limit in new[] { 1, 2, 50 })
        {
            var titles = new List<string>();
            for (string? cursor = ""; cursor is not null;)
            {
                var page = await GetAsync($"/v1/customers/time/timeline?limit={limit}{cursor}");
                Assert.Empty(new JsonSchema(await GetAsync("/openapi/v1.json")).Check("Timeline", page));
                titles.AddRange(page.GetProperty("entries").EnumerateArray().Select(e => $"{e.GetProperty("title").GetString()} {e.GetProperty("amount").GetRawText()} {e.GetProperty("count")}"));
                cursor = page.GetProperty("next").GetString() is { } next ? $"&cursor={next}" : null;
            }
            Assert.Equal(["Purchase: Café Zoë {\"minor\":-1250,\"currency\":\"EUR\"} 1", "App: 2 events null 2", "Failed to log in: bad pin null 1", "App: 3 events null 3"], titles);
        }
        Assert.Equal(1, (await GetAsync("/v1/customers/time/timeline?type=login,transaction&to=2024-03-04")).GetProperty("entries").GetArrayLength());
        Assert.Equal(1, (await GetAsync("/v1/customers/time/timeline?from=2024-03-05")).GetProperty("entries").GetArrayLength());
        foreach (var query in new[] { "type=nothing", "from=yesterday", "limit=0", "cursor=x", "until=2024-01-01" })
            Assert.Equal(HttpStatusCode.BadRequest, (await _engine.Http.GetAsync($"/v1/customers/time/timeline?{query}")).StatusCode);
    }

    private async Task AddUpAsync(bool batch)
    {
        foreach (var name in new[] { "spend", "spend_7d", "purchases", "declines", "spend_by_category" })
        {
            var (sum, byKey) = (0L, new Dictionary<string, long>());
            JsonElement explained = default;
            for (string? cursor = ""; cursor is not null;)
            {
                explained = await GetAsync($"/v1/customers/s20/explain?metric={name}&limit=3{cursor}");
                foreach (var counted in explained.GetProperty("events").EnumerateArray())
                {
                    var value = counted.GetProperty("value").GetInt64();
                    sum += value;
                    if (counted.TryGetProperty("key", out var key)) byKey[key.GetString()!] = byKey.GetValueOrDefault(key.GetString()!) + value;
                    Assert.Equal(batch && counted.GetProperty("event_id").GetString() != "late" ? "batch" : "speed", counted.GetProperty("part").GetString());
                }
                cursor = explained.GetProperty("next").GetString() is { } next ? $"&cursor={next}" : null;
            }
            Assert.Empty(new JsonSchema(await GetAsync("/openapi/v1.json")).Check("Explanation", explained));
            Assert.Equal((await GetAsync("/v1/customers/s20")).GetProperty("metrics").GetProperty(name).GetRawText(), explained.GetProperty("value").GetRawText());
            if (name == "spend_by_category") Assert.Equal(explained.GetProperty("value").EnumerateObject().Select(p => (p.Name, p.Value.GetInt64())).Order(), byKey.Select(k => (k.Key, k.Value)).Order());
            else
            {
                Assert.Equal(explained.GetProperty("value").GetInt64(), sum);
                Assert.Equal(sum, explained.GetProperty("parts").EnumerateArray().Sum(p => p.GetProperty("value").GetInt64()));
                Assert.Equal(batch && sum > 0, explained.GetProperty("parts")[0].GetProperty("value").GetInt64() > 0);
            }
        }
    }

    private async Task<byte[]> DownloadAsync(object body)
    {
        var response = await _engine.Http.PostAsync("/v1/exports", new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json"));
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return await response.Content.ReadAsByteArrayAsync();
    }

    private async Task<JsonElement> PostAsync(string path, object? body, HttpStatusCode status = HttpStatusCode.OK)
    {
        var response = await _engine.Http.PostAsync(path, body is null ? null : new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json"));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{path} {(int)response.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        var response = await _engine.Http.GetAsync(path);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{path}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }
}
