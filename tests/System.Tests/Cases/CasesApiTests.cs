using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Log;
using Lambda.Serving.Cases;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Lambda.SystemTests.Http;
using Lambda.SystemTests.Security;
using Lambda.SystemTests.Segments;
using Xunit;
using static Lambda.TestKit.Conformance.CaseStoreSuite;

namespace Lambda.SystemTests.Cases;

/// <summary>Cases over real HTTP, with keys, and their verdicts on the way into the log.</summary>
public sealed class CasesApiTests : IAsyncLifetime
{
    private readonly SecuredApi _api = new();
    private string _key = "", _sees = "";

    public async Task InitializeAsync()
    {
        await _api.InitializeAsync();
        _key = _api.NewKey(Roles.Fraud, name: "eve");
        _sees = _api.NewKey(Roles.Fraud, pii: true, name: "bo");
        _api.Parts.Cases.Add([Alert("ann", "t1", judgement: Recorded()), Alert("bob", "t2", 8, score: null, judgement: """{"decision":"nonsense"}""")], 1_700_000_000_000);
    }

    public Task DisposeAsync() => _api.DisposeAsync();

    private static string Recorded()
    {
        using var bytes = new MemoryStream();
        using (var to = new Utf8JsonWriter(bytes)) AuthorizationJson.Write(to, MemoryAuthorizations.Judgement);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private Task<(HttpResponseMessage Response, JsonElement Body)> DoAsync(string path, string body, string? key = null) => _api.SendAsync(HttpMethod.Post, $"/v1/fraud/cases/{path}", key ?? _key, body);

    [Fact]
    public async Task Cases_WhenListed_TellWhyAndAreRecordedByCustomer()
    {
        var (_, list) = await _api.GetAsync("/v1/fraud/cases", _sees);
        var cases = list.GetProperty("cases").EnumerateArray().ToList();
        Assert.Equal([(2, "bob", "t2"), (1, "ann", "t1")], cases.Select(c => (c.GetProperty("case").GetInt32(), c.GetProperty("customer_id").GetString(), c.GetProperty("transaction_id").GetString())));
        Assert.Equal((0, JsonValueKind.Null), (cases[0].GetProperty("reasons").GetArrayLength(), cases[0].GetProperty("score").ValueKind)); // its judgement cannot be read
        Assert.Equal(["HIGH_SCORE", "ratio_30d"], cases[1].GetProperty("reasons").EnumerateArray().Select(r => r.GetProperty("code").GetString()));
        Assert.Equal((0.75, 1250, "open", 1, "2023-11-14T22:13:20Z"), (cases[1].GetProperty("score").GetDouble(), cases[1].GetProperty("amount_minor").GetInt32(),
            cases[1].GetProperty("state").GetString(), cases[1].GetProperty("version").GetInt32(), cases[1].GetProperty("alerted_at").GetDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)));
        Assert.Contains(_api.Pseudonyms.Of("ann"u8), (await _api.RecordsAsync()).Where(r => r.Operation == "listFraudCases").Select(r => r.Subject));
        var (_, page) = await _api.GetAsync("/v1/fraud/cases?limit=1", _key);
        Assert.Equal(1, (await _api.GetAsync($"/v1/fraud/cases?limit=1&before={page.GetProperty("next").GetInt32()}", _key)).Body.GetProperty("cases")[0].GetProperty("case").GetInt32());
        ApiFixture.AssertProblem(await _api.GetAsync("/v1/fraud/cases?state=opn", _key), HttpStatusCode.BadRequest, "bad-parameter");
    }

    [Fact]
    public async Task Case_WhenWorkedOn_GoesItsWayAndRemembersWhoDid()
    {
        Assert.Equal("eve", (await DoAsync("1/assign", """{"version":1}""")).Body.GetProperty("assignee").GetString());
        Assert.Equal(HttpStatusCode.OK, (await DoAsync("1/notes", """{"text":"her phone is off"}""")).Response.StatusCode);
        ApiFixture.AssertProblem(await DoAsync("1/confirm", """{"version":1}""", _sees), HttpStatusCode.Conflict, "case-changed"); // it was not looked at
        var (_, confirmed) = await DoAsync("1/confirm", """{"version":2,"note":"sure"}""", _sees);
        Assert.Equal(("confirmed_fraud", 3), (confirmed.GetProperty("state").GetString(), confirmed.GetProperty("version").GetInt32()));
        Assert.Equal([("eve", "assigned", "eve"), ("eve", "note", "her phone is off"), ("bo", "confirmed_fraud", "sure")],
            confirmed.GetProperty("history").EnumerateArray().Select(e => (e.GetProperty("by").GetString(), e.GetProperty("what").GetString(), e.GetProperty("text").GetString())));
        foreach (var verb in (string[])["confirm", "dismiss", "assign"]) ApiFixture.AssertProblem(await DoAsync($"1/{verb}", """{"version":3}"""), HttpStatusCode.Conflict, "case-state");
        Assert.Equal("assigned", (await DoAsync("1/reopen", """{"version":3}""")).Body.GetProperty("state").GetString());
        ApiFixture.AssertProblem(await DoAsync("1/reopen", """{"version":4}"""), HttpStatusCode.Conflict, "case-state");
        Assert.Equal("open", (await DoAsync("1/assign", """{"version":4,"to":""}""")).Body.GetProperty("state").GetString());
    }

    [Fact]
    public async Task Case_WhenShownWithoutTheRight_HidesWhatPeopleWrote()
    {
        await DoAsync("1/notes", """{"text":"called +49 170 1"}""");
        var (_, masked) = await _api.GetAsync("/v1/fraud/cases/1", _key);
        Assert.Equal(JsonValueKind.Null, masked.GetProperty("history")[0].GetProperty("text").ValueKind);
        var (_, shown) = await _api.GetAsync("/v1/fraud/cases/1", _sees);
        Assert.Equal("called +49 170 1", shown.GetProperty("history")[0].GetProperty("text").GetString());
        Assert.Equal(94, shown.GetProperty("judgement").GetProperty("features").EnumerateObject().Count());
    }

    [Fact]
    public async Task Cases_WhenAskedWrongly_SayWhy()
    {
        foreach (var role in new[] { Roles.Marketing, Roles.Finance, Roles.Ingest, Roles.Sre })
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await _api.GetAsync("/v1/fraud/cases", _api.NewKey(role))).Response.StatusCode);
            Assert.Equal(HttpStatusCode.Forbidden, (await DoAsync("1/confirm", """{"version":1}""", _api.NewKey(role))).Response.StatusCode);
        }
        foreach (var path in (string[])["9/confirm", "x/confirm", "-1/notes"]) ApiFixture.AssertProblem(await DoAsync(path, """{"version":1,"text":"x"}"""), HttpStatusCode.NotFound, "unknown-case");
        foreach (var body in (string[])["{}", """{"version":"1"}""", """{"version":1,"notes":"x"}""", """{"version":1,"to":"bo"}""", "x", "[]"]) Assert.Equal(HttpStatusCode.BadRequest, (await DoAsync("1/confirm", body)).Response.StatusCode);
        foreach (var body in (string[])["{}", """{"text":" "}""", $$"""{"text":"{{new string('x', 4_001)}}"}"""]) Assert.Equal(HttpStatusCode.BadRequest, (await DoAsync("1/notes", body)).Response.StatusCode);
        ApiFixture.AssertProblem(await DoAsync("1/assign", """{"version":1,"to":"a\nb"}"""), HttpStatusCode.BadRequest, "bad-body");
        Assert.Equal((CaseState.Open, 1L), (_api.Parts.Cases.Get(1)!.State, _api.Parts.Cases.Get(1)!.Version));
        Assert.Empty(_api.Parts.Cases.EntriesOf(1));
    }

    [Fact]
    public async Task Alerts_WhenFollowed_ComeAtOnceAndMissNoneWhenResumed()
    {
        using (var feed = await FollowedFeed.OpenAsync(_api.Http, key: _key, path: "/v1/fraud/alerts/stream"))
        {
            _api.Parts.Cases.Add([Alert("carl", "t3", 9)], 5);
            var (id, name, data) = (await feed.NextAsync())!.Value;
            Assert.Equal(("3", "alert", "carl"), (id, name, data.GetProperty("customer_id").GetString()));
        }
        _api.Parts.Cases.Add([Alert("carl", "t3", 9), Alert("dora", "t4", 9)], 5); // a replay's gap in the numbers, and a new one
        using var resumed = await FollowedFeed.OpenAsync(_api.Http, lastEventId: "3", key: _key, path: "/v1/fraud/alerts/stream");
        Assert.Equal("dora", (await resumed.NextAsync())!.Value.Data.GetProperty("customer_id").GetString());
        Assert.Equal(HttpStatusCode.BadRequest, (await _api.GetAsync("/v1/fraud/alerts/stream?after=99", _key)).Response.StatusCode);
    }

    [Fact]
    public async Task Verdict_WhenTheStoreFailsBehindTheAppend_ComesAgainAsTheSameEvent()
    {
        await DoAsync("1/confirm", """{"version":1}""");
        var (sent, failures) = (new List<string>(), new List<Intake> { new Intake.Unavailable("disk full", TimeSpan.FromSeconds(1)) });
        _api.Parts.OnIntake = bytes =>
        {
            sent.Add(Encoding.UTF8.GetString(bytes));
            if (failures.Count == 0) return new Intake.Done(1, [], [new Position(0, 0)]);
            var failure = failures[0];
            failures.RemoveAt(0);
            return failure;
        };
        var due = Assert.Single(_api.Parts.Cases.DueLabels(9));
        var labels = new CaseLabels(_api.Parts.Cases, _api.Parts, (_, e) => throw e);
        await labels.StepAsync(default);
        Assert.Single(_api.Parts.Cases.DueLabels(9)); // the log did not take it
        await labels.StepAsync(default);
        Assert.Empty(_api.Parts.Cases.DueLabels(9));
        await labels.StepAsync(default);
        Assert.Equal(2, sent.Count);
        Assert.Equal(sent[0], sent[1]);
        Assert.Equal(sent[0], Encoding.UTF8.GetString(CaseLabels.EventOf(due)));
        using var label = JsonDocument.Parse(sent[0]);
        Assert.Equal(("fraud_label", "ann", "t1", true), (label.RootElement.GetProperty("type").GetString(), label.RootElement.GetProperty("customer_id").GetString(),
            label.RootElement.GetProperty("transaction_id").GetString(), label.RootElement.GetProperty("is_fraud").GetBoolean()));
        Assert.Equal("cases", _api.Parts.LastIntake.Source);
    }
}
