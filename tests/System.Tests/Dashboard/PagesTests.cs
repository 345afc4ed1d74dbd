#if PLAYWRIGHT
using Microsoft.Playwright;
using Xunit;

namespace Lambda.SystemTests.Dashboard;

/// <summary>Each page on a real engine, in a real browser.</summary>
[Collection(BrowserCollection.Name)]
public sealed class PagesTests(FilledHost host)
{
    [SkippableFact]
    public void Overview_WhenNothingCameYet_SaysWhatToDoFirst()
    {
        _ = host.Url;
        foreach (var text in new[] { "No events yet", "curl -s -X POST", "/v1/events", "customer anna", "start a batch run", "./lambda import", "No run yet", "All is well" })
            Assert.Contains(text, host.WhenEmpty, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Overview_WhenEventsCame_ShowsWhereTheyAre()
    {
        await using var tab = await host.OpenAsync();
        await tab.SeesAsync($"{FilledHost.Customers} customers");
        await tab.SeesAsync("published");
        await tab.SeesAsync("everything is in answers");
        await tab.SeesAsync("events/s come in");
        await tab.Page.Locator(".chart canvas").First.WaitForAsync(); // after two polls
        Assert.Equal("ready", (await tab.Page.Locator(".health").InnerTextAsync()).Trim());
        Assert.Empty(tab.Errors);
    }

    [SkippableFact]
    public async Task Customer_WhenShown_TellsWhoWhatAndWhy()
    {
        await using var tab = await host.OpenAsync("#/customer/anna");
        await tab.SeesAsync("Anna Novak");
        await tab.SeesAsync("anna@example.org");
        await tab.SeesAsync("Who the customer is"); // a heading of the definition's file
        await tab.SeesAsync("Purchase: Bio Eck");
        var metrics = (await host.GetAsync("/v1/customers/anna")).GetProperty("metrics");
        await tab.SeesAsync(Euro(metrics.GetProperty("spend").GetInt64()));
        await tab.SeesAsync("spend_90d >= 500000 and days_inactive < 14"); // why high_value
        await tab.Page.Locator(".chart canvas").WaitForAsync();
        Assert.Empty(tab.Errors);
    }

    [SkippableFact]
    public async Task Value_WhenExplained_IsPartedIntoBatchAndSpeed()
    {
        await host.BuyAsync("late", "c002", 777);
        await using var tab = await host.OpenAsync("#/customer/c002");
        await tab.SeesAsync("batch + speed");
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Spend", Exact = true }).ClickAsync();
        var open = tab.Page.GetByRole(AriaRole.Dialog).Locator("tr", new LocatorLocatorOptions { HasText = "Open delta" });
        await open.GetByText("€7.77").WaitForAsync();
        await tab.Page.Keyboard.PressAsync("Escape");
        await tab.Page.GetByRole(AriaRole.Dialog).WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Detached });
        Assert.Empty(tab.Errors);
    }

    [SkippableFact]
    public async Task Customer_WhenUnknown_SaysSo()
    {
        await using var tab = await host.OpenAsync("#/customer/" + Uri.EscapeDataString("no/body <b>"));
        await tab.SeesAsync("No event of customer no/body <b> is known");
        Assert.Empty(tab.Errors);
    }

    [SkippableFact]
    public async Task Rule_WhenBuilt_CountsShowsAndExportsItsMembers()
    {
        await using var tab = await host.OpenAsync("#/segments");
        await tab.Page.GetByLabel("Column").FillAsync("spend_90d");
        await tab.Page.GetByLabel("Amount").FillAsync("5000.00");
        await tab.SeesAsync("spend_90d >= 500000");
        await tab.Page.Locator(".count .figure", new PageLocatorOptions { HasText = "1" }).WaitForAsync();
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Show members" }).ClickAsync();
        await tab.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "anna", Exact = true }).WaitForAsync();
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Export" }).ClickAsync();
        var download = await tab.Page.RunAndWaitForDownloadAsync(() => tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Download" }).ClickAsync());
        Assert.EndsWith(".csv", download.SuggestedFilename, StringComparison.Ordinal);
        var rows = await File.ReadAllLinesAsync(await download.PathAsync());
        Assert.Equal(2, rows.Length);
        Assert.Contains("anna", rows[1], StringComparison.Ordinal);
        Assert.Empty(tab.Errors);
    }

    [SkippableFact]
    public async Task Rule_WhenTypedWrong_SaysWhatIsWrongWithIt()
    {
        await using var tab = await host.OpenAsync("#/segments");
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "write it myself" }).ClickAsync();
        await tab.Page.GetByRole(AriaRole.Textbox, new PageGetByRoleOptions { Name = "Condition" }).FillAsync("spendd_90d > 3");
        await tab.Page.Locator(".count .field-error", new PageLocatorOptions { HasText = "spendd_90d" }).WaitForAsync();
    }

    [SkippableFact]
    public async Task Segments_WhenListed_HaveSizesAndMembers()
    {
        await using var tab = await host.OpenAsync("#/segments");
        var row = tab.Page.Locator(".segments li", new PageLocatorOptions { HasText = "High value" });
        await row.Locator(".segment-size", new LocatorLocatorOptions { HasText = "2.5%" }).WaitForAsync(); // 1 of 40
        await row.GetByRole(AriaRole.Link).ClickAsync();
        await tab.SeesAsync($"1 of {FilledHost.Customers} customers");
        Assert.Empty(tab.Errors);
    }

    /// <summary>As hosts answer that note who enters and leaves.</summary>
    [SkippableFact]
    public async Task Segments_WhenTheHostNotesChanges_TellTheirSizesAndSinceWhen()
    {
        await using var tab = await host.OpenAsync("#/segments", before: async page =>
        {
            await page.RouteAsync("**/v1/segments", Answer("""{"segments":[{"segment":"dormant","doc":"","rule":"","size":17}],"meta":{"definition":"d","oldest_epoch":1,"oldest_as_of":null,"rows":50}}"""));
            await page.RouteAsync("**/v1/customers/anna/segments", Answer("""{"segments":[{"segment":"high_value","member":true,"since":{"cause":"event","at":"2026-03-01T10:00:00Z"}}]}"""));
        });
        await tab.Page.Locator(".segments li", new PageLocatorOptions { HasText = "Dormant" }).Locator(".segment-size", new LocatorLocatorOptions { HasText = "1734%" }).WaitForAsync();
        await tab.GoAsync("#/customer/anna");
        await tab.SeesAsync("Since 2026-03-01 10:00:00 UTC, by an event.");
        Assert.Empty(tab.Errors);
    }

    [SkippableFact]
    public async Task Dictionary_WhenFiltered_ShowsWhatFits()
    {
        await using var tab = await host.OpenAsync("#/dictionary");
        await tab.SeesAsync("travel_spend");
        await tab.SeesAsync("expected_purchases_90d");
        await tab.Page.GetByLabel("Filter").FillAsync("points_red");
        await tab.SeesAsync("Reward points redeemed.");
        Assert.DoesNotContain("travel_spend", await tab.TextAsync(), StringComparison.Ordinal);
        Assert.Empty(tab.Errors);
    }

    [SkippableFact]
    public async Task Operations_WhenARunIsStarted_AsksFirstAndFollowsIt()
    {
        await using var tab = await host.OpenAsync("#/operations");
        await tab.SeesAsync("embedded");
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Start a run" }).ClickAsync();
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Start the run" }).ClickAsync();
        await tab.Page.Locator("tr", new PageLocatorOptions { HasText = "-e" }).First.GetByText("published").WaitForAsync(new LocatorWaitForOptions { Timeout = 60_000 });
        Assert.Empty(tab.Errors);
    }

    [SkippableFact]
    public async Task Quarantine_WhenReplayed_TellsWhatCameOfIt()
    {
        await using var tab = await host.OpenAsync("#/operations");
        await tab.SeesAsync("too_many_decimals");
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Replay all" }).ClickAsync();
        await tab.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Replay", Exact = true }).ClickAsync();
        await tab.SeesAsync("0 replayed, 1 refused again.");
    }

    private static Func<IRoute, Task> Answer(string json) => route => route.FulfillAsync(new RouteFulfillOptions { ContentType = "application/json", Body = json });

    private static string Euro(long minor) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"€{minor / 100m:N2}");
}
#endif
