using System.Net;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;
using Lambda.SystemTests.Http;
using Xunit;

namespace Lambda.SystemTests.Identity;

public sealed class IdentityApiTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static int _names;

    [Fact]
    public async Task Merge_WhenBothAreKnown_MakesOnePersonThatUnmergeTakesApart()
    {
        var (a, b, c) = (Somebody(), Somebody(), Somebody());
        var first = (await MergeAsync(a, b, reason: "same passport")).Body;
        Assert.Equal([a, b], Members(first.GetProperty("person")));
        var second = await MergeAsync(c, b);
        Assert.Equal(HttpStatusCode.Created, second.Response.StatusCode);
        Assert.Equal([c, a, b], Members(second.Body.GetProperty("person")));
        Assert.Equal(first.GetProperty("identity").GetInt64() + 1, second.Body.GetProperty("identity").GetInt64());

        var shown = (await api.GetAsync($"/v1/identity/customers/{b}")).Body;
        Assert.Equal(c, shown.GetProperty("canonical").GetString());
        var link = shown.GetProperty("links")[0];
        Assert.Equal((a, b, "local", "same passport", JsonValueKind.Null), (Text(link, "into"), Text(link, "customer"), Text(link, "by"), Text(link, "reason"), link.GetProperty("undone").ValueKind));

        var undone = (await UnmergeAsync(Text(link, "id"), "it was his father")).Body;
        Assert.Equal([a], Members(undone.GetProperty("into")));
        Assert.Equal([c, b], Members(undone.GetProperty("customer")));
        var again = (await UnmergeAsync(Text(link, "id"), "once more")).Body;
        Assert.Equal(undone.GetProperty("link").GetRawText(), again.GetProperty("link").GetRawText());
        Assert.Equal("it was his father", Text((await api.GetAsync($"/v1/identity/customers/{a}")).Body.GetProperty("links")[0].GetProperty("undone"), "reason"));
    }

    [Fact]
    public async Task Merge_WhenAskedAgainWithItsId_DoesNothingTwice()
    {
        var (a, b, c, id) = (Somebody(), Somebody(), Somebody(), Guid.NewGuid());
        var made = await MergeAsync(a, b, id);
        var again = await MergeAsync(a, b, id);
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (made.Response.StatusCode, again.Response.StatusCode));
        Assert.Equal(made.Body.GetProperty("link").GetRawText(), again.Body.GetProperty("link").GetRawText());
        ApiFixture.AssertProblem(await MergeAsync(a, c, id), HttpStatusCode.Conflict, "link-id-taken");
        await UnmergeAsync(id.ToString());
        ApiFixture.AssertProblem(await MergeAsync(a, b, id), HttpStatusCode.Conflict, "merge-undone");
    }

    [Fact]
    public async Task Merge_WhenTheyAreOnePersonAlready_NamesTheLinksInTheWay()
    {
        var (a, b, c) = (Somebody(), Somebody(), Somebody());
        await MergeAsync(a, b);
        var link = Text((await MergeAsync(b, c)).Body.GetProperty("link"), "id");
        foreach (var (into, other) in ((string, string)[])[(b, c), (c, b)])
        {
            var refused = await MergeAsync(into, other);
            ApiFixture.AssertProblem(refused, HttpStatusCode.Conflict, "same-person");
            Assert.Equal([link], refused.Body.GetProperty("links").EnumerateArray().Select(l => Text(l, "id")));
        }
        Assert.Equal(2, (await MergeAsync(c, a)).Body.GetProperty("links").GetArrayLength());
    }

    [Fact]
    public async Task Merge_WhenOneIsUnknownOrErased_LinksNobody()
    {
        var (a, b) = (Somebody(), Somebody());
        ApiFixture.AssertProblem(await MergeAsync(a, "nobody-of-that-name"), HttpStatusCode.NotFound, "unknown-customer");
        ApiFixture.AssertProblem(await MergeAsync("nobody-of-that-name", a), HttpStatusCode.NotFound, "unknown-customer");
        api.Parts.Customers.Remove(CustomerId.From(b));
        ApiFixture.AssertProblem(await MergeAsync(a, b), HttpStatusCode.NotFound, "unknown-customer");
        api.Parts.Customers[CustomerId.From(b)] = new CustomerRead.Unavailable("replaying", TimeSpan.FromSeconds(2));
        ApiFixture.AssertProblem(await MergeAsync(a, b), HttpStatusCode.ServiceUnavailable, "unavailable");
        Assert.Equal([a], Members((await api.GetAsync($"/v1/identity/customers/{a}")).Body));
    }

    [Theory]
    [InlineData("""{"into":"a"}""", "customer")]
    [InlineData("""{"into":"a","customer":""}""", "customer")]
    [InlineData("""{"into":"a","customer":7}""", "customer")]
    [InlineData("""{"into":"same","customer":"same"}""", "customer")]
    [InlineData("""{"into":"a","customer":"b","id":"42"}""", "id")]
    [InlineData("""{"into":"a","customer":"b","why":"x"}""", "why")]
    [InlineData("""["a","b"]""", "body")]
    [InlineData("""{"into":"a",""", "body")]
    public async Task Merge_WhenTheBodyIsWrong_SaysWhere(string body, string parameter)
    {
        var refused = await api.PostAsync("/v1/identity/merges", body, "application/json");
        ApiFixture.AssertProblem(refused, HttpStatusCode.BadRequest, "bad-body");
        Assert.Equal(parameter, Text(refused.Body, "parameter"));
    }

    [Fact]
    public async Task Bodies_WhenTooLong_AreRefused()
    {
        ApiFixture.AssertProblem(await MergeAsync(Somebody(), new string('x', 129)), HttpStatusCode.BadRequest, "bad-body");
        ApiFixture.AssertProblem(await MergeAsync(Somebody(), Somebody(), reason: new string('x', 501)), HttpStatusCode.BadRequest, "bad-body");
        ApiFixture.AssertProblem(await UnmergeAsync("not-a-uuid"), HttpStatusCode.BadRequest, "bad-body");
    }

    [Fact]
    public async Task Unmerge_OfALinkThatIsNone_IsUnknown() => ApiFixture.AssertProblem(await UnmergeAsync(Guid.NewGuid().ToString()), HttpStatusCode.NotFound, "unknown-link");

    [Fact]
    public async Task Get_OfSomebodyNeverMerged_IsAPersonOfItsOwn()
    {
        var a = Somebody();
        var shown = (await api.GetAsync($"/v1/identity/customers/{a}")).Body;
        Assert.Equal([a], Members(shown));
        Assert.Equal(0, shown.GetProperty("links").GetArrayLength());
        ApiFixture.AssertProblem(await api.GetAsync("/v1/identity/customers/nobody-of-that-name"), HttpStatusCode.NotFound, "unknown-customer");
        ApiFixture.AssertProblem(await api.GetAsync("/v1/identity/customers/%FF"), HttpStatusCode.BadRequest, "bad-parameter");
    }

    [Fact]
    public async Task AtLeast_OfTheIdentityLog_IsReachedOrRefused()
    {
        var (a, b) = (Somebody(), Somebody());
        var number = (await MergeAsync(a, b)).Body.GetProperty("identity").GetInt64();
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync($"/v1/customers/{a}?at_least=identity:{number}")).Response.StatusCode);
        ApiFixture.AssertProblem(await api.GetAsync($"/v1/customers/{a}?at_least=identity:{number + 1000}"), HttpStatusCode.ServiceUnavailable, "unavailable");
        ApiFixture.AssertProblem(await api.GetAsync($"/v1/customers/{a}?at_least=identity:x"), HttpStatusCode.BadRequest, "bad-parameter");
    }

    [Fact]
    public async Task Erase_OfAMergedCustomer_NeedsToBeMeantForAllAndCutsTheLinks()
    {
        var (a, b, c) = (Somebody(), Somebody(), Somebody());
        var id = Text((await MergeAsync(a, b)).Body.GetProperty("link"), "id");
        var refused = await EraseAsync(b);
        ApiFixture.AssertProblem(refused, HttpStatusCode.Conflict, "merged-customer");
        Assert.Equal([a, b], refused.Body.GetProperty("members").EnumerateArray().Select(m => m.GetString()));
        ApiFixture.AssertProblem(await api.SendAsync(new HttpRequestMessage(HttpMethod.Delete, $"/v1/customers/{b}?members=some")), HttpStatusCode.BadRequest, "bad-parameter");

        var erased = await EraseAsync(b, "?members=all");
        Assert.Equal(HttpStatusCode.Accepted, erased.Response.StatusCode);
        Assert.Equal(1, erased.Body.GetProperty("members").GetArrayLength());
        Assert.Equal([b], Members((await api.GetAsync($"/v1/identity/customers/{b}")).Body));
        Assert.Equal(0, (await api.GetAsync($"/v1/identity/customers/{a}")).Body.GetProperty("links").GetArrayLength());
        ApiFixture.AssertProblem(await UnmergeAsync(id), HttpStatusCode.NotFound, "unknown-link");
        Assert.Equal(HttpStatusCode.Created, (await MergeAsync(c, b)).Response.StatusCode); // whoever has the id now
        Assert.Equal(HttpStatusCode.Accepted, (await EraseAsync(a)).Response.StatusCode);
    }

    [Fact]
    public async Task ByIdentifier_WhenAskedWrongly_SaysWhatItNeeds()
    {
        foreach (var (query, code) in ((string, string)[])[("?value=x", "bad-parameter"), ("?kind=shoe&value=x", "bad-parameter"), ("?kind=email", "bad-parameter"), ("?kind=email&value=zoe", "bad-parameter"), ("?kind=crm&value=x&and=y", "bad-parameter")])
            ApiFixture.AssertProblem(await api.GetAsync("/v1/identity/by-identifier" + query), HttpStatusCode.BadRequest, code);
        Assert.DoesNotContain("zoe", (await api.GetAsync("/v1/identity/by-identifier?kind=email&value=zoe")).Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        ApiFixture.AssertProblem(await api.GetAsync("/v1/identity/by-identifier?kind=crm&value=nobody"), HttpStatusCode.NotFound, "unknown-identifier");
        ApiFixture.AssertProblem(await api.GetAsync("/v1/identity/conflicts?cursor=zz"), HttpStatusCode.BadRequest, "bad-parameter");
    }

    [Fact]
    public async Task Conflicts_InPages_AreThoseOfSeveralPersons()
    {
        var people = Enumerable.Range(0, 6).Select(_ => Somebody()).ToArray();
        for (var i = 0; i < 5; i++)
            foreach (var who in (string[])[people[i], people[i + 1]]) api.Parts.Identifiers.All.Add(new KnownIdentifier(CustomerId.From(who), "device", $"page-{i}", 5));
        await MergeAsync(people[1], people[2]);
        var (shown, cursor) = (new List<string?>(), "");
        do
        {
            var page = (await api.GetAsync($"/v1/identity/conflicts?limit=2{cursor}")).Body;
            shown.AddRange(page.GetProperty("conflicts").EnumerateArray().Select(c => c.GetProperty("value").GetString()));
            cursor = page.GetProperty("next").GetString() is { } next ? $"&cursor={next}" : "";
        }
        while (cursor.Length > 0);
        Assert.Equal(["page-0", "page-2", "page-3", "page-4"], shown.Where(v => v!.StartsWith("page-", StringComparison.Ordinal)));
    }

    // --- helpers ----------------------------------------------------------------------------------------------------------------

    private string Somebody()
    {
        var name = $"p{Interlocked.Increment(ref _names)}";
        api.Parts.Customers[CustomerId.From(name)] = new CustomerRead.Found(TestView.Empty(19_675), 1, Partitioner.PartitionOf(CustomerId.From(name).Utf8, MemoryParts.P), 9, 0, ReadSource.Speed);
        return name;
    }

    private Task<(HttpResponseMessage Response, JsonElement Body)> MergeAsync(string into, string customer, Guid? id = null, string? reason = null) =>
        api.PostAsync("/v1/identity/merges", JsonSerializer.Serialize(new { into, customer, id, reason }), "application/json");

    private Task<(HttpResponseMessage Response, JsonElement Body)> UnmergeAsync(string link, string? reason = null) =>
        api.PostAsync("/v1/identity/unmerges", JsonSerializer.Serialize(new { link, reason }), "application/json");

    private Task<(HttpResponseMessage Response, JsonElement Body)> EraseAsync(string customer, string query = "") => api.SendAsync(new HttpRequestMessage(HttpMethod.Delete, $"/v1/customers/{customer}{query}"));

    private static IEnumerable<string?> Members(JsonElement person) => person.GetProperty("members").EnumerateArray().Select(m => m.GetString());

    private static string Text(JsonElement from, string name) => from.GetProperty(name).GetString()!;
}
