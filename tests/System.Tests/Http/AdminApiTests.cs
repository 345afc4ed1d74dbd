using System.Net;
using System.Text;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;
using Xunit;

namespace Lambda.SystemTests.Http;

public sealed class AdminApiTests : IAsyncLifetime
{
    private readonly ApiFixture _api = new();

    public Task InitializeAsync() => _api.InitializeAsync();

    public Task DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task Run_WhenStarted_IsAcceptedAndNamed()
    {
        var (response, body) = await _api.PostAsync("/v1/admin/batch/runs", "", null);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal("/v1/admin/batch/runs/run-1", response.Headers.Location?.OriginalString);
        Assert.Equal(("run-1", 1, "barriers"), (body.GetProperty("run").GetString(), body.GetProperty("epoch").GetInt32(), body.GetProperty("state").GetString()));
    }

    [Fact]
    public async Task Run_WhenOneRuns_ConflictsAndNamesIt()
    {
        await _api.PostAsync("/v1/admin/batch/runs", "", null);
        var got = await _api.PostAsync("/v1/admin/batch/runs", "", null);
        ApiFixture.AssertProblem(got, HttpStatusCode.Conflict, "run-in-progress");
        Assert.Equal("run-1", got.Body.GetProperty("run").GetString());
    }

    [Fact]
    public async Task Run_WhenAbandoned_SaysSoWithItsReason()
    {
        await _api.PostAsync("/v1/admin/batch/runs", "", null);
        var (response, run) = await _api.PostAsync("/v1/admin/batch/runs/run-1/abandon", "", null);
        Assert.Equal((HttpStatusCode.OK, "abandoned"), (response.StatusCode, run.GetProperty("state").GetString()));
        var (_, now) = await _api.GetAsync("/v1/admin/batch/runs/run-1");
        Assert.Equal("asked", Assert.Single(now.GetProperty("reasons").EnumerateArray()).GetString());
    }

    [Fact]
    public async Task Run_WhenItsStepStopsLater_IsAcceptedForAbandoning()
    {
        _api.Parts.AbandonsAtOnce = false;
        await _api.PostAsync("/v1/admin/batch/runs", "", null);
        var (response, run) = await _api.PostAsync("/v1/admin/batch/runs/run-1/abandon", "", null);
        Assert.Equal((HttpStatusCode.Accepted, "barriers"), (response.StatusCode, run.GetProperty("state").GetString()));
    }

    [Fact]
    public async Task Run_WhenAbandonedThoughUnknownOrEnded_IsRefused()
    {
        ApiFixture.AssertProblem(await _api.PostAsync("/v1/admin/batch/runs/run-9/abandon", "", null), HttpStatusCode.NotFound, "unknown-run");
        await _api.PostAsync("/v1/admin/batch/runs", "", null);
        await _api.PostAsync("/v1/admin/batch/runs/run-1/abandon", "", null);
        var again = await _api.PostAsync("/v1/admin/batch/runs/run-1/abandon", "", null);
        ApiFixture.AssertProblem(again, HttpStatusCode.Conflict, "run-ended");
        Assert.Equal("abandoned", again.Body.GetProperty("state").GetString());
    }

    [Fact]
    public async Task Definition_WhenBad_IsRefusedWithEveryPlace()
    {
        var got = await _api.SendAsync(new HttpRequestMessage(HttpMethod.Put, "/v1/definition?file=my.yaml") { Content = ApiFixture.Content("bad"u8.ToArray(), "application/yaml") });
        ApiFixture.AssertProblem(got, HttpStatusCode.UnprocessableEntity, "bad-definition");
        Assert.StartsWith("my.yaml:3:7: ", got.Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(2, got.Body.GetProperty("errors").GetArrayLength());
        Assert.Null(_api.Parts.Next);
    }

    [Fact]
    public async Task Definition_WhenGood_TakesEffectAtTheNextRun()
    {
        var (_, checkedOnly) = await _api.PostAsync("/v1/definition?check=true", "two", "application/yaml");
        Assert.Equal("never", checkedOnly.GetProperty("takes_effect").GetString());
        Assert.Null(_api.Parts.Next);

        var (_, taken) = await _api.PostAsync("/v1/definition", "two", "application/yaml");
        Assert.Equal("next_run", taken.GetProperty("takes_effect").GetString());
        var (_, now) = await _api.GetAsync("/v1/definition");
        Assert.Equal(TestView.Other.Hash, now.GetProperty("next").GetString());
        Assert.Equal(TestView.Definition.Hash, now.GetProperty("definition").GetString());
    }

    [Fact]
    public async Task Definition_WhenNotUtf8OrTooLarge_IsRefused()
    {
        ApiFixture.AssertProblem(await Put([0xff, 0xfe]), HttpStatusCode.BadRequest, "not-utf8");
        ApiFixture.AssertProblem(await Put(new byte[Serving.Limits.DefinitionBytes + 1]), HttpStatusCode.RequestEntityTooLarge, "too-large");

        Task<(HttpResponseMessage, global::System.Text.Json.JsonElement)> Put(byte[] body) =>
            _api.SendAsync(new HttpRequestMessage(HttpMethod.Put, "/v1/definition") { Content = ApiFixture.Content(body, "application/yaml") });
    }

    [Fact]
    public async Task Readiness_WhenAPartitionHasStopped_IsGoneAndSaysWhy()
    {
        _api.Parts.IsReady = false;
        var got = await _api.GetAsync("/readyz");
        ApiFixture.AssertProblem(got, HttpStatusCode.ServiceUnavailable, "not-ready");
        Assert.Contains("corrupt log frame", got.Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await _api.GetAsync("/healthz")).Response.StatusCode);
    }

    [Fact]
    public async Task Quarantine_WhenReplayed_ClosesWhatIsGoodNow()
    {
        Add("http", "unknown_type", "good\n1");
        Add("http", "unknown_type", "bad");
        Add("http", "unknown_type", "");
        Add("log", "conflicting_duplicate", "good 2");
        _api.Parts.OnIntake = body =>
        {
            var lines = Encoding.UTF8.GetString(body).TrimEnd('\n').Split('\n');
            return new Intake.Done(lines.Count(l => l.StartsWith("good", StringComparison.Ordinal)),
                [.. lines.Index().Where(l => l.Item == "bad").Select(l => new RejectedLine(l.Index + 1, "type", "unknown_type", ""))], [new Position(0, 1)]);
        };

        var (_, report) = await _api.PostAsync("/v1/admin/quarantine/replay", "", null);

        Assert.Equal("""{"replayed":1,"refused":[{"id":2,"field":"type","reason":"unknown_type"},{"id":3,"field":"","reason":"empty"}]}""", report.GetRawText());
        Assert.Equal("http", _api.Parts.LastIntake.Source);
        var (_, open) = await _api.GetAsync("/v1/admin/quarantine?limit=2");
        Assert.Equal([2, 3], open.GetProperty("entries").EnumerateArray().Select(e => e.GetProperty("id").GetInt32()));
        Assert.Equal(3, open.GetProperty("next").GetInt32());
        Assert.Equal("""{"conflicting_duplicate":1,"unknown_type":2}""", open.GetProperty("open").GetRawText());
    }

    [Fact]
    public async Task Quarantine_WhenReplayedById_TakesConflictsToo()
    {
        Add("log", "conflicting_duplicate", "good");
        var (_, report) = await _api.PostAsync("/v1/admin/quarantine/replay?ids=1", "", null);
        Assert.Equal(1, report.GetProperty("replayed").GetInt32());
        Assert.NotNull(_api.Parts.Quarantine.List(0, 10, null, includeReplayed: true).Single().ReplayedAtMs);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?ids=1,2")]
    [InlineData("?reason=card_number")]
    public async Task Quarantine_WhenItHeldACardNumber_IsNeverSentAgain(string chosen)
    {
        Add("http", "card_number", """{"note":"************1111"}""");
        Add("http", "unknown_type", "good");
        var sent = new List<string>();
        _api.Parts.OnIntake = body =>
        {
            sent.Add(Encoding.UTF8.GetString(body));
            return new Intake.Done(1, [], [new Position(0, 1)]);
        };
        var (_, report) = await _api.PostAsync("/v1/admin/quarantine/replay" + chosen, "", null);
        Assert.DoesNotContain(sent, s => s.Contains('*', StringComparison.Ordinal));
        var refused = Assert.Single(report.GetProperty("refused").EnumerateArray());
        Assert.Equal(1, refused.GetProperty("id").GetInt32());
        Assert.StartsWith("card_number: only the masked line is kept", refused.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Null(_api.Parts.Quarantine.List(0, 1, "card_number", includeReplayed: true).Single().ReplayedAtMs); // it stays open
    }

    [Fact]
    public async Task Quarantine_WhenAddedTwice_IsKeptOnce()
    {
        const string rows = """{"rows":[{"source":"file:a.csv","line":7,"field":"date","reason":"import_row","detail":"no day","raw":"a;b"}]}""";
        await _api.PostAsync("/v1/admin/quarantine", rows, "application/json");
        await _api.PostAsync("/v1/admin/quarantine", rows, "application/json");
        var entry = Assert.Single(_api.Parts.Quarantine.List(0, 10, "import_row", includeReplayed: false));
        Assert.Equal(("file:a.csv", 7L, "date"), (entry.Source, entry.Line, entry.Field));
    }

    [Fact]
    public async Task Events_WhenPartOfAFile_CarrySourceAndLine()
    {
        await _api.PostAsync("/v1/events?source=file%3Aa.csv&first_line=5001", "{}");
        Assert.Equal(("file:a.csv", 5001L), _api.Parts.LastIntake);
    }

    private void Add(string source, string reason, string raw) =>
        _api.Parts.Quarantine.Add([new QuarantineEntry(0, 1, source, 1, "", reason, "", Encoding.UTF8.GetBytes(raw))], once: false);
}
