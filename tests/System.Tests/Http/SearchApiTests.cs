using System.Net;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Serving.Ports;
using Xunit;

namespace Lambda.SystemTests.Http;

public sealed class SearchApiTests : IClassFixture<ApiFixture>
{
    private const int Day = 19_675; // 2023-11-14

    private readonly ApiFixture _api;

    public SearchApiTests(ApiFixture api)
    {
        _api = api;
        _api.Parts.Population.Rows.Clear();
        for (var i = 0; i < 10; i++)
        {
            var answer = TestView.Full(Day + i % 2);
            answer.Scalars[0] = i < 8 ? Value.Int(i / 2 * 100) : Value.Null(ScalarType.Int64);
            _api.Parts.Have($"c{i}", answer with { Segments = [i % 3 == 0, false] }, epoch: 7 - i % 2, applied: 43);
        }
    }

    [Fact]
    public async Task Search_WhenAColumnsAreNamed_WritesThemExactly()
    {
        var (response, body) = await SearchAsync("""{"where":"customer_id = 'c2'","select":["spend","spend_by_category","avg_ticket","last_seen_at","high_value","segments","customer_id"],"count":true}""");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(
            """{"customers":[{"customer_id":"c2","values":{"spend":100,"spend_by_category":{"groceries":7,"(other)":2},"avg_ticket":-1.500001,"last_seen_at":"2023-11-14T22:13:20.12345Z","high_value":false},"segments":[],"position":"1:42","epoch":7,"as_of":"2023-11-14"}],"next":null,"count":1,"meta":{"definition":"6f6e65","oldest_epoch":6,"oldest_as_of":"2023-11-14","rows":10}}""",
            body.GetRawText());
    }

    [Fact]
    public async Task Search_WhenNothingIsSelected_ShowsWhatTheQuestionNames()
    {
        var (_, body) = await SearchAsync("""{"where":"high_value and spend >= 100","order_by":["avg_ticket desc","spend"],"limit":1}""");
        Assert.Equal(["avg_ticket", "spend", "high_value"], body.GetProperty("customers")[0].GetProperty("values").EnumerateObject().Select(p => p.Name));
        Assert.False(body.TryGetProperty("count", out _));
    }

    [Theory]
    [InlineData("spend", "c0 c1 c2 c3 c4 c5 c6 c7 c8 c9")]
    [InlineData("spend desc", "c6 c7 c4 c5 c2 c3 c0 c1 c8 c9")]
    [InlineData("spend desc nulls first", "c8 c9 c6 c7 c4 c5 c2 c3 c0 c1")]
    [InlineData("high_value desc", "c0 c3 c6 c9 c1 c2 c4 c5 c7 c8")]
    [InlineData("- spend / 100 asc nulls last", "c6 c7 c4 c5 c2 c3 c0 c1 c8 c9")]
    [InlineData("customer_id desc", "c9 c8 c7 c6 c5 c4 c3 c2 c1 c0")]
    public async Task Search_WhenPagedByAnyOrder_ComesOnceAndInOrder(string by, string expected)
    {
        for (var limit = 1; limit <= 4; limit++)
        {
            var seen = new List<string>();
            for (string? next = null; ;)
            {
                var (response, page) = await SearchAsync(JsonSerializer.Serialize(new { order_by = new[] { by }, limit, cursor = next }));
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                seen.AddRange(page.GetProperty("customers").EnumerateArray().Select(c => c.GetProperty("customer_id").GetString()!));
                next = page.GetProperty("next").GetString();
                if (next is null) break;
            }
            Assert.Equal(expected, string.Join(' ', seen));
        }
    }

    [Fact]
    public async Task Search_WhenTheCursorIsOfAnotherQuestion_SaysSo()
    {
        var (_, page) = await SearchAsync("""{"where":"spend >= 0","order_by":["spend"],"limit":2}""");
        var next = page.GetProperty("next").GetString()!;
        Assert.Equal(HttpStatusCode.OK, (await SearchAsync($$"""{"where":"spend>=0","order_by":["spend asc nulls last"],"limit":7,"cursor":"{{next}}"}""")).Response.StatusCode); // the same, written otherwise
        foreach (var other in new[] { "\"where\":\"spend > 0\",\"order_by\":[\"spend\"]", "\"where\":\"spend >= 0\",\"order_by\":[\"spend desc\"]", "\"where\":\"spend >= 0\"" })
            ApiFixture.AssertProblem(await SearchAsync($$"""{{{other}},"cursor":"{{next}}"}"""), HttpStatusCode.BadRequest, "cursor-of-another-question");
        _api.Parts.Population.Definition = TestView.Other;
        ApiFixture.AssertProblem(await SearchAsync($$"""{"where":"spend >= 0","order_by":["spend"],"cursor":"{{next}}"}"""), HttpStatusCode.BadRequest, "cursor-of-another-question");
        _api.Parts.Population.Definition = TestView.Definition;
    }

    [Fact]
    public async Task Search_WhenTheCursorWasTamperedWith_IsRefused()
    {
        var (_, page) = await SearchAsync("""{"order_by":["spend"],"limit":2}""");
        var next = page.GetProperty("next").GetString()!;
        for (var i = 0; i < next.Length; i += 3)
        {
            var forged = string.Concat(next.AsSpan(0, i), next[i] == 'A' ? "B" : "A", next.AsSpan(i + 1));
            ApiFixture.AssertProblem(await SearchAsync($$"""{"order_by":["spend"],"cursor":"{{forged}}"}"""), HttpStatusCode.BadRequest, "bad-body");
        }
    }

    [Theory]
    [InlineData("spent > 0", "where:1:1: no metric, derived value or segment is called `spent` (did you mean `spend`?)")]
    [InlineData("spend >= 0 and hi_value", "where:1:16: no metric, derived value or segment is called `hi_value` (did you mean `high_value`?)")]
    [InlineData("spend > 'x'", "where:1:7: `>` cannot compare int64 with text")]
    [InlineData("spend", "where:1:1: a condition is needed, found int64")]
    [InlineData("spend_by_category['gorceries'] > 0", "where:1:19: `spend_by_category` has no key 'gorceries' (did you mean `groceries`?); its keys are groceries, travel, (other)")]
    [InlineData("spend >", "where:1:8: found the end of the expression")]
    [InlineData("1 = 1; drop table x", "where:1:6: ")]
    [InlineData("lower_case(full_name) = 'x'", "where:1:1: no function is called `lower_case`")]
    [InlineData("amount_minor > 3", "where:1:1: `amount_minor` is a field of events")]
    public async Task Search_WhenTheConditionIsWrong_NamesPlaceAndWay(string where, string detail)
    {
        var got = await SearchAsync(JsonSerializer.Serialize(new { where }));
        ApiFixture.AssertProblem(got, HttpStatusCode.BadRequest, "bad-expression");
        Assert.StartsWith(detail, got.Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal("where", got.Body.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task Search_WhenSeveralThingsAreWrong_NamesAll()
    {
        var got = await SearchAsync("""{"where":"spent > 0 and vip","select":["emial"],"order_by":["spend_by_category","nothing desc"]}""");
        ApiFixture.AssertProblem(got, HttpStatusCode.BadRequest, "bad-expression");
        Assert.Equal(["where", "where", "order_by[0]", "order_by[1]", "select"], got.Body.GetProperty("errors").EnumerateArray().Select(e => e.GetProperty("field").GetString()));
    }

    [Theory]
    [InlineData("""{"limit":-1}""", "limit")]
    [InlineData("""{"limit":1001}""", "limit")]
    [InlineData("""{"limit":"5"}""", "limit")]
    [InlineData("""{"limit":1.5}""", "limit")]
    [InlineData("""{"wher":"spend > 0"}""", "wher")]
    [InlineData("""{"where":5}""", "where")]
    [InlineData("""{"select":"spend"}""", "select")]
    [InlineData("""{"select":[1]}""", "select")]
    [InlineData("""{"order_by":["spend","spend","spend","spend","spend","spend"]}""", "order_by")]
    [InlineData("""{"count":"yes"}""", "count")]
    [InlineData("""{"cursor":"abc"}""", "cursor")]
    [InlineData("""{"cursor":"%%%"}""", "cursor")]
    [InlineData("[]", "body")]
    [InlineData("{", "body")]
    public async Task Search_WhenTheBodyIsWrong_NamesTheProperty(string body, string name)
    {
        var got = await SearchAsync(body);
        ApiFixture.AssertProblem(got, HttpStatusCode.BadRequest, "bad-body");
        Assert.Equal(name, got.Body.GetProperty("parameter").GetString());
    }

    [Fact]
    public async Task Search_WhenItCannotBeAnswered_SaysWhy()
    {
        _api.Parts.Population.Fails = new QueryLimitException(QueryLimit.Time, "more than the 10 s that a question may take");
        ApiFixture.AssertProblem(await SearchAsync("{}"), HttpStatusCode.UnprocessableEntity, "query-time-limit");
        _api.Parts.Population.Fails = new EngineUnavailableException("the warehouse does not answer", TimeSpan.FromSeconds(1));
        ApiFixture.AssertProblem(await SearchAsync("{}"), HttpStatusCode.ServiceUnavailable, "unavailable");
        _api.Parts.Population.Definition = null;
        ApiFixture.AssertProblem(await SearchAsync("{}"), HttpStatusCode.ServiceUnavailable, "population-not-ready");
        _api.Parts.Population.Definition = TestView.Definition;
        ApiFixture.AssertProblem(await _api.PostAsync("/v1/customers/search", new string('x', 200_000), "application/json"), HttpStatusCode.RequestEntityTooLarge, "too-large");
    }

    [Fact]
    public async Task Search_WhenOnlyTheCountIsWanted_ShowsNoRow()
    {
        var (_, body) = await SearchAsync("""{"where":"high_value","count":true,"limit":0}""");
        Assert.Equal((0, 4, JsonValueKind.Null), (body.GetProperty("customers").GetArrayLength(), body.GetProperty("count").GetInt32(), body.GetProperty("next").ValueKind));
    }

    [Fact]
    public async Task Search_WhenNobodyFits_IsAnEmptyPage()
    {
        var (_, body) = await SearchAsync("""{"where":"spend > 1000000","count":true}""");
        Assert.Equal((0, 0, JsonValueKind.Null), (body.GetProperty("customers").GetArrayLength(), body.GetProperty("count").GetInt32(), body.GetProperty("next").ValueKind));
    }

    private Task<(HttpResponseMessage Response, JsonElement Body)> SearchAsync(string body) => _api.PostAsync("/v1/customers/search", body, "application/json");
}
