#if PLAYWRIGHT
using Lambda.Serving.Security;
using Lambda.SystemTests.Security;
using Microsoft.Playwright;
using Xunit;

namespace Lambda.SystemTests.Dashboard;

/// <summary>A host with keys: the page asks for one, keeps it in its tab, and shows what the key may see.</summary>
[Collection(BrowserCollection.Name)]
public sealed class KeyPromptTests(FilledHost host)
{
    [SkippableFact]
    public async Task Page_WhenAKeyIsNeeded_AsksKeepsAndForgetsIt()
    {
        _ = host.Url; // there is a browser
        var api = new SecuredApi();
        await api.InitializeAsync();
        try
        {
            await using var tab = await host.OpenAsync(api.Url, "#/customer/anna");
            var requests = new List<string>();
            tab.Page.Request += (_, request) => { lock (requests) requests.Add(request.Url); };
            var input = tab.Page.GetByLabel("API key");
            await EnterAsync(tab, "not a key");
            await tab.SeesAsync("A key begins with lk_");
            await EnterAsync(tab, "lk_0123456789abcdef0123456789abcdef");
            await tab.SeesAsync("The host did not take the key");

            var key = api.NewKey(Roles.Marketing);
            await EnterAsync(tab, key);
            await tab.SeesAsync("personal data is masked");
            await tab.GoAsync("#/");
            await tab.SeesAsync("How the engine is, is shown to keys of the roles sre and admin");
            Assert.Equal(key, await tab.Page.EvaluateAsync<string>("sessionStorage.getItem('lambda-key')"));
            Assert.Equal(0, await tab.Page.EvaluateAsync<int>("localStorage.length + document.cookie.length"));
            lock (requests) Assert.DoesNotContain(requests, url => url.Contains("lk_", StringComparison.Ordinal));

            await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Forget the key" }).ClickAsync();
            await input.WaitForAsync();
            Assert.Null(await tab.Page.EvaluateAsync<string?>("sessionStorage.getItem('lambda-key')"));
            Assert.Empty(tab.Errors);
        }
        finally
        {
            await api.DisposeAsync();
        }
    }

    private static async Task EnterAsync(Tab tab, string key)
    {
        await tab.Page.GetByLabel("API key").FillAsync(key);
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Continue" }).ClickAsync();
    }
}
#endif
