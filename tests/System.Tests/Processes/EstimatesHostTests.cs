using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Lambda.Cluster;
using Lambda.Cluster.Options;
using Lambda.SystemTests.Http;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Processes;

/// <summary>Estimates as columns of the population, on a real engine: what a row says is what the customer's own answer says, after events and after a new fit.</summary>
public sealed class EstimatesHostTests : IDisposable
{
    private const int Customers = 150;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TempFolder _folder = new();
    private readonly HttpClient _http = new();

    [SkippableFact]
    public async Task Rows_AfterAFitAnEventAndANewFit_SayWhatTheAnswersSay()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        await using var host = await Host.StartAsync(new LambdaOptions { Dev = true, Data = _folder.File("data"), Port = 0, BatchAt = null, Partitions = 2 }, TimeProvider.System, _ => { }, default);
        _http.BaseAddress = host.Url;
        await PostAsync([.. Enumerable.Range(0, Customers).SelectMany(c => Enumerable.Range(0, 1 + c % 5).Select(i => Purchase($"c{c}", $"t{i}", 1 + i * (7 + c % 11) + c % 13)))]);
        await PostAsync(["""{"event_id":"l","customer_id":"looker","type":"login","occurred_at":"2024-01-01T00:00:00Z","success":true}"""]);
        await UntilAsync("lifetime_model is null", Customers + 1); // before the first fit
        await RunAsync();
        await UntilAsync("lifetime_model = 'lifetime-1'", Customers);
        await AssertRowsAsync();

        await PostAsync([Purchase("c7", "new", 0)]);
        await UntilAsync("customer_id = 'c7' and spend_1d > 0", 1);
        await AssertRowsAsync();

        await RunAsync();
        await UntilAsync("lifetime_model = 'lifetime-2'", Customers); // nothing happened to nearly all of them
        await AssertRowsAsync();
        Assert.Equal(1, await CountAsync("lifetime_model is null and p_alive is null"));

        var lookup = await AskAsync("/v1/customers/lookup", new { ids = new[] { "c7", "looker" }, select = new[] { "p_alive", "rfm" } });
        Assert.Equal((await EstimatesAsync("c7")).GetProperty("p_alive").GetRawText(), lookup.GetProperty("customers")[0].GetProperty("values").GetProperty("p_alive").GetRawText());
        Assert.Equal(JsonValueKind.Null, lookup.GetProperty("customers")[1].GetProperty("values").GetProperty("rfm").ValueKind);
        var sql = await AskAsync("/v1/sql", new { sql = "SELECT count() FROM customer_current WHERE p_alive BETWEEN 0 AND 1 AND ltv_365d_minor >= 0" });
        Assert.Equal(Customers, sql.GetProperty("rows")[0][0].GetInt32());
        await host.StopAsync(default);
    }

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    /// <summary>By pages, sorted by an estimate: each row against the customer's own answer, digit for digit.</summary>
    private async Task AssertRowsAsync()
    {
        var (seen, last) = (0, decimal.MinValue);
        for (string? next = null; ;)
        {
            var page = await AskAsync("/v1/customers/search", new { where = "p_alive >= 0", select = new[] { "p_alive", "expected_purchases_90d", "ltv_365d_minor", "rfm", "lifetime_model" }, order_by = new[] { "p_alive" }, limit = 70, cursor = next });
            foreach (var hit in page.GetProperty("customers").EnumerateArray())
            {
                var (values, estimates) = (hit.GetProperty("values"), await EstimatesAsync(hit.GetProperty("customer_id").GetString()!));
                foreach (var name in new[] { "p_alive", "expected_purchases_90d", "ltv_365d_minor", "rfm" }) Assert.Equal(estimates.GetProperty(name).GetRawText(), values.GetProperty(name).GetRawText());
                Assert.Equal(estimates.GetProperty("model").GetString(), values.GetProperty("lifetime_model").GetString());
                Assert.True(values.GetProperty("p_alive").GetDecimal() >= last);
                (seen, last) = (seen + 1, values.GetProperty("p_alive").GetDecimal());
            }
            next = page.GetProperty("next").GetString();
            if (next is null) break;
        }
        Assert.Equal(Customers, seen);
    }

    private static string Purchase(string customer, string id, int daysAgo) => string.Create(CultureInfo.InvariantCulture,
        $$"""{"event_id":"{{id}}","customer_id":"{{customer}}","type":"transaction","occurred_at":"{{DateTime.UtcNow.AddDays(-daysAgo):yyyy-MM-ddTHH:mm:ssZ}}","amount":"{{10 + daysAgo % 17}}.00","currency":"EUR","direction":"debit","status":"approved"}""");

    private async Task<JsonElement> EstimatesAsync(string customer) => JsonDocument.Parse(await _http.GetByteArrayAsync(new Uri($"/v1/customers/{customer}", UriKind.Relative))).RootElement.GetProperty("estimates");

    private async Task PostAsync(string[] lines)
    {
        using var response = await _http.PostAsync(new Uri("/v1/events", UriKind.Relative), new StringContent(string.Join('\n', lines)));
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    private async Task<JsonElement> AskAsync(string path, object body)
    {
        using var response = await _http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json"));
        var text = await response.Content.ReadAsStringAsync();
        return response.StatusCode == HttpStatusCode.OK ? JsonDocument.Parse(text).RootElement : throw new HttpRequestException($"{path}: {text}");
    }

    private async Task<long> CountAsync(string where) => (await AskAsync("/v1/customers/search", new { where, count = true, limit = 0 })).GetProperty("count").GetInt64();

    private async Task UntilAsync(string where, long customers)
    {
        long found = -1;
        for (var until = DateTime.UtcNow + Patience; found != customers && DateTime.UtcNow < until; await Task.Delay(50))
        {
            try
            {
                found = await CountAsync(where);
            }
            catch (HttpRequestException) when (found < 0)
            {
                // The table is being filled for the first time.
            }
        }
        Assert.Equal((where, customers), (where, found));
    }

    private async Task RunAsync()
    {
        using var started = await _http.PostAsync(new Uri("/v1/admin/batch/runs", UriKind.Relative), null);
        var run = JsonDocument.Parse(await started.Content.ReadAsByteArrayAsync()).RootElement.GetProperty("run").GetString();
        for (var state = ""; state != "published"; await Task.Delay(50))
        {
            state = JsonDocument.Parse(await _http.GetByteArrayAsync(new Uri($"/v1/admin/batch/runs/{run}", UriKind.Relative))).RootElement.GetProperty("state").GetString();
            Assert.False(state is "failed" or "abandoned");
        }
    }
}
