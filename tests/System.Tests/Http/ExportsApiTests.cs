using System.Net;
using System.Text.Json;
using Lambda.Serving.Ports;
using Xunit;

namespace Lambda.SystemTests.Http;

public sealed class ExportsApiTests : IClassFixture<ApiFixture>
{
    private readonly ApiFixture _api;

    public ExportsApiTests(ApiFixture api)
    {
        _api = api;
        _api.Parts.Population.Rows.Clear();
        for (var i = 0; i < 10; i++) _api.Parts.Have($"c{i}", TestView.Full(19_675), epoch: 7);
    }

    [Fact]
    public async Task Export_WhenItHasNoTarget_StreamsTheRows()
    {
        var response = await _api.Http.PostAsync("/v1/exports", ApiFixture.Content("""{"where":"customer_id < 'c3'"}"""u8.ToArray(), "application/json"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.ToString());
        Assert.Equal("7", response.Headers.GetValues("Lambda-Oldest-Epoch").Single());
        Assert.Equal("2023-11-14", response.Headers.GetValues("Lambda-Oldest-As-Of").Single());
        Assert.Equal(3, (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task Export_WhenItHasATarget_IsAJobWithAManifest()
    {
        var (response, body) = await ExportAsync("""{"format":"ndjson","to":{"folder":"monthly/november"},"select":["spend"]}""");
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var id = body.GetProperty("export").GetString()!;
        await _api.Parts.Exports.EndedAsync(id);
        var (_, job) = await _api.GetAsync($"/v1/exports/{id}");
        Assert.Equal(("done", 10, 4), (job.GetProperty("state").GetString(), job.GetProperty("rows").GetInt32(), job.GetProperty("parts").GetArrayLength()));
        Assert.StartsWith("memory:monthly/november/", job.GetProperty("place").GetString(), StringComparison.Ordinal);
        var manifest = JsonDocument.Parse(_api.Parts.Exports.Text($"{id}/manifest.json")).RootElement;
        Assert.Equal(JsonSerializer.Serialize(job), JsonSerializer.Serialize(manifest));
        Assert.Contains(id, (await _api.GetAsync("/v1/exports")).Body.GetRawText(), StringComparison.Ordinal);
        Assert.Equal("done", (await _api.PostAsync($"/v1/exports/{id}/cancel", "", null)).Body.GetProperty("state").GetString()); // an end is an end
    }

    [Theory]
    [InlineData("""{"format":"xml"}""", "bad-body", "format")]
    [InlineData("""{"format":"1"}""", "bad-body", "format")]
    [InlineData("""{"to":"x"}""", "bad-body", "to")]
    [InlineData("""{"to":{}}""", "bad-body", "to")]
    [InlineData("""{"to":{"folder":"a","s3":"b"}}""", "bad-body", "to")]
    [InlineData("""{"to":{"file":"a"}}""", "bad-body", "file")]
    [InlineData("""{"to":{"folder":"../../etc"}}""", "bad-body", "to")]
    [InlineData("""{"to":{"s3":"x"}}""", "bad-body", "to")]
    [InlineData("""{"where":"spent > 0"}""", "bad-expression", "where")]
    [InlineData("""{"order_by":["spend"]}""", "bad-body", "order_by")]
    public async Task Export_WhenTheBodyIsWrong_NamesTheProperty(string body, string code, string name)
    {
        var got = await ExportAsync(body);
        ApiFixture.AssertProblem(got, HttpStatusCode.BadRequest, code);
        Assert.Equal(name, got.Body.GetProperty("parameter").GetString());
    }

    [Fact]
    public async Task Export_WhenItCannotBegin_GetsAStatus()
    {
        _api.Parts.Population.Fails = new QueryLimitException(QueryLimit.Memory, "more than one gets");
        ApiFixture.AssertProblem(await ExportAsync("{}"), HttpStatusCode.UnprocessableEntity, "query-memory-limit");
        ApiFixture.AssertProblem(await _api.GetAsync("/v1/exports/export-none"), HttpStatusCode.NotFound, "unknown-export");
        ApiFixture.AssertProblem(await _api.PostAsync("/v1/exports/export-none/cancel", "", null), HttpStatusCode.NotFound, "unknown-export");
    }

    [Fact]
    public async Task Sql_WhenItRuns_GivesRowsAndTypes()
    {
        var (response, body) = await _api.PostAsync("/v1/sql", """{"sql":"SELECT 1","parameters":{"n":5,"t":"x","z":null,"b":true},"limit":2}""", "application/json");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("""{"columns":["a","b"],"types":["Int64","String"],"rows":[[1,"x"],[2,null]],"truncated":true}""", body.GetRawText());
        Assert.Equal(("SELECT 1", 2), (_api.Parts.Sql.Last.Sql, _api.Parts.Sql.Last.RowsMax));
        Assert.Equal(["5", "x", null, "true"], _api.Parts.Sql.Last.Parameters.Values);
    }

    [Theory]
    [InlineData("""{"sql":"SELECT bad()"}""", 400, "sql-refused")]
    [InlineData("""{"sql":"SELECT slow()"}""", 422, "query-time-limit")]
    [InlineData("{}", 400, "bad-body")]
    [InlineData("""{"sql":1}""", 400, "bad-body")]
    [InlineData("""{"sql":"SELECT 1","limit":0}""", 400, "bad-body")]
    [InlineData("""{"sql":"SELECT 1","limit":100001}""", 400, "bad-body")]
    [InlineData("""{"sql":"SELECT 1","parameters":{"a":[1]}}""", 400, "bad-body")]
    [InlineData("""{"sql":"SELECT 1","settings":{}}""", 400, "bad-body")]
    public async Task Sql_WhenItIsRefused_SaysWhy(string body, int status, string code) =>
        ApiFixture.AssertProblem(await _api.PostAsync("/v1/sql", body, "application/json"), (HttpStatusCode)status, code);

    private Task<(HttpResponseMessage Response, JsonElement Body)> ExportAsync(string body) => _api.PostAsync("/v1/exports", body, "application/json");
}
