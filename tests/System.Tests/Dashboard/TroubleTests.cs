#if PLAYWRIGHT
using Microsoft.Playwright;
using Xunit;

namespace Lambda.SystemTests.Dashboard;

/// <summary>What a reader is told when something is wrong: a host that is gone, errors, slow answers, endpoints of another version.</summary>
[Collection(BrowserCollection.Name)]
public sealed class TroubleTests(FilledHost host)
{
    private const string Status = "**/v1/admin/status";

    [SkippableFact]
    public async Task Page_WhenTheHostIsGone_SaysSoAndGoesOnWhenItIsBack()
    {
        await using var tab = await host.OpenAsync(before: page => page.RouteAsync(Status, route => route.AbortAsync()));
        await tab.SeesAsync("The host does not answer");
        await tab.SeesAsync("no connection, trying again");
        await tab.Page.UnrouteAsync(Status);
        await tab.SeesAsync("events/s come in");
        Assert.DoesNotContain("does not answer", await tab.TextAsync(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Page_WhenTheHostHasAnError_SaysWhereItsCauseIs()
    {
        await using var tab = await host.OpenAsync("#/customer/anna", before: page => page.RouteAsync("**/v1/customers/anna", Answer(500, "internal", "an unexpected error; the log has it")));
        await tab.SeesAsync("The host had an error");
        await tab.SeesAsync("An unexpected error; the log has it.");
        await tab.Page.UnrouteAsync("**/v1/customers/anna");
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Try again" }).ClickAsync();
        await tab.SeesAsync("Anna Novak");
    }

    [SkippableFact]
    public async Task Page_WhenAnAnswerIsSlow_SaysThatItWaits()
    {
        var released = new TaskCompletionSource();
        await using var tab = await host.OpenAsync("#/customer/anna", before: page => page.RouteAsync("**/v1/customers/anna", async route =>
        {
            await released.Task;
            await route.ContinueAsync();
        }));
        await tab.SeesAsync("Still waiting for the host");
        released.SetResult();
        await tab.SeesAsync("Anna Novak");
        Assert.DoesNotContain("Still waiting", await tab.TextAsync(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Page_WhenTheHostIsBusy_SaysWhenToComeAgain()
    {
        await using var tab = await host.OpenAsync("#/customer/anna", before: page => page.RouteAsync("**/v1/customers/anna", Answer(503, "unavailable", "partition 1 is recovering", retryAfter: 3)));
        await tab.SeesAsync("Not available right now");
        await tab.SeesAsync("Partition 1 is recovering. Try again in 3 s.");
    }

    [SkippableFact]
    public async Task Page_WhenAnEndpointIsMissing_SaysSoAndShowsTheRest()
    {
        await using var tab = await host.OpenAsync("#/customer/anna", before: async page =>
        {
            foreach (var path in new[] { "**/explain*", "**/timeline*", "**/search", "**/segments" }) await page.RouteAsync(path, Answer(404, "no-such-route", "there is nothing here"));
        });
        await tab.SeesAsync("Anna Novak");
        await tab.Page.Locator(".timeline .event-title", new PageLocatorOptions { HasText = "transaction" }).First.WaitForAsync(); // event by event instead
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Spend", Exact = true }).ClickAsync();
        await tab.SeesAsync("The explanation of a value is not on this host");
        await tab.Page.Keyboard.PressAsync("Escape");
        await tab.GoAsync("#/segments");
        await tab.SeesAsync("The size of segments is not on this host");
        Assert.Empty(tab.Errors);
    }

    [SkippableFact]
    public async Task Overview_WhenARunFailed_AlertsAndShowsTheRunbook()
    {
        const string failed = """{"runs":[{"run":"run-x","epoch":9,"state":"failed","definition":"d","started_at":"2026-03-01T01:00:00Z","ended_at":"2026-03-01T01:00:05Z","steps":[{"state":"barriers","ms":5}],"reasons":["2 customers differ <script>alert(1)</script>"],"counts":{}}]}""";
        await using var tab = await host.OpenAsync(before: page => page.RouteAsync("**/v1/admin/batch/runs*", route => route.FulfillAsync(new RouteFulfillOptions { ContentType = "application/json", Body = failed })));
        await tab.SeesAsync("run run-x failed: 2 customers differ <script>alert(1)</script>; the old view stays");
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "LambdaRunFailed" }).ClickAsync();
        await tab.Page.GetByRole(AriaRole.Dialog).GetByText("Nobody is served anything unchecked").WaitForAsync();
        Assert.Empty(tab.Errors);
    }

    [SkippableFact]
    public async Task Overview_WhenAPartitionMoves_WaitsBeforeItAlarms()
    {
        await using var tab = await host.OpenAsync(before: page => page.RouteAsync(Status, async route =>
        {
            var answer = await route.FetchAsync();
            var moving = (await answer.TextAsync()).Replace("\"partition\":0,\"state\":\"ready\",\"reason\":null", "\"partition\":0,\"state\":\"unknown\",\"reason\":\"it is moving\"", StringComparison.Ordinal);
            await route.FulfillAsync(new RouteFulfillOptions { Response = answer, Body = moving });
        }));
        await tab.SeesAsync("nobody answers for partition 0");
        Assert.Equal("pending", await tab.Page.Locator(".alerts .tag").InnerTextAsync()); // a minute's patience, as in Prometheus
        Assert.False(await tab.Page.Locator(".menu .badge").IsVisibleAsync());
        Assert.Empty(tab.Errors);
    }

    private static Func<IRoute, Task> Answer(int status, string kind, string detail, int? retryAfter = null) => route => route.FulfillAsync(new RouteFulfillOptions
    {
        Status = status,
        ContentType = "application/problem+json",
        Headers = retryAfter is { } after ? new Dictionary<string, string> { ["Content-Type"] = "application/problem+json", ["Retry-After"] = $"{after}" } : null,
        Body = $$"""{"type":"urn:lambda:problem:{{kind}}","status":{{status}},"detail":"{{detail}}"}""",
    });
}
#endif
