using System.Globalization;
using Lambda.Domain.Events;
using Xunit;
using static Lambda.SpeedLayer.Tests.Polling.MisbehavingApi;

namespace Lambda.SpeedLayer.Tests.Polling;

public sealed class SourcePollerTests(MisbehavingApi api) : IClassFixture<MisbehavingApi>
{
    private static readonly DateTimeOffset T = new(2026, 1, 15, 10, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private static string One(int id) => PollerRig.Item(id, 1, T.AddMinutes(id));

    [Theory]
    [InlineData("items: data\npaging: { next: links.next }", """{"data":[§],"links":{"next":"/contacts?n=2"}}""", """{"data":[§],"links":{"next":null}}""", "/contacts?n=2")]
    [InlineData("paging: { link_header: true }", "[§]", "[§]", "/contacts?n=2")]
    [InlineData("items: data\npaging: { page: page, last: pages }", """{"data":[§],"pages":2}""", """{"data":[§],"pages":2}""", "/contacts?page=2")]
    [InlineData("items: data\npaging: { cursor: after, field: meta.next }", """{"data":[§],"meta":{"next":"a b/="}}""", """{"data":[§],"meta":{"next":""}}""", "/contacts?after=a%20b%2F%3D")]
    public async Task Step_WhenThereAreTwoPages_ReadsBothInTheirWay(string yaml, string first, string second, string asked)
    {
        using var rig = Rig(yaml, (context, n) =>
        {
            if (n == 0) context.Response.Headers.Link = "</contacts?n=0>; rel=\"prev\", </contacts?n=2>; rel=\"next\"";
            return Json(context, (n == 0 ? first : second).Replace("§", One(n + 1), StringComparison.Ordinal));
        });
        Assert.Equal(Minute, await rig.StepAsync());
        Assert.Equal(["crm:1:1", "crm:2:1"], rig.EventIds().Order());
        Assert.Equal((2, asked, null), (api.Asked.Count, api.Asked[1], rig.Poller.Trouble));
    }

    [Fact]
    public async Task Step_WhenPagesAreNumbered_EndsAtAnEmptyOne()
    {
        using var rig = Rig("paging: { page: p, first: 0 }", (context, n) => Json(context, n < 3 ? $"[{One(n)}]" : "[]"));
        await rig.StepAsync();
        Assert.Equal(["/contacts?p=0", "/contacts?p=1", "/contacts?p=2", "/contacts?p=3"], api.Asked);
        Assert.Equal(3, rig.EventIds().Count);
    }

    [Fact]
    public async Task Step_WhenAskedAgain_AsksSinceTheNewestLessTheOverlap()
    {
        using var rig = Rig("since: { parameter: since, field: updated_at, start: 2020-01-01, overlap: 5m }", (context, n) => Json(context, n == 0 ? $"[{One(40)},{One(7)}]" : "[]"));
        await rig.StepAsync();
        rig.Restart();
        await rig.StepAsync();
        Assert.Equal(["/contacts?since=2020-01-01", "/contacts?since=2026-01-15T10%3A35%3A00.000Z"], api.Asked);
    }

    [Fact]
    public async Task Step_WhenTheCursorGoesBackwardsOrAhead_StaysBetweenTheKeptOneAndNow()
    {
        string[] told = ["2026-01-15T11:00:00Z", "2026-01-15T09:00:00Z", "2999-01-01T00:00:00Z", "no time"];
        using var rig = Rig("items: data\nsince: { parameter: since, answer: next }", (context, n) => Json(context, $$"""{"data":[],"next":"{{told[n]}}"}"""));
        for (var i = 0; i < told.Length; i++) await rig.StepAsync();
        Assert.Equal(["/contacts", "/contacts?since=2026-01-15T11%3A00%3A00.000Z", "/contacts?since=2026-01-15T11%3A00%3A00.000Z", "/contacts?since=2026-01-15T12%3A00%3A00.000Z"], api.Asked);
    }

    [Theory]
    [InlineData(429, "90")]
    [InlineData(503, "90")]
    [InlineData(429, "date")]
    public async Task Step_WhenToldToComeLater_WaitsThatLong(int status, string retryAfter)
    {
        PollerRig rig = null!;
        using var _ = rig = Rig("", (context, n) => n == 0
            ? Status(context, status, retryAfter == "date" ? (rig.Time.GetUtcNow() + TimeSpan.FromSeconds(90)).ToString("R", CultureInfo.InvariantCulture) : retryAfter)
            : Json(context, $"[{One(1)}]"));
        await rig.StepAsync();
        Assert.Equal([TimeSpan.FromSeconds(90)], rig.Time.Waits);
        Assert.Single(rig.EventIds());
    }

    [Fact]
    public async Task Step_WhenToldToComeNextYear_ComesInAnHour()
    {
        using var rig = Rig("", (context, n) => n == 0 ? Status(context, 429, "31536000") : Json(context, "[]"));
        await rig.StepAsync();
        Assert.Equal([TimeSpan.FromHours(1)], rig.Time.Waits);
    }

    [Fact]
    public async Task Step_WhenItFailsOnEnd_BacksOffThenLeavesItAlone()
    {
        using var rig = Rig("", (context, _) => Status(context, 500));
        await rig.StepAsync();
        Assert.Equal((5, 4), (api.Asked.Count, rig.Time.Waits.Count));
        Assert.True(rig.Time.Waits.All(w => w > TimeSpan.Zero && w <= TimeSpan.FromSeconds(30)), string.Join(' ', rig.Time.Waits));
        Assert.Equal(("it answers 500", false), (rig.Poller.Trouble, rig.Poller.IsStopped));
        for (var i = 0; i < 5 && !rig.Poller.Trouble!.Contains("left alone", StringComparison.Ordinal); i++) await rig.StepAsync();
        Assert.StartsWith("it keeps failing and is left alone", rig.Poller.Trouble);
        Assert.Equal(10, api.Asked.Count);
        rig.Time.Advance(Minute);
        api.Answer = (context, _) => Json(context, $"[{One(1)}]");
        await rig.StepAsync();
        Assert.Equal((null, 1), (rig.Poller.Trouble, rig.EventIds().Count));
    }

    [Fact]
    public async Task Step_WhenItHangs_GivesUpAndTriesAgain()
    {
        PollerRig rig = null!;
        using var _ = rig = Rig("", (context, n) => n < 2 ? Hang(context, rig.Time.EndAttempts) : Json(context, $"[{One(1)}]"));
        await rig.StepAsync();
        Assert.Equal((3, 1), (api.Asked.Count, rig.EventIds().Count));
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("broken")]
    [InlineData("html")]
    [InlineData("abort")]
    public async Task Step_WhenAnAnswerIsBroken_AsksAgain(string how)
    {
        using var rig = Rig("", (context, n) =>
        {
            if (n > 0) return Json(context, $"[{One(1)}]");
            if (how == "abort") context.Abort();
            return how switch
            {
                "cut" => CutOff(context, $"[{One(1)}"),
                "broken" => Json(context, $"[{One(1)}"),
                "html" => Json(context, "<html>please log in</html>", "text/html"),
                _ => Task.CompletedTask,
            };
        });
        await rig.StepAsync();
        Assert.Equal((2, 1, null), (api.Asked.Count, rig.EventIds().Count, rig.Poller.Trouble));
    }

    [Theory]
    [InlineData(401, "it answers 401: expected 200; look at url, headers")]
    [InlineData(404, "it answers 404")]
    [InlineData(302, "it answers 302: redirects are not followed")]
    public async Task Step_WhenRefused_StopsAndTriesAgainLater(int status, string expected)
    {
        using var rig = Rig("headers: { Authorization: {env: TOKEN, prefix: \"Bearer \"} }", (context, n) =>
        {
            Assert.Equal("Bearer t0p", context.Request.Headers.Authorization.ToString());
            context.Response.Headers.Location = "http://127.0.0.2:1/steal";
            return n == 0 ? Status(context, status) : Json(context, $"[{One(1)}]");
        });
        Assert.Equal(TimeSpan.FromMinutes(5), await rig.StepAsync());
        Assert.StartsWith(expected, rig.Poller.Trouble);
        Assert.True(rig.Poller.IsStopped);
        Assert.DoesNotContain("t0p", string.Join('\n', rig.Told));
        await rig.StepAsync();
        Assert.Equal((null, false, 2), (rig.Poller.Trouble, rig.Poller.IsStopped, api.Asked.Count));
    }

    [Theory]
    [InlineData("http://127.0.0.2:1/steal")]
    [InlineData("https://evil.example/contacts")]
    [InlineData("//evil.example/contacts")]
    public async Task Step_WhenTheNextPageIsWithAnotherHost_NeverAsksThere(string next)
    {
        using var rig = Rig("items: data\npaging: { next: next }", (context, _) => Json(context, $$"""{"data":[],"next":"{{next}}"}"""));
        await rig.StepAsync();
        Assert.Contains("only http://127.0.0.1", rig.Poller.Trouble, StringComparison.Ordinal);
        Assert.True(rig.Poller.IsStopped);
    }

    [Fact]
    public async Task Step_WhenAPageIsHuge_ReadsNoMoreThanAllowed()
    {
        using var rig = Rig("page_bytes: 2000", (context, _) => Json(context, $"[{string.Join(',', Enumerable.Range(1, 1000).Select(One))}]"));
        await rig.StepAsync();
        Assert.StartsWith("a page has more than 2000 bytes", rig.Poller.Trouble);
        Assert.Empty(rig.EventIds());
    }

    [Fact]
    public async Task Step_WhenAPageComesTwiceForItsNumber_WaitsForTheRightOne()
    {
        using var rig = Rig("since: { parameter: since, field: updated_at }\npaging: { page: page }", (context, n) => Json(context, n < 3 ? $"[{One(1)}]" : n == 3 ? $"[{One(2)}]" : "[]"));
        await rig.StepAsync();
        Assert.StartsWith("page 2 is the same as the one before; if there are no more", rig.Poller.Trouble);
        await rig.StepAsync();
        await rig.StepAsync();
        Assert.Equal(["crm:1:1", "crm:2:1"], rig.EventIds().Order());
        Assert.Equal(["/contacts?page=1", "/contacts?page=2", "/contacts?page=2", "/contacts?page=2", "/contacts?page=3"], api.Asked);
    }

    [Fact]
    public async Task Step_WhenTheLinksGoInCircles_StopsGoingAndKeepsTheCursor()
    {
        using var rig = Rig("items: data\npaging: { next: next }\nsince: { parameter: since, field: updated_at }",
            (context, n) => Json(context, $$"""{"data":[{{One(n % 3)}}],"next":"/contacts?n={{n % 3}}"}"""));
        await rig.StepAsync();
        Assert.Contains("the pages go in circles", rig.Poller.Trouble, StringComparison.Ordinal);
        Assert.Null(rig.Poller.Since);
        Assert.Equal(4, api.Asked.Count);
    }

    [Fact]
    public async Task Step_WhenThereAreMorePagesThanOnePollMayRead_GoesOnInTheNext()
    {
        using var rig = Rig("items: data\npaging: { cursor: c, field: next }\npages_max: 2", (context, n) => Json(context, $$"""{"data":[{{One(n)}}],"next":{{(n < 4 ? $"\"{n}\"" : "null")}}}"""));
        Assert.Equal(TimeSpan.Zero, await rig.StepAsync());
        Assert.Equal(TimeSpan.Zero, await rig.StepAsync());
        Assert.Equal(Minute, await rig.StepAsync());
        Assert.Equal(5, rig.EventIds().Count);
    }

    [Fact]
    public async Task Step_WhenTheKeptPageIsGone_BeginsTheWalkAnew()
    {
        using var rig = Rig("items: data\npaging: { cursor: c, field: next }\npages_max: 1", (context, _) => context.Request.Query.ContainsKey("c")
            ? Status(context, 410)
            : Json(context, $$"""{"data":[{{One(1)}}],"next":"old"}"""));
        await rig.StepAsync();
        rig.Restart();
        api.Answer = (context, _) => context.Request.Query.ContainsKey("c") ? Status(context, 410) : Json(context, $$"""{"data":[{{One(1)}},{{One(2)}}]}""");
        await rig.StepAsync();
        await rig.StepAsync();
        Assert.Equal((null, 2), (rig.Poller.Trouble, rig.EventIds().Distinct().Count()));
    }

    [Fact]
    public async Task Step_WhenItDiesBetweenAppendAndCursor_TakesThePageAgain()
    {
        using var rig = Rig("since: { parameter: since, field: updated_at }", (context, _) => Json(context, $"[{One(1)}]"));
        rig.Cursors.Dies = () => true;
        await rig.StepAsync();
        rig.Cursors.Dies = () => false;
        rig.Restart();
        await rig.StepAsync();
        Assert.Equal(["crm:1:1", "crm:1:1"], rig.EventIds()); // a repeat for whoever folds
        Assert.Equal(["/contacts", "/contacts"], api.Asked);
    }

    [Fact]
    public async Task Step_WhenItemsChangeTheirForm_KeepsNewFieldsAndRefusesWrongTypes()
    {
        const string Yaml = "fields: { id: integer, v: integer, who: string, updated_at: time, note: string?, \"address.city\": string? }";
        string[] items =
        [
            One(1), PollerRig.Item(2, 1, T, ""","nickname":"x","note":null,"address":{"city":"Ulm"}"""), PollerRig.Item(3, 1, T, ""","note":7"""),
            """{"id":4,"v":1,"updated_at":"2026-01-15T10:00:00Z"}""", PollerRig.Item(5, 1, T, ""","ann@example.org":1"""), "[6]", PollerRig.Item(7, 1, T, ""","note":"\ud800" """),
        ];
        using var rig = Rig(Yaml, (context, _) => Json(context, $"[{string.Join(',', items)}]"));
        await rig.StepAsync();
        await rig.StepAsync();
        rig.Restart();
        await rig.StepAsync();
        Assert.Equal(["crm:1:1", "crm:2:1", "crm:5:1"], rig.EventIds().Distinct().Order());
        Assert.Equal(
            [("crm:crm:1:2", "note", Reasons.WrongType), ("crm:crm:1:3", "who", Reasons.MissingField), ("crm:crm:1:5", "", Reasons.NotAnObject)],
            rig.Refused().Where(r => r.Reason != Reasons.InvalidEscape));
        Assert.Equal("crm:crm:1:6", Assert.Single(rig.Refused(), r => r.Reason == Reasons.InvalidEscape).Source);
        Assert.Equal(["new fields, kept in the events: nickname"], rig.Told);
        Assert.Equal(["nickname"], rig.Poller.NewFields);
    }

    [Fact]
    public async Task Step_WhenABadItemComesAtEachPoll_IsKeptOnce()
    {
        using var rig = Rig("", (context, n) => Json(context, $$"""[{{string.Concat(Enumerable.Range(2, n).Select(i => One(i) + ","))}}{"id":1}]"""));
        for (var i = 0; i < 4; i++) await rig.StepAsync();
        Assert.Equal([("crm:crm:1:0", "v", Reasons.MissingField)], rig.Refused());
        Assert.Equal((1, 6), (rig.Poller.Refused, rig.Poller.Accepted));
    }

    [Fact]
    public async Task Forget_WhenAsked_BeginsAtTheStart()
    {
        using var rig = Rig("since: { parameter: since, field: updated_at }", (context, _) => Json(context, $"[{One(1)}]"));
        await rig.StepAsync();
        rig.Cursors.Keep("crm", null);
        rig.Poller.Forget();
        await rig.StepAsync();
        Assert.Equal(["/contacts", "/contacts"], api.Asked);
    }

    private PollerRig Rig(string yaml, Func<Microsoft.AspNetCore.Http.HttpContext, int, Task> answer)
    {
        api.Begin(answer);
        return new PollerRig(api.Url, yaml);
    }
}
