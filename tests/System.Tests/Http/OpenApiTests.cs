using System.Net;
using System.Text;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;
using Lambda.SystemTests.Security;
using Xunit;

namespace Lambda.SystemTests.Http;

/// <summary>The description is complete and true: real answers of every endpoint fit what it says about their status.</summary>
public sealed class OpenApiTests : IAsyncLifetime
{
    private readonly SecuredApi _api = new() { Dev = true };

    public Task InitializeAsync() => _api.InitializeAsync();

    public Task DisposeAsync() => _api.DisposeAsync();

    private const string Authorization = """{"transaction_id":"t1","card_token":"tok","occurred_at":"2024-01-02T03:04:05Z","amount":"12.50","currency":"EUR"}""";
    private const string Event = """{"event_id":"1","customer_id":"c","type":"transaction","occurred_at":"2024-01-02T03:04:05Z","amount":"12.50","currency":"EUR","direction":"debit","status":"approved","loyalty":"kept"}""";

    [Fact]
    public async Task Description_WhenEveryOperationIsCalled_FitsItsAnswers()
    {
        Prepare();
        var (response, document) = await _api.GetAsync("/openapi/v1.json");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var called = new HashSet<string>();
        foreach (var (method, path, template, body, mediaType) in Calls)
        {
            var got = await _api.SendAsync(new HttpMethod(method), path, null, body, mediaType ?? "application/json");
            Fits(document, method, template, got.Response, got.Body);
            called.Add($"{method.ToLowerInvariant()} {template}");
        }
        var described = document.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject().Select(o => $"{o.Name} {p.Name}"));
        Assert.Equal(described.Order(), called.Order());
    }

    [Fact]
    public async Task Description_WhenHeldAgainstEvents_TellsGoodFromBad()
    {
        var (_, document) = await _api.GetAsync("/openapi/v1.json");
        var schema = new JsonSchema(document);
        Assert.Empty(schema.Check("Event", JsonDocument.Parse(Event).RootElement));
        foreach (var (good, bad) in new[] { ("\"debit\"", "\"sideways\""), ("\"transaction\"", "\"transfer\""), ("\"event_id\":\"1\",", ""), ("\"amount\":\"12.50\",", ""), ("\"12.50\"", "true") })
            Assert.NotEmpty(schema.Check("Event", JsonDocument.Parse(Event.Replace(good, bad, StringComparison.Ordinal)).RootElement));
        var types = document.GetProperty("components").GetProperty("schemas").EnumerateObject().Where(s => s.Name.StartsWith("Event_", StringComparison.Ordinal));
        Assert.Equal(EventCatalog.Types.Count, types.Count());
    }

    private static readonly (string Method, string Path, string Template, string? Body, string? MediaType)[] Calls =
    [
        ("POST", "/v1/events", "/v1/events", Event, "application/x-ndjson"),
        ("POST", "/v1/events", "/v1/events", "bad", "application/x-ndjson"),
        ("POST", "/v1/events", "/v1/events", "<x/>", "application/xml"),
        ("POST", "/v1/authorizations", "/v1/authorizations", Authorization, null),
        ("POST", "/v1/authorizations", "/v1/authorizations", "{}", null),
        ("POST", "/v1/authorizations", "/v1/authorizations", Authorization.Replace("t1", "p1", StringComparison.Ordinal), null),
        ("POST", "/v1/authorizations?deadline_ms=1", "/v1/authorizations", Authorization, null),
        ("GET", "/v1/fraud/rules", "/v1/fraud/rules", null, null),
        ("PUT", "/v1/fraud/rules", "/v1/fraud/rules", "rules: []", "application/yaml"),
        ("PUT", "/v1/fraud/rules", "/v1/fraud/rules", "rules: [{ name: a }]", "application/yaml"),
        ("POST", "/v1/fraud/rules/backtest?from=2026-01-01&to=2026-01-02", "/v1/fraud/rules/backtest", "rules: [{ name: a, velocity: { count: 1, within: 1h }, decision: review, reason: A }]", "application/yaml"),
        ("POST", "/v1/fraud/rules/backtest?from=2026-01-01&to=2026-01-02", "/v1/fraud/rules/backtest", "rules: [{ name: a }]", "application/yaml"),
        ("POST", "/v1/fraud/rules/backtest?from=2026-01-02&to=2026-01-01", "/v1/fraud/rules/backtest", "rules: []", "application/yaml"),
        ("POST", "/v1/fraud/rules/backtest?from=2026-01-02", "/v1/fraud/rules/backtest", "rules: []", "application/yaml"),
        ("GET", "/v1/fraud/cases", "/v1/fraud/cases", null, null),
        ("GET", "/v1/fraud/cases?limit=0", "/v1/fraud/cases", null, null),
        ("POST", "/v1/fraud/cases/1/assign", "/v1/fraud/cases/{case}/assign", """{"version":1}""", null),
        ("POST", "/v1/fraud/cases/1/assign", "/v1/fraud/cases/{case}/assign", """{"version":1}""", null),
        ("POST", "/v1/fraud/cases/1/notes", "/v1/fraud/cases/{case}/notes", """{"text":"x"}""", null),
        ("POST", "/v1/fraud/cases/1/confirm", "/v1/fraud/cases/{case}/confirm", """{"version":2}""", null),
        ("POST", "/v1/fraud/cases/1/dismiss", "/v1/fraud/cases/{case}/dismiss", """{"version":3}""", null),
        ("POST", "/v1/fraud/cases/1/reopen", "/v1/fraud/cases/{case}/reopen", """{"version":3}""", null),
        ("GET", "/v1/fraud/cases/1", "/v1/fraud/cases/{case}", null, null),
        ("GET", "/v1/fraud/cases/2", "/v1/fraud/cases/{case}", null, null),
        ("GET", "/v1/fraud/alerts/stream?after=99", "/v1/fraud/alerts/stream", null, null), // 400: the stream itself does not end
        ("GET", "/v1/authorizations/t1", "/v1/authorizations/{id}", null, null),
        ("GET", "/v1/authorizations/t1/replay", "/v1/authorizations/{id}/replay", null, null),
        ("GET", "/v1/authorizations/t2/replay", "/v1/authorizations/{id}/replay", null, null),
        ("GET", "/v1/authorizations/nothing", "/v1/authorizations/{id}", null, null),
        ("GET", "/v1/cards/t1", "/v1/cards/{token}", null, null),
        ("GET", "/v1/cards/seen", "/v1/cards/{token}", null, null),
        ("GET", "/v1/cards/nothing", "/v1/cards/{token}", null, null),
        ("GET", "/v1/customers/full", "/v1/customers/{id}", null, null),
        ("GET", "/v1/customers/empty", "/v1/customers/{id}", null, null),
        ("GET", "/v1/customers/nobody", "/v1/customers/{id}", null, null),
        ("GET", "/v1/customers/full?as_of=x", "/v1/customers/{id}", null, null),
        ("GET", "/v1/customers/full/events", "/v1/customers/{id}/events", null, null),
        ("GET", "/v1/customers/full/timeline", "/v1/customers/{id}/timeline", null, null),
        ("GET", "/v1/customers/full/timeline?type=nothing", "/v1/customers/{id}/timeline", null, null),
        ("GET", "/v1/customers/nobody/explain?metric=spend", "/v1/customers/{id}/explain", null, null),
        ("GET", "/v1/customers/full/explain", "/v1/customers/{id}/explain", null, null),
        ("POST", "/v1/customers/search", "/v1/customers/search", """{"where":"spend > 0 or high_value","select":["*"],"order_by":["spend desc"],"limit":1,"count":true}""", "application/json"),
        ("POST", "/v1/customers/search", "/v1/customers/search", """{"where":"spent > 0"}""", "application/json"),
        ("POST", "/v1/customers/search", "/v1/customers/search", "<x/>", "application/xml"),
        ("POST", "/v1/customers/lookup", "/v1/customers/lookup", """{"ids":["full","empty","nobody"]}""", "application/json"),
        ("POST", "/v1/customers/lookup", "/v1/customers/lookup", """{"ids":[""]}""", "application/json"),
        ("POST", "/v1/exports", "/v1/exports", """{"where":"spend > 0"}""", "application/json"),
        ("POST", "/v1/exports", "/v1/exports", """{"to":{"folder":"monthly"}}""", "application/json"),
        ("POST", "/v1/exports", "/v1/exports", """{"to":{"folder":"../etc"}}""", "application/json"),
        ("GET", "/v1/exports", "/v1/exports", null, null),
        ("GET", "/v1/exports/none", "/v1/exports/{export}", null, null),
        ("POST", "/v1/exports/none/cancel", "/v1/exports/{export}/cancel", null, null),
        ("GET", "/v1/segments", "/v1/segments", null, null),
        ("GET", "/v1/segments/high_value", "/v1/segments/{name}", null, null),
        ("GET", "/v1/segments/none", "/v1/segments/{name}", null, null),
        ("GET", "/v1/segments/high_value/members?select=spend&limit=1", "/v1/segments/{name}/members", null, null),
        ("GET", "/v1/segments/none/members", "/v1/segments/{name}/members", null, null),
        ("GET", "/v1/segments/feed?after=99", "/v1/segments/feed", null, null), // 400: the stream itself does not end
        ("GET", "/v1/customers/full/segments", "/v1/customers/{id}/segments", null, null),
        ("GET", "/v1/customers/nobody/segments", "/v1/customers/{id}/segments", null, null),
        ("POST", "/v1/webhooks", "/v1/webhooks", """{"url":"https://hooks.example.org/x","segments":["dormant"]}""", "application/json"),
        ("POST", "/v1/webhooks", "/v1/webhooks", """{"url":"https://elsewhere.net/x"}""", "application/json"),
        ("GET", "/v1/webhooks", "/v1/webhooks", null, null),
        ("GET", "/v1/webhooks/wh-1", "/v1/webhooks/{webhook}", null, null),
        ("PUT", "/v1/webhooks/wh-1", "/v1/webhooks/{webhook}", """{"url":"http://127.0.0.1:1/x","enabled":false}""", "application/json"),
        ("POST", "/v1/webhooks/wh-1/retry", "/v1/webhooks/{webhook}/retry", null, null),
        ("POST", "/v1/webhooks/wh-1/rotate", "/v1/webhooks/{webhook}/rotate", null, null),
        ("DELETE", "/v1/webhooks/wh-1", "/v1/webhooks/{webhook}", null, null),
        ("DELETE", "/v1/webhooks/wh-1", "/v1/webhooks/{webhook}", null, null), // 404
        ("POST", "/v1/sql", "/v1/sql", """{"sql":"SELECT 1"}""", "application/json"),
        ("POST", "/v1/sql", "/v1/sql", """{"sql":"SELECT bad()"}""", "application/json"),
        ("GET", "/v1/customers/full/personal-data", "/v1/customers/{id}/personal-data", null, null),
        ("GET", "/v1/customers/nobody/personal-data", "/v1/customers/{id}/personal-data", null, null),
        ("DELETE", "/v1/customers/full", "/v1/customers/{id}", null, null),
        ("DELETE", "/v1/customers/nobody", "/v1/customers/{id}", null, null),
        ("DELETE", "/v1/customers/nobody?even_if_unknown=perhaps", "/v1/customers/{id}", null, null),
        ("GET", "/v1/erasures", "/v1/erasures", null, null),
        ("GET", "/v1/erasures/00000001-0000-0000-0000-000000000000", "/v1/erasures/{erasure}", null, null),
        ("GET", "/v1/erasures/none", "/v1/erasures/{erasure}", null, null),
        ("POST", "/v1/identity/merges", "/v1/identity/merges", """{"id":"00000009-0000-0000-0000-000000000000","into":"full","customer":"empty","reason":"one passport"}""", "application/json"),
        ("POST", "/v1/identity/merges", "/v1/identity/merges", """{"into":"empty","customer":"full"}""", "application/json"), // 409
        ("POST", "/v1/identity/merges", "/v1/identity/merges", """{"into":"full","customer":"nobody"}""", "application/json"),
        ("GET", "/v1/identity/customers/empty", "/v1/identity/customers/{id}", null, null),
        ("GET", "/v1/identity/customers/nobody", "/v1/identity/customers/{id}", null, null),
        ("GET", "/v1/identity/by-identifier?kind=device&value=d-1", "/v1/identity/by-identifier", null, null),
        ("GET", "/v1/identity/by-identifier?kind=email&value=x", "/v1/identity/by-identifier", null, null),
        ("GET", "/v1/identity/conflicts", "/v1/identity/conflicts", null, null),
        ("DELETE", "/v1/customers/full", "/v1/customers/{id}", null, null), // 409: merged
        ("POST", "/v1/identity/unmerges", "/v1/identity/unmerges", """{"link":"00000009-0000-0000-0000-000000000000"}""", "application/json"),
        ("POST", "/v1/identity/unmerges", "/v1/identity/unmerges", """{"link":"00000008-0000-0000-0000-000000000000"}""", "application/json"),
        ("GET", "/v1/identity/customers/empty", "/v1/identity/customers/{id}", null, null),
        ("POST", "/v1/admin/batch/runs", "/v1/admin/batch/runs", null, null),
        ("POST", "/v1/admin/batch/runs", "/v1/admin/batch/runs", null, null), // 409
        ("GET", "/v1/admin/batch/runs", "/v1/admin/batch/runs", null, null),
        ("GET", "/v1/admin/batch/runs/run-1", "/v1/admin/batch/runs/{run}", null, null),
        ("GET", "/v1/admin/batch/runs/run-9", "/v1/admin/batch/runs/{run}", null, null),
        ("POST", "/v1/admin/batch/runs/run-9/abandon", "/v1/admin/batch/runs/{run}/abandon", null, null),
        ("POST", "/v1/admin/batch/runs/run-1/abandon", "/v1/admin/batch/runs/{run}/abandon", null, null),
        ("POST", "/v1/admin/batch/runs/run-1/abandon", "/v1/admin/batch/runs/{run}/abandon", null, null), // 409
        ("GET", "/v1/models/lifetime", "/v1/models/lifetime", null, null),
        ("GET", "/v1/models/fraud", "/v1/models/fraud", null, null),
        ("POST", "/v1/models/fraud/promote", "/v1/models/fraud/promote", """{"model":"bbbb"}""", "application/json"),
        ("POST", "/v1/models/fraud/promote", "/v1/models/fraud/promote", """{"model":"none"}""", "application/json"), // 404
        ("POST", "/v1/models/fraud/promote", "/v1/models/fraud/promote", "{}", "application/json"),
        ("GET", "/v1/definition", "/v1/definition", null, null),
        ("PUT", "/v1/definition", "/v1/definition", "two", "application/yaml"),
        ("POST", "/v1/definition?check=true", "/v1/definition", "two", "application/yaml"),
        ("PUT", "/v1/definition", "/v1/definition", "bad", "application/yaml"),
        ("GET", "/v1/admin/quarantine?all=true", "/v1/admin/quarantine", null, null),
        ("POST", "/v1/admin/quarantine", "/v1/admin/quarantine", """{"rows":[{"source":"file:a.csv","line":7,"field":"date","reason":"import_row","detail":"no day","raw":"a;b"}]}""", "application/json"),
        ("POST", "/v1/admin/quarantine", "/v1/admin/quarantine", "{}", "application/json"),
        ("POST", "/v1/admin/quarantine/replay", "/v1/admin/quarantine/replay", null, null),
        ("PUT", "/v1/admin/imports/ab-12", "/v1/admin/imports/{key}", """{"file":"a.csv","done_line":7,"rows":6,"events":5,"rejected":1,"complete":false}""", "application/json"),
        ("GET", "/v1/admin/imports/ab-12", "/v1/admin/imports/{key}", null, null),
        ("GET", "/v1/admin/imports/none", "/v1/admin/imports/{key}", null, null),
        ("GET", "/v1/admin/imports/UPPER", "/v1/admin/imports/{key}", null, null),
        ("GET", "/v1/admin/status", "/v1/admin/status", null, null),
        ("GET", "/v1/admin/nodes", "/v1/admin/nodes", null, null),
        ("POST", "/v1/admin/nodes/node-a/drain", "/v1/admin/nodes/{node}/drain", null, null), // 409
        ("POST", "/v1/admin/nodes/node-c/drain", "/v1/admin/nodes/{node}/drain", null, null), // 404
        ("GET", "/v1/admin/partitions", "/v1/admin/partitions", null, null),
        ("GET", "/v1/admin/lag", "/v1/admin/lag", null, null),
        ("GET", "/v1/admin/epochs", "/v1/admin/epochs", null, null),
        ("POST", "/v1/admin/checkpoint", "/v1/admin/checkpoint", null, null),
        ("POST", "/v1/admin/checkpoint?partition=1", "/v1/admin/checkpoint", null, null), // 503
        ("POST", "/v1/admin/checkpoint?partition=99", "/v1/admin/checkpoint", null, null),
        ("GET", "/v1/admin/keys", "/v1/admin/keys", null, null),
        ("POST", "/v1/admin/keys", "/v1/admin/keys", """{"name":"ann","roles":["fraud"],"pii":true,"expires_at":"2999-01-01T00:00:00Z"}""", "application/json"),
        ("POST", "/v1/admin/keys", "/v1/admin/keys", "{}", "application/json"),
        ("GET", "/v1/admin/keys", "/v1/admin/keys", null, null),
        ("POST", "/v1/admin/keys/none/revoke", "/v1/admin/keys/{key}/revoke", null, null), // 404
        ("GET", "/v1/admin/audit", "/v1/admin/audit", null, null),
        ("GET", "/v1/admin/audit?chain=none", "/v1/admin/audit", null, null), // 404
        ("GET", "/v1/admin/audit/heads", "/v1/admin/audit/heads", null, null),
        ("GET", "/v1/admin/audit/verification", "/v1/admin/audit/verification", null, null),
        ("GET", "/v1/admin/audit/verification?anchor=x", "/v1/admin/audit/verification", null, null),
        ("GET", "/v1/admin/topics", "/v1/admin/topics", null, null),
        ("POST", "/v1/admin/topics/crm/reset", "/v1/admin/topics/{topic}/reset", null, null),
        ("POST", "/v1/admin/topics/none/reset", "/v1/admin/topics/{topic}/reset", null, null),
        ("GET", "/v1/admin/sources", "/v1/admin/sources", null, null),
        ("POST", "/v1/admin/sources/contacts/reset", "/v1/admin/sources/{source}/reset", null, null),
        ("POST", "/v1/admin/sources/none/reset", "/v1/admin/sources/{source}/reset", null, null),
        ("GET", "/metrics", "/metrics", null, null), // 404: no exporter
        ("GET", "/healthz", "/healthz", null, null),
        ("GET", "/readyz", "/readyz", null, null),
        ("GET", "/openapi/v1.json", "/openapi/v1.json", null, null),
        ("GET", "/", "/", null, null),
        ("GET", "/dashboard/app.js", "/dashboard/{file}", null, null),
        ("GET", "/dashboard/none", "/dashboard/{file}", null, null),
    ];

    private void Prepare()
    {
        foreach (var who in (string[])["full", "nobody-else"]) _api.Parts.Identifiers.All.Add(new KnownIdentifier(CustomerId.From(who), "device", "d-1", 5));
        _api.Parts.Customers[CustomerId.From("full")] = new CustomerRead.Found(TestView.Full(19_000), 3, 1, 5, 0, ReadSource.Batch);
        _api.Parts.Customers[CustomerId.From("empty")] = new CustomerRead.Found(TestView.Empty(19_000), 0, 1, 5, 0, ReadSource.Speed);
        _api.Parts.Have("full", TestView.Full(19_000));
        _api.Parts.Have("empty", TestView.Empty(19_001));
        _api.Parts.Cases.Add([TestKit.Conformance.CaseStoreSuite.Alert("full", "t1")], 5);
        _api.Parts.Segments.Record([new SegmentChange(CustomerId.From("full"), "high_value", true, TestView.Definition.Hash, new Position(1, 4), 19_000, ChangeCause.Day, 5)], null);
        _api.Parts.Segments.Add(new Webhook("wh-1", "http://127.0.0.1:1/x", [], true, "s", "ann", 1));
        _api.Parts.History.Add(new CustomerEventRow(1, 2, 3_000_001, 4, Encoding.UTF8.GetBytes(Event)));
        _api.Parts.OnIntake = body => body[0] == '{' ? new Intake.Done(1, [], [new Position(1, 5)]) : new Intake.Done(0, [new RejectedLine(1, "", "malformed_json", "")], []);
        _api.Parts.Quarantine.Add([new QuarantineEntry(0, 5, "http", 1, "", "malformed_json", "found `x`", new byte[] { 0xff }), new QuarantineEntry(0, 5, "http", 2, "type", "unknown_type", "", "{}"u8.ToArray())], once: true);
    }

    private static void Fits(JsonElement document, string method, string template, HttpResponseMessage response, JsonElement body)
    {
        var replies = document.GetProperty("paths").GetProperty(template).GetProperty(method.ToLowerInvariant()).GetProperty("responses");
        var what = $"{method} {response.RequestMessage!.RequestUri} {(int)response.StatusCode}";
        Assert.True(replies.TryGetProperty($"{(int)response.StatusCode}", out var reply), $"{what} is not described");
        Assert.True(reply.GetProperty("content").TryGetProperty(response.Content.Headers.ContentType!.MediaType!, out var content), $"{what}: {response.Content.Headers.ContentType} is not described");
        if (body.ValueKind == JsonValueKind.Undefined) return; // no JSON: its media type is all there is to say
        var errors = new JsonSchema(document).Check(content.GetProperty("schema").GetProperty("$ref").GetString()!.Split('/')[^1], body);
        Assert.True(errors.Count == 0, $"{what}:\n{string.Join('\n', errors)}");
    }
}
