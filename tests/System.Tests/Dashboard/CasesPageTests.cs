#if PLAYWRIGHT
using Microsoft.Playwright;
using Xunit;

namespace Lambda.SystemTests.Dashboard;

/// <summary>An analyst's way from an alert to a verdict, on a real engine, in a real browser.</summary>
[Collection(BrowserCollection.Name)]
public sealed class CasesPageTests(FilledHost host)
{
    [SkippableFact]
    public async Task Queue_WhenAnAlertComes_ShowsItByItself()
    {
        await using var tab = await host.OpenAsync("#/cases");
        await tab.Page.GetByText("live", new PageGetByTextOptions { Exact = true }).WaitForAsync();
        await host.AuthorizeAsync("came-live", "c003", 98_765);
        var row = tab.Page.Locator("tr", new PageLocatorOptions { HasText = "€987.65" });
        await row.WaitForAsync();
        foreach (var text in (string[])["declined", "c003", "unknown card", "open"]) Assert.Contains(text, await row.InnerTextAsync(), StringComparison.Ordinal);
        Assert.Empty(tab.Errors);
    }

    [SkippableFact]
    public async Task Case_WhenWorkedOn_EndsAsALabelInTheLog()
    {
        await host.AuthorizeAsync("worked-on", "c004", 54_321);
        await using var tab = await host.OpenAsync("#/cases");
        await tab.Page.Locator("tr", new PageLocatorOptions { HasText = "€543.21" }).GetByRole(AriaRole.Link).First.ClickAsync();
        await tab.SeesAsync("Nobody did anything yet.");
        await tab.SeesAsync("Purchase: Bio Eck"); // the customer's timeline
        await ClickAsync("Take it");
        await tab.SeesAsync("took it");
        await tab.Page.GetByLabel("A note").FillAsync("She did not answer.");
        await ClickAsync("Add note");
        await tab.SeesAsync("She did not answer.");
        await ClickAsync("Confirm fraud");
        var dialog = tab.Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Why, for whoever").FillAsync("Card was stolen.");
        await dialog.GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Confirm fraud" }).ClickAsync();
        await tab.SeesAsync("Card was stolen.");
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Reopen" }).WaitForAsync();
        await FilledHost.UntilAsync(async () => (await host.GetAsync("/v1/customers/c004/events?limit=50")).GetProperty("events").EnumerateArray().Any(e =>
            e.GetProperty("event") is var it && it.GetProperty("type").GetString() == "fraud_label" && it.GetProperty("transaction_id").GetString() == "worked-on" && it.GetProperty("is_fraud").GetBoolean()));
        Assert.Empty(tab.Errors);

        Task ClickAsync(string name) => tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = name, Exact = true }).ClickAsync();
    }

    [SkippableFact]
    public async Task Case_WhenSomebodyWasFaster_SaysSoAndShowsTheNewState()
    {
        await host.AuthorizeAsync("raced", "c005", 33_333);
        await using var one = await host.OpenAsync("#/cases");
        await one.Page.Locator("tr", new PageLocatorOptions { HasText = "€333.33" }).GetByRole(AriaRole.Link).First.ClickAsync();
        await one.SeesAsync("Nobody did anything yet.");
        await using var two = await host.OpenAsync(new Uri(one.Page.Url).Fragment);
        await two.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Take it" }).ClickAsync();
        await two.SeesAsync("took it");
        await one.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Take it" }).ClickAsync();
        await one.SeesAsync("look at it again");
        await one.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Try again" }).ClickAsync();
        await one.SeesAsync("took it");
    }
}
#endif
