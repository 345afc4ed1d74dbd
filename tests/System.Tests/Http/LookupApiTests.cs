using System.Net;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Serving.Ports;
using Xunit;

namespace Lambda.SystemTests.Http;

public sealed class LookupApiTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Lookup_WhenOutcomesDiffer_GivesEachItsOwnInTheOrderAsked()
    {
        Have("a", new CustomerRead.Found(TestView.Full(19_675), 7, 1, 43, 3, ReadSource.Merged));
        Have("big", new CustomerRead.Overflow("spend"));
        Have("away", new CustomerRead.Unavailable("partition 2 is replaying its log", TimeSpan.FromSeconds(1)));

        var (response, body) = await LookupAsync("""{"ids":["away","nobody","a","big","a"],"select":["spend","high_value","dormant"],"as_of":"2023-11-14"}""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        const string found = """{"customer_id":"a","outcome":"found","values":{"spend":1200,"high_value":true,"dormant":false},"meta":{"definition":"6f6e65","epoch":7,"position":"1:42","as_of":"2023-11-14","freshness_ms":3,"source":"merged"}}""";
        Assert.Equal(
            $$$"""{"customers":[{"customer_id":"away","outcome":"unavailable","reason":"partition 2 is replaying its log"},{"customer_id":"nobody","outcome":"unknown"},{{{found}}},{"customer_id":"big","outcome":"overflow","metric":"spend"},{{{found}}}]}""",
            body.GetRawText());
        Assert.Equal(19_675, api.Parts.LastRead.AsOf);
    }

    [Fact]
    public async Task Lookup_WhenNothingIsSelected_GivesAll()
    {
        Have("all", new CustomerRead.Found(TestView.Full(19_675), 7, 1, 43, 3, ReadSource.Merged));
        var (_, body) = await LookupAsync("""{"ids":["all"]}""");
        var customer = body.GetProperty("customers")[0];
        Assert.Equal(TestView.Definition.Outputs.Select(o => o.Name), customer.GetProperty("values").EnumerateObject().Select(p => p.Name));
        Assert.Equal("high_value", customer.GetProperty("segments")[0].GetString());
    }

    [Theory]
    [InlineData("{}", "ids")]
    [InlineData("""{"ids":"a"}""", "ids")]
    [InlineData("""{"ids":[1]}""", "ids")]
    [InlineData("""{"ids":[""]}""", "ids")]
    [InlineData("""{"ids":["a"],"as_of":"yesterday"}""", "as_of")]
    [InlineData("""{"ids":["a"],"limit":3}""", "limit")]
    public async Task Lookup_WhenTheBodyIsWrong_NamesTheProperty(string body, string name)
    {
        var got = await LookupAsync(body);
        ApiFixture.AssertProblem(got, HttpStatusCode.BadRequest, "bad-body");
        Assert.Equal(name, got.Body.GetProperty("parameter").GetString());
    }

    [Fact]
    public async Task Lookup_WhenThereAreTooManyIdsOrOneIsTooLong_IsRefused()
    {
        ApiFixture.AssertProblem(await LookupAsync(JsonSerializer.Serialize(new { ids = Enumerable.Range(0, 1001).Select(i => $"c{i}") })), HttpStatusCode.BadRequest, "bad-body");
        ApiFixture.AssertProblem(await LookupAsync(JsonSerializer.Serialize(new { ids = new[] { new string('x', 129) } })), HttpStatusCode.BadRequest, "bad-body");
        Assert.Equal(HttpStatusCode.OK, (await LookupAsync(JsonSerializer.Serialize(new { ids = Enumerable.Range(0, 1000).Select(i => $"none{i}") }))).Response.StatusCode);
    }

    [Fact]
    public async Task Lookup_WhenAColumnIsUnknown_SuggestsOne() =>
        ApiFixture.AssertProblem(await LookupAsync("""{"ids":["nobody"],"select":["spendd"]}"""), HttpStatusCode.BadRequest, "bad-expression");

    private void Have(string id, CustomerRead read) => api.Parts.Customers[CustomerId.From(id)] = read;

    private Task<(HttpResponseMessage Response, JsonElement Body)> LookupAsync(string body) => api.PostAsync("/v1/customers/lookup", body, "application/json");
}
