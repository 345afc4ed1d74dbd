#if PLAYWRIGHT
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Lambda.Cluster;
using Lambda.Cluster.Options;
using Lambda.TestKit;
using Microsoft.Playwright;
using Xunit;

namespace Lambda.SystemTests.Dashboard;

/// <summary>A real engine with customers, a published run and a line in quarantine; what an empty one shows was looked at before. And the browser to look with.</summary>
public sealed class FilledHost : IAsyncLifetime
{
    private readonly Browser _browser = new();
    public const int Customers = 40;

    private readonly TempFolder _folder = new();
    private readonly HttpClient _http = new();
    private Host? _host;

    public Uri Url
    {
        get
        {
            Browser.SkipIfAbsent();
            LocalWarehouseFixture.SkipIfAbsent();
            return _host!.Url;
        }
    }

    /// <summary>The overview's text before any event came.</summary>
    public string WhenEmpty { get; private set; } = "";

    public async Task InitializeAsync()
    {
        try
        {
            Browser.SkipIfAbsent();
            LocalWarehouseFixture.SkipIfAbsent();
        }
        catch (SkipException)
        {
            return; // the tests say why
        }
        await _browser.InitializeAsync();
        _host = await Host.StartAsync(new LambdaOptions { Dev = true, Data = _folder.File("data"), Port = 0, BatchAt = null }, TimeProvider.System, _ => { }, default);
        _http.BaseAddress = _host.Url;
        await using (var tab = await _browser.OpenAsync(_host.Url))
        {
            await tab.SeesAsync("No events yet");
            WhenEmpty = await tab.TextAsync();
        }
        await FillAsync();
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _browser.DisposeAsync();
        if (_host is not null)
        {
            await _host.StopAsync(default);
            await _host.DisposeAsync();
        }
        _folder.Dispose();
    }

    /// <summary>A tab on this host.</summary>
    public Task<Tab> OpenAsync(string hash = "#/", int width = 1280, ColorScheme scheme = ColorScheme.Light, Func<IPage, Task>? before = null) => _browser.OpenAsync(Url, hash, width, scheme, before);

    /// <summary>A tab on another host.</summary>
    public Task<Tab> OpenAsync(Uri other, string hash = "#/") => _browser.OpenAsync(other, hash);

    public Task BuyAsync(string id, string customer, int minor) => PostAsync(Purchase(id, customer, 0, minor, "groceries"));

    /// <summary>Asks for a decision; the card is nobody's, so it is declined.</summary>
    public async Task AuthorizeAsync(string id, string customer, int minor)
    {
        using var answer = await _http.PostAsync("/v1/authorizations?deadline_ms=10000", JsonContent.Create(new
        {
            transaction_id = id, customer_id = customer, card_token = "tok-nobodys", occurred_at = At(0), amount_minor = minor, currency = "EUR", merchant_id = "m9", country = "AT", channel = "online",
        }));
        Assert.Equal("decline", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("decision").GetString());
    }

    public async Task<JsonElement> GetAsync(string path) => await _http.GetFromJsonAsync<JsonElement>(path);

    private async Task FillAsync()
    {
        var events = new StringBuilder();
        for (var i = 0; i < Customers; i++) Append(events, i == 0 ? "anna" : Invariant($"c{i:000}"), purchases: i == 0 ? 40 : 3 + i % 7, minor: i == 0 ? 20_000 : 1_500 + 100 * i);
        await PostAsync(events.ToString());
        await AuthorizeAsync("first-case", "anna", 45_000);
        var run = await (await _http.PostAsync("/v1/admin/batch/runs", null)).Content.ReadFromJsonAsync<JsonElement>();
        await UntilAsync(async () => (await GetAsync($"/v1/admin/batch/runs/{run.GetProperty("run").GetString()}")).GetProperty("state").GetString() == "published");
        await PostAsync(Purchase("good", "anna", 1, 100, "groceries") + Purchase("bad", "anna", 1, 1, "groceries").Replace("\"amount\":\"0.01\"", "\"amount\":\"0.012\"", StringComparison.Ordinal));
        await UntilAsync(async () => await CountAsync("customer_id = 'anna' and purchases = 41") == 1 && await CountAsync("purchases > 0") == Customers);
    }

    private static void Append(StringBuilder to, string customer, int purchases, int minor)
    {
        to.Append(CultureInfo.InvariantCulture, $$"""{"event_id":"{{customer}}-p","customer_id":"{{customer}}","type":"profile","occurred_at":"{{At(50)}}","full_name":"{{(customer == "anna" ? "Anna Novak" : "Ben Berg")}}","email":"{{customer}}@example.org","city":"Vienna","country":"AT","customer_tier":"gold","customer_since":"2019-04-02"}""").Append('\n');
        for (var n = 0; n < purchases; n++) to.Append(Purchase($"{customer}-{n}", customer, 1 + n * 2 % 80, minor + 10 * n, n % 3 == 0 ? "travel" : "groceries"));
    }

    private static string Purchase(string id, string customer, int daysAgo, int minor, string category) => Invariant(
        $$"""{"event_id":"{{id}}","customer_id":"{{customer}}","type":"transaction","occurred_at":"{{At(daysAgo)}}","amount":"{{minor / 100m:0.00}}","currency":"EUR","direction":"debit","status":"approved","category":"{{category}}","channel":"pos","merchant_id":"m1","merchant_name":"Bio Eck"}""") + "\n";

    private static string At(int daysAgo) => DateTime.UtcNow.AddDays(-daysAgo).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private async Task PostAsync(string lines)
    {
        using var answer = await _http.PostAsync("/v1/events", new StringContent(lines));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private async Task<long> CountAsync(string where)
    {
        using var answer = await _http.PostAsync("/v1/customers/search", JsonContent.Create(new { where, limit = 0, count = true }));
        return answer.IsSuccessStatusCode ? (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("count").GetInt64() : -1;
    }

    public static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var until = DateTime.UtcNow.AddMinutes(1); !await holds(); await Task.Delay(50))
            if (DateTime.UtcNow > until) throw new TimeoutException("it did not come to be within a minute");
    }
}
#endif
