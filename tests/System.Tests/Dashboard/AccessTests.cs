#if PLAYWRIGHT
using System.Text.Json;
using Microsoft.Playwright;
using Xunit;

namespace Lambda.SystemTests.Dashboard;

/// <summary>The dashboard for everybody: by keyboard alone, on a phone, in the dark, by ear.</summary>
[Collection(BrowserCollection.Name)]
public sealed class AccessTests(FilledHost host)
{
    private static readonly (string Hash, string Sign)[] Pages =
    [
        ("#/", "events/s come in"), ("#/customer/anna", "Purchase: Bio Eck"), ("#/segments", "High value"), ("#/segments/high_value", "Members"),
        ("#/dictionary", "travel_spend"), ("#/operations", "Quarantine"), ("#/cases", "Queue"), ("#/cases/1", "Case #1"),
    ];

    [SkippableFact]
    public async Task Pages_WhenUsedByKeyboard_NeedNoPointer()
    {
        await using var tab = await host.OpenAsync();
        await tab.SeesAsync("events/s come in");
        var keyboard = tab.Page.Keyboard;
        await keyboard.PressAsync("Tab");
        Assert.Equal("Skip to the page", await FocusedAsync(tab));
        await keyboard.PressAsync("Enter");
        Assert.Equal("main", await tab.Page.EvaluateAsync<string>("document.activeElement.id"));
        await keyboard.PressAsync("/");
        await keyboard.TypeAsync("anna");
        await keyboard.PressAsync("Enter");
        await tab.SeesAsync("Anna Novak");
        Assert.Equal("main", await tab.Page.EvaluateAsync<string>("document.activeElement.id")); // where the new page begins
        for (var i = 0; i < 40 && await FocusedAsync(tab) != "High value"; i++) await keyboard.PressAsync("Tab");
        await keyboard.PressAsync("Enter");
        await tab.Page.GetByRole(AriaRole.Dialog).GetByText("It reads").WaitForAsync();
        await keyboard.PressAsync("Escape");
        await tab.Page.GetByRole(AriaRole.Dialog).WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Detached });
        Assert.Equal("High value", await FocusedAsync(tab)); // back to where the reader was
        Assert.NotEqual("none", await tab.Page.EvaluateAsync<string>("getComputedStyle(document.activeElement).outlineStyle"));
    }

    [SkippableFact]
    public async Task Pages_OnAPhone_FitItsWidth()
    {
        await using var tab = await host.OpenAsync(width: 360);
        foreach (var (hash, sign) in Pages)
        {
            await tab.GoAsync(hash);
            await tab.SeesAsync(sign);
            Assert.True(await tab.Page.EvaluateAsync<int>("document.documentElement.scrollWidth - innerWidth") <= 0, $"{hash} is wider than a phone");
            Assert.True(await tab.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Operations", Exact = true }).IsVisibleAsync(), hash);
        }
    }

    [SkippableTheory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Pages_InBothColours_HaveContrastNamesAndOneHeading(ColorScheme scheme)
    {
        await using var tab = await host.OpenAsync(scheme: scheme);
        foreach (var (hash, sign) in Pages)
        {
            await tab.GoAsync(hash);
            await tab.SeesAsync(sign);
            var faults = await tab.Page.EvaluateAsync<string[]>(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "tests/System.Tests/Dashboard/access.js")));
            Assert.True(faults.Length == 0, $"{hash}, {scheme}:\n{string.Join('\n', faults)}");
        }
        Assert.Empty(tab.Errors);
        var page = await tab.Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");
        Assert.Equal(scheme == ColorScheme.Dark, page.Contains("15, 17, 25", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Colours_WhenChosen_OverruleTheSystemAndStay()
    {
        await using var tab = await host.OpenAsync(scheme: ColorScheme.Light);
        var button = tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Colours" });
        await button.ClickAsync();
        await button.ClickAsync(); // system → light → dark
        Assert.Equal("dark", await tab.Page.EvaluateAsync<string>("document.documentElement.dataset.theme"));
        await tab.Page.ReloadAsync();
        await tab.SeesAsync("events/s come in");
        Assert.Equal("dark", await tab.Page.EvaluateAsync<string>("document.documentElement.dataset.theme"));
    }

    private static async Task<string> FocusedAsync(Tab tab) => (await tab.Page.EvaluateAsync<JsonElement>("document.activeElement.innerText ?? ''")).GetString()!.Trim();
}
#endif
