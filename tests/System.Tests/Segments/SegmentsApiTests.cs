using System.Net;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Lambda.Serving.Segments;
using Lambda.SpeedLayer.Ports;
using Lambda.SystemTests.Http;
using Lambda.SystemTests.Security;
using Xunit;
using static Lambda.TestKit.Conformance.SegmentStoreSuite;

namespace Lambda.SystemTests.Segments;

/// <summary>Segments, feed and webhooks over real HTTP, with keys.</summary>
public sealed class SegmentsApiTests : IAsyncLifetime
{
    private readonly SecuredApi _api = new();
    private string _key = "";

    public async Task InitializeAsync()
    {
        await _api.InitializeAsync();
        _key = _api.NewKey(Roles.Marketing);
        foreach (var name in new[] { "bob", "anna", "carl" }) _api.Parts.Have(name, TestView.Full(19_000));
        _api.Parts.Have("dora", TestView.Empty(18_999));
    }

    public Task DisposeAsync() => _api.DisposeAsync();

    private Task<(HttpResponseMessage Response, JsonElement Body)> GetAsync(string path) => _api.GetAsync(path, _key);

    [Fact]
    public async Task Segments_WhenListed_HaveRuleSizeAndAge()
    {
        var (_, list) = await GetAsync("/v1/segments");
        Assert.Equal([("high_value", 3), ("dormant", 0)], list.GetProperty("segments").EnumerateArray().Select(s => (s.GetProperty("segment").GetString(), s.GetProperty("size").GetInt32())));
        Assert.Equal(("2022-01-07", 4), (list.GetProperty("meta").GetProperty("oldest_as_of").GetString(), list.GetProperty("meta").GetProperty("rows").GetInt32()));
        Assert.Equal("true", (await GetAsync("/v1/segments/high_value")).Body.GetProperty("rule").GetString());
        var unknown = await GetAsync("/v1/segments/high_valu");
        ApiFixture.AssertProblem(unknown, HttpStatusCode.NotFound, "unknown-segment");
        Assert.Contains("high_value", unknown.Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Members_WhenPaged_AreAllInOrderAndRecorded()
    {
        var (seen, cursor) = (new List<string>(), "");
        do
        {
            var (response, page) = await GetAsync($"/v1/segments/high_value/members?limit=2&select=spend{cursor}");
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            seen.AddRange(page.GetProperty("customers").EnumerateArray().Select(c => c.GetProperty("customer_id").GetString()!));
            cursor = page.GetProperty("next").GetString() is { } next ? $"&cursor={next}" : null;
        }
        while (cursor is not null);
        Assert.Equal(["anna", "bob", "carl"], seen);
        var subjects = (await _api.RecordsAsync()).Where(r => r.Operation == "listSegmentMembers").Select(r => r.Subject).ToList();
        Assert.Contains(_api.Pseudonyms.Of("carl"u8), subjects);
        ApiFixture.AssertProblem(await GetAsync("/v1/segments/high_value/members?select=full_name"), HttpStatusCode.Forbidden, "personal-data");
        ApiFixture.AssertProblem(await GetAsync("/v1/segments/high_value/members?cursor=x"), HttpStatusCode.BadRequest, "bad-body");
        ApiFixture.AssertProblem(await GetAsync("/v1/segments/high_value/members?limit=0"), HttpStatusCode.BadRequest, "bad-parameter");
    }

    [Fact]
    public async Task Membership_WhenTheCustomerIsIn_TellsRuleAndSince()
    {
        _api.Parts.Segments.Record([Change("anna", "high_value", true, 4, ChangeCause.Day, 1_700_000_000_000)], null);
        var (_, body) = await GetAsync("/v1/customers/anna/segments");
        var (high, dormant) = (body.GetProperty("segments")[0], body.GetProperty("segments")[1]);
        Assert.True(high.GetProperty("member").GetBoolean());
        Assert.Equal(("day", "1:4", "2023-11-14T22:13:20Z"), (high.GetProperty("since").GetProperty("cause").GetString(), high.GetProperty("since").GetProperty("position").GetString(), high.GetProperty("since").GetProperty("at").GetString()));
        Assert.Equal((false, JsonValueKind.Null), (dormant.GetProperty("member").GetBoolean(), dormant.GetProperty("since").ValueKind));
        ApiFixture.AssertProblem(await GetAsync("/v1/customers/nobody/segments"), HttpStatusCode.NotFound, "unknown-customer");
    }

    [Fact]
    public async Task Feed_WhenFollowed_TellsWhatComesAndGoesOnWhereItEnded()
    {
        _api.Parts.Segments.Record([Change("anna", "old", true)], null);
        string last;
        using (var feed = await FollowedFeed.OpenAsync(_api.Http, key: _key))
        {
            Assert.Equal("text/event-stream", feed.MediaType);
            _api.Parts.Segments.Record([Change("zo\në", "high_value", true), Change("bob", "dormant", false)], null);
            var (first, second) = ((await feed.NextAsync())!.Value, (await feed.NextAsync())!.Value);
            Assert.Equal(("2", "entered", "zo\në", "event"), (first.Id, first.Event, first.Data.GetProperty("customer_id").GetString(), first.Data.GetProperty("cause").GetString()));
            Assert.Equal(("3", "left", Change("bob", "dormant", false).Id), (second.Id, second.Event, second.Data.GetProperty("id").GetString()));
            last = first.Id;
        }
        using var resumed = await FollowedFeed.OpenAsync(_api.Http, "?after=0", lastEventId: last, key: _key);
        Assert.Equal("3", (await resumed.NextAsync())!.Value.Id);
        using var all = await FollowedFeed.OpenAsync(_api.Http, "?after=0&segment=dormant,old", key: _key);
        Assert.Equal(("1", "3"), ((await all.NextAsync())!.Value.Id, (await all.NextAsync())!.Value.Id));
    }

    [Fact]
    public async Task Feed_WhenItsKeyIsRevoked_Ends()
    {
        var key = _api.NewKey(Roles.Fraud);
        using var feed = await FollowedFeed.OpenAsync(_api.Http, key: key);
        _api.Keys.Revoke(key.Substring(3, 16), 5);
        _api.Guard.Keys.Refresh();
        Assert.Null(await feed.NextAsync());
        Assert.Contains(await _api.RecordsAsync(), r => r is { Operation: "followSegments", Status: 200, Caller: "Fraud" });
    }

    [Theory]
    [InlineData("?after=x", null, HttpStatusCode.BadRequest, "bad-parameter")]
    [InlineData("?after=-1", null, HttpStatusCode.BadRequest, "bad-parameter")]
    [InlineData("?after=99", null, HttpStatusCode.BadRequest, "bad-parameter")]
    [InlineData("", "x", HttpStatusCode.BadRequest, "bad-parameter")]
    [InlineData("?after=1", null, HttpStatusCode.Gone, "feed-gone")]
    [InlineData("?since=1", null, HttpStatusCode.BadRequest, "bad-parameter")]
    [InlineData("?purpose=marketing", null, HttpStatusCode.BadRequest, "bad-parameter")] // this definition has no metric of consent
    public async Task Feed_WhenItCannotBegin_SaysWhy(string query, string? lastEventId, HttpStatusCode status, string code)
    {
        _api.Parts.Segments.Record([Change("a", "x", true, atMs: 1), Change("b", "x", true, atMs: 1), Change("c", "x", true, atMs: 9)], null);
        _api.Parts.Segments.Trim(5);
        _api.Http.DefaultRequestHeaders.Remove("Last-Event-ID");
        if (lastEventId is not null) _api.Http.DefaultRequestHeaders.Add("Last-Event-ID", lastEventId);
        ApiFixture.AssertProblem(await GetAsync($"/v1/segments/feed{query}"), status, code);
    }

    [Fact]
    public async Task Webhooks_WhenManaged_TellTheirSecretOnce()
    {
        var (response, made) = await _api.SendAsync(HttpMethod.Post, "/v1/webhooks", _key, """{"url":"https://hooks.example.org/x","segments":["dormant"]}""");
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var (id, secret) = (made.GetProperty("webhook").GetString()!, made.GetProperty("secret").GetString()!);
        Assert.Equal(70, secret.Length);
        _api.Parts.Segments.Record([Change("anna", "dormant", true), Change("anna", "high_value", true)], null);
        var changed = (await _api.SendAsync(HttpMethod.Put, $"/v1/webhooks/{id}", _key, """{"url":"https://hooks.example.org/y","enabled":false}""")).Body;
        Assert.Equal((1, 0, "Marketing"), (changed.GetProperty("pending").GetInt32(), changed.GetProperty("segments").GetArrayLength(), changed.GetProperty("created_by").GetString()));
        var list = (await _api.GetAsync("/v1/webhooks", _api.NewKey(Roles.Sre))).Body;
        Assert.DoesNotContain(secret, list.GetRawText(), StringComparison.Ordinal);
        Assert.False(Assert.Single(list.GetProperty("webhooks").EnumerateArray()).GetProperty("enabled").GetBoolean());
        Assert.Equal(HttpStatusCode.OK, (await _api.SendAsync(HttpMethod.Delete, $"/v1/webhooks/{id}", _key)).Response.StatusCode);
        ApiFixture.AssertProblem(await GetAsync($"/v1/webhooks/{id}"), HttpStatusCode.NotFound, "unknown-webhook");
        Assert.DoesNotContain(await _api.RecordsAsync(), r => r.Detail.Contains(secret, StringComparison.Ordinal));
    }

    /// <summary>Marketing has changes of segments sent, the fraud desk alerts; neither may change the other's.</summary>
    [Fact]
    public async Task Webhooks_WhenOfAlerts_AreTheFraudDesks()
    {
        const string Alerts = """{"url":"https://hooks.example.org/x","topic":"fraud_alerts"}""", Changes = """{"url":"https://hooks.example.org/x"}""";
        var fraud = _api.NewKey(Roles.Fraud);
        ApiFixture.AssertProblem(await _api.SendAsync(HttpMethod.Post, "/v1/webhooks", _key, Alerts), HttpStatusCode.Forbidden, "forbidden");
        ApiFixture.AssertProblem(await _api.SendAsync(HttpMethod.Post, "/v1/webhooks", fraud, Changes), HttpStatusCode.Forbidden, "forbidden");
        var (response, made) = await _api.SendAsync(HttpMethod.Post, "/v1/webhooks", fraud, Alerts);
        Assert.Equal((HttpStatusCode.Created, "fraud_alerts"), (response.StatusCode, made.GetProperty("topic").GetString()));
        var path = $"/v1/webhooks/{made.GetProperty("webhook").GetString()}";
        foreach (var (method, suffix, body) in new[] { (HttpMethod.Put, "", Alerts), (HttpMethod.Delete, "", null), (HttpMethod.Post, "/rotate", null), (HttpMethod.Post, "/retry", null) })
            ApiFixture.AssertProblem(await _api.SendAsync(method, path + suffix, _key, body), HttpStatusCode.Forbidden, "forbidden");
        Assert.Equal(HttpStatusCode.OK, (await _api.SendAsync(HttpMethod.Post, $"{path}/retry", _api.NewKey(Roles.Sre))).Response.StatusCode);
        foreach (var (body, wrong) in new[] { ("\"topic\":\"segment_changes\"", "topic"), ("\"topic\":\"alerts\"", "topic"), ("\"segments\":[\"dormant\"]", "segments") })
        {
            var got = await _api.SendAsync(HttpMethod.Put, path, fraud, $$"""{"url":"https://hooks.example.org/x",{{body}}}""");
            ApiFixture.AssertProblem(got, HttpStatusCode.BadRequest, "bad-body");
            Assert.Equal(wrong, got.Body.GetProperty("parameter").GetString());
        }
        Assert.False((await _api.SendAsync(HttpMethod.Put, path, fraud, """{"url":"https://hooks.example.org/y","enabled":false}""")).Body.GetProperty("enabled").GetBoolean());
        Assert.Equal(HttpStatusCode.OK, (await _api.SendAsync(HttpMethod.Delete, path, fraud)).Response.StatusCode);
    }

    [Fact]
    public async Task Secret_WhenRotated_IsToldOnceAndKeptSealed()
    {
        var made = (await _api.SendAsync(HttpMethod.Post, "/v1/webhooks", _key, """{"url":"https://hooks.example.org/x"}""")).Body;
        var (id, first) = (made.GetProperty("webhook").GetString()!, made.GetProperty("secret").GetString()!);
        Assert.Equal(JsonValueKind.Null, made.GetProperty("previous_secret_until").ValueKind);
        var (response, rotated) = await _api.SendAsync(HttpMethod.Post, $"/v1/webhooks/{id}/rotate?overlap_hours=2", _key);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var second = rotated.GetProperty("secret").GetString()!;
        Assert.NotEqual(first, second);
        Assert.Equal(JsonValueKind.String, rotated.GetProperty("previous_secret_until").ValueKind);
        var (secrets, stored) = (new WebhookSecrets(new byte[32]), _api.Parts.Segments.Get(id)!);
        Assert.Equal((second, first), (secrets.Open(id, stored.Secret), secrets.Open(id, stored.Previous!.Value.Secret)));
        Assert.All([stored.Secret, stored.Previous!.Value.Secret], s => Assert.True(WebhookSecrets.IsSealed(s)));
        Assert.DoesNotContain("whsec", (await GetAsync($"/v1/webhooks/{id}")).Body.GetRawText(), StringComparison.Ordinal);
        ApiFixture.AssertProblem(await _api.SendAsync(HttpMethod.Post, $"/v1/webhooks/{id}/rotate?overlap_hours=169", _key), HttpStatusCode.BadRequest, "bad-parameter");
        ApiFixture.AssertProblem(await _api.SendAsync(HttpMethod.Post, "/v1/webhooks/wh-0/rotate", _key), HttpStatusCode.NotFound, "unknown-webhook");
        ApiFixture.AssertProblem(await _api.SendAsync(HttpMethod.Post, "/v1/webhooks", _key, """{"url":"https://hooks.example.org/x","purpose":"marketing"}"""), HttpStatusCode.BadRequest, "bad-parameter");
        ApiFixture.AssertProblem(await _api.SendAsync(HttpMethod.Put, $"/v1/webhooks/{id}", _key, """{"url":"https://hooks.example.org/x","purpose":"marketing"}"""), HttpStatusCode.BadRequest, "bad-parameter");
        Assert.DoesNotContain(await _api.RecordsAsync(), r => r.Detail.Contains(second, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Webhook_WithoutAKeyToKeepItsSecretUnder_IsRefused()
    {
        await using var api = new SecuredApi();
        api.Parts.WebhookKey = null;
        await api.InitializeAsync();
        ApiFixture.AssertProblem(await api.SendAsync(HttpMethod.Post, "/v1/webhooks", api.NewKey(Roles.Marketing), """{"url":"https://hooks.example.org/x"}"""), HttpStatusCode.Conflict, "no-webhook-key");
        Assert.Empty(api.Parts.Segments.List());
    }

    [Theory]
    [InlineData("""{"url":"https://elsewhere.net/"}""", "url")]
    [InlineData("""{"url":"https://example.org.elsewhere.net/"}""", "url")]
    [InlineData("""{"url":"https://169.254.169.254/latest"}""", "url")]
    [InlineData("""{"url":"http://hooks.example.org/"}""", "url")]
    [InlineData("""{"url":"https://user@hooks.example.org/"}""", "url")]
    [InlineData("""{"url":"ftp://hooks.example.org/"}""", "url")]
    [InlineData("""{"url":"x"}""", "url")]
    [InlineData("{}", "url")]
    [InlineData("""{"url":"https://hooks.example.org/","segments":["dorment"]}""", "segments")]
    [InlineData("""{"url":"https://hooks.example.org/","secret":"mine"}""", "secret")]
    public async Task Webhook_WhenItIsWrong_IsRefused(string body, string property)
    {
        var got = await _api.SendAsync(HttpMethod.Post, "/v1/webhooks", _key, body);
        ApiFixture.AssertProblem(got, HttpStatusCode.BadRequest, "bad-body");
        Assert.Equal(property, got.Body.GetProperty("parameter").GetString());
    }
}
