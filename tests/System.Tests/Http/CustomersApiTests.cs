using System.Net;
using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;
using Xunit;

namespace Lambda.SystemTests.Http;

public sealed class CustomersApiTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const int Day = 19_675; // 2023-11-14

    [Fact]
    public async Task Get_WhenEveryOutputHasAValue_WritesThemExactly()
    {
        Have("full", TestView.Full(Day), applied: 43, epoch: 7);

        var (response, body) = await api.GetAsync("/v1/customers/full");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.ToString());
        var partition = Partitioner.PartitionOf("full"u8, MemoryParts.P);
        Assert.Equal(
            $$$"""{"customer_id":"full","metrics":{"spend":1200,"spend_30d":9223372036854775807,"spend_by_category":{"groceries":7,"(other)":2},"full_name":"Zoë \"Q\" <o'neil>\n\u0001","last_seen_at":"2023-11-14T22:13:20.12345Z"},"derived":{"avg_ticket":-1.500001,"is_active":true,"first_day":"1970-01-01"},"segments":["high_value"],"meta":{"definition":"6f6e65","epoch":7,"position":"{{{partition}}}:42","as_of":"2023-11-14","freshness_ms":3,"source":"merged"}}""",
            body.GetRawText());
    }

    [Fact]
    public async Task Get_WhenNothingHasAValue_WritesNullsAndEmptyMaps()
    {
        Have("empty", TestView.Empty(Day));

        var (_, body) = await api.GetAsync("/v1/customers/empty");

        Assert.Contains("\"metrics\":{\"spend\":null,\"spend_30d\":null,\"spend_by_category\":{},\"full_name\":null,\"last_seen_at\":null}", body.GetRawText(), StringComparison.Ordinal);
        Assert.Contains("\"segments\":[]", body.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a/b", "a%2Fb")]
    [InlineData("a%2Fb", "a%252Fb")]
    [InlineData("Jörg ✓", "J%C3%B6rg%20%E2%9C%93")]
    [InlineData("q?x=1#y", "q%3Fx%3D1%23y")]
    [InlineData("a+b", "a+b")]
    public async Task Get_WhenTheIdNeedsEncoding_FindsIt(string id, string encoded)
    {
        Have(id, TestView.Empty(Day));

        var (response, body) = await api.GetAsync($"/v1/customers/{encoded}?wait_ms=0");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(id, body.GetProperty("customer_id").GetString());
    }

    [Theory]
    [InlineData("%FF", "bad-parameter")]
    [InlineData("%E2%82", "bad-parameter")]
    public async Task Get_WhenTheIdIsNotUtf8_IsABadParameter(string encoded, string code) =>
        ApiFixture.AssertProblem(await api.GetAsync($"/v1/customers/{encoded}"), HttpStatusCode.BadRequest, code);

    [Fact]
    public async Task Get_WhenTheIdIsTooLong_IsABadParameter()
    {
        ApiFixture.AssertProblem(await api.GetAsync($"/v1/customers/{new string('x', 129)}"), HttpStatusCode.BadRequest, "bad-parameter");
        ApiFixture.AssertProblem(await api.GetAsync($"/v1/customers/{new string('x', 128)}"), HttpStatusCode.NotFound, "unknown-customer");
    }

    [Theory]
    [InlineData("as_of=2023-13-01")]
    [InlineData("as_of=yesterday")]
    [InlineData("as_of=")]
    [InlineData("at_least=1")]
    [InlineData("at_least=a:b")]
    [InlineData("at_least=0:-1")]
    [InlineData("at_least=4:0")] // there are partitions 0..3
    [InlineData("wait_ms=-1")]
    [InlineData("wait_ms=30001")]
    [InlineData("wait_ms=1.5")]
    [InlineData("wait_ms=1&wait_ms=2")]
    [InlineData("asof=2023-11-14")] // a typo would silently answer for today
    public async Task Get_WhenAParameterIsWrong_NamesIt(string query)
    {
        Have("c", TestView.Empty(Day));
        var got = await api.GetAsync($"/v1/customers/c?{query}");
        ApiFixture.AssertProblem(got, HttpStatusCode.BadRequest, "bad-parameter");
        Assert.Equal(query[..query.IndexOf('=')], got.Body.GetProperty("parameter").GetString());
    }

    [Fact]
    public async Task Get_WhenParametersAreGood_PassesThemOn()
    {
        Have("c", TestView.Empty(Day));
        var own = Partitioner.PartitionOf("c"u8, MemoryParts.P);
        var other = (own + 1) % MemoryParts.P;

        await api.GetAsync($"/v1/customers/c?as_of=2023-11-14&at_least={own}:17,{other}:99&wait_ms=250");

        Assert.Equal((new Position(own, 17), TimeSpan.FromMilliseconds(250), (int?)Day), api.Parts.LastRead);
    }

    [Fact]
    public async Task Get_WhenAtLeastNamesOnlyOtherPartitions_AsksForNothing()
    {
        Have("c", TestView.Empty(Day));
        await api.GetAsync($"/v1/customers/c?at_least={(Partitioner.PartitionOf("c"u8, MemoryParts.P) + 1) % MemoryParts.P}:99");
        Assert.Null(api.Parts.LastRead.AtLeast);
    }

    [Fact]
    public async Task Get_WhenTheReadFails_SaysHow()
    {
        api.Parts.Customers[CustomerId.From("late")] = new CustomerRead.NotReached(1, 40);
        api.Parts.Customers[CustomerId.From("big")] = new CustomerRead.Overflow("spend");
        api.Parts.Customers[CustomerId.From("away")] = new CustomerRead.Unavailable("partition 1 is recovering", TimeSpan.FromSeconds(2));

        ApiFixture.AssertProblem(await api.GetAsync("/v1/customers/nobody"), HttpStatusCode.NotFound, "unknown-customer");
        var late = await api.GetAsync("/v1/customers/late");
        ApiFixture.AssertProblem(late, HttpStatusCode.ServiceUnavailable, "position-not-reached");
        Assert.Equal(TimeSpan.FromSeconds(1), late.Response.Headers.RetryAfter?.Delta);
        var big = await api.GetAsync("/v1/customers/big");
        ApiFixture.AssertProblem(big, HttpStatusCode.InternalServerError, "metric-overflow");
        Assert.Equal("spend", big.Body.GetProperty("metric").GetString());
        var away = await api.GetAsync("/v1/customers/away");
        ApiFixture.AssertProblem(away, HttpStatusCode.ServiceUnavailable, "unavailable");
        Assert.Equal(TimeSpan.FromSeconds(2), away.Response.Headers.RetryAfter?.Delta);
    }

    [Fact]
    public async Task Events_WhenThereAreSeveralPages_LeadsThroughThem()
    {
        api.Parts.History.Clear();
        for (var i = 5; i > 0; i--) api.Parts.History.Add(new CustomerEventRow(1, i, i / 2 * 1_000_000L, i, Encoding.UTF8.GetBytes($$"""{"event_id":"{{i}}"}""")));

        var seen = new List<string>();
        for (string? cursor = ""; cursor is not null;)
        {
            var (_, page) = await api.GetAsync($"/v1/customers/c/events?limit=2{cursor}");
            seen.AddRange(page.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("event").GetProperty("event_id").GetString()!));
            cursor = page.GetProperty("next").GetString() is { } next ? $"&cursor={next}" : null;
        }

        Assert.Equal(["5", "4", "3", "2", "1"], seen);
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=1001")]
    [InlineData("cursor=abc")]
    [InlineData("page=2")]
    public async Task Events_WhenAParameterIsWrong_NamesIt(string query) =>
        ApiFixture.AssertProblem(await api.GetAsync($"/v1/customers/c/events?{query}"), HttpStatusCode.BadRequest, "bad-parameter");

    [Fact]
    public async Task Events_WhenTheCustomerHasNone_IsUnknown()
    {
        api.Parts.History.Clear();
        ApiFixture.AssertProblem(await api.GetAsync("/v1/customers/c/events"), HttpStatusCode.NotFound, "unknown-customer");
    }

    private void Have(string id, Domain.Views.Answer answer, long applied = 1, long epoch = 1) =>
        api.Parts.Customers[CustomerId.From(id)] = new CustomerRead.Found(answer, epoch, Partitioner.PartitionOf(Encoding.UTF8.GetBytes(id), MemoryParts.P), applied, 3, ReadSource.Merged);
}
