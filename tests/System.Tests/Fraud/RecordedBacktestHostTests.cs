using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Lambda.SystemTests.Cli;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Fraud;

/// <summary>`fraud rules backtest --from --to` against a real engine: decisions that it recorded, out of its warehouse.</summary>
public sealed class RecordedBacktestHostTests(AuthorizationHostTests.Engine engine) : IClassFixture<AuthorizationHostTests.Engine>
{
    private const string Rules = """
        rules:
          - { name: burst, velocity: { count: 2, within: 10m }, decision: decline, reason: BURST }
          - { name: fine, when: status = 'approved' and billing_amount_minor > 4000, decision: review, reason: FINE }
          - { name: tiny, when: billing_amount_minor < 200, decision: decline, reason: TINY, mode: shadow }
        """;

    private static string Today => DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    [SkippableFact]
    public async Task Backtest_OfRecordedDecisions_ChangesNothingWithTheSameRulesAndTellsWhatOthersWould()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var from = Today;
        using (var taken = await engine.Http.PutAsync("/v1/fraud/rules", new StringContent(Rules, Encoding.UTF8, "application/yaml"))) Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
        await PostAsync("""{"type":"card","event_id":"hal-card","customer_id":"hal","card_token":"tok-hal","card_status":"active","occurred_at":"2026-01-01T00:00:00Z"}""");
        string[] amounts = ["1.00", "50.00", "3.00", "60.00"]; // approve, review, and behind the second too many: decline, decline
        foreach (var (i, amount) in amounts.Index()) await AskAsync($"hal-{i}", amount);
        await PostAsync($$"""{"type":"fraud_label","event_id":"hal-label","customer_id":"hal","transaction_id":"hal-3","is_fraud":true,"occurred_at":"{{Now}}"}""");
        await AskAsync("unknown", "1.00", "tok-nobody"); // declined by policy, whatever rules say

        var same = await UntilAsync(from, Rules, r => Count(r, "decisions") == (5, 1));
        Assert.Equal(((0L, 0L), (4L, 1L), 5L, 0L, 0L), (Count(same, "changed"), Count(same, "stopped_now"), same.GetProperty("remade").GetProperty("count").GetInt64(), same.GetProperty("remade").GetProperty("differing").GetInt64(), same.GetProperty("unreadable").GetInt64()));
        Assert.Equal([("burst", (2L, 1L), (2L, 1L)), ("fine", (2L, 1L), (1L, 0L)), ("tiny", (2L, 0L), (1L, 0L))], same.GetProperty("list").EnumerateArray().Select(r => (r.GetProperty("name").GetString()!, Count(r, "fired"), Count(r, "alone"))));

        var none = await BacktestAsync(from, "rules: []");
        Assert.Equal(["approve approve 1", "decline approve 2", "decline decline 1", "review approve 1"], none.GetProperty("changes").EnumerateArray().Select(c => $"{c.GetProperty("recorded")} {c.GetProperty("now")} {Count(c, "decisions").Item1}").Order());
        Assert.Equal(0, (await BacktestAsync("2026-01-01", "rules: []", to: "2026-01-02")).GetProperty("decisions").GetProperty("count").GetInt64());

        var replay = JsonDocument.Parse(await engine.Http.GetStringAsync("/v1/authorizations/hal-3/replay?customer_id=hal")).RootElement;
        Assert.True(replay.GetProperty("identical").GetBoolean(), replay.ToString()); // a declined one, by rules that ask for the status that was asked with
        await CommandAsync(from);
    }

    private async Task CommandAsync(string from)
    {
        using var folder = new TempFolder();
        var file = folder.Write("rules.yaml", Rules.Replace("count: 2", "count: 4", StringComparison.Ordinal));
        var ended = await LambdaProcess.RunAsync("fraud", "rules", "backtest", file, "--from", from, "--to", Today, "--url", engine.Http.BaseAddress!.ToString());
        Assert.Equal(0, ended.ExitCode);
        foreach (var said in (string[])["decline → approve: 1, 0 of them frauds", "decline → review: 1, 1 of them frauds", "5 decisions, 1 frauds by today's labels; 2 would be others", "stopped then 4, precision 25.0 %, 100.0 % of all frauds", "check: 5 made again by the rules that made them, all as recorded"])
            Assert.Contains(said, ended.Output, StringComparison.Ordinal);
        Assert.Equal(2, (await LambdaProcess.RunAsync("fraud", "rules", "backtest", file, "--from", from)).ExitCode);
    }

    private static string Now => DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static (long, long) Count(JsonElement of, string name) => (of.GetProperty(name).GetProperty("count").GetInt64(), of.GetProperty(name).GetProperty("frauds").GetInt64());

    private async Task<JsonElement> UntilAsync(string from, string rules, Func<JsonElement, bool> isSo)
    {
        for (var until = DateTime.UtcNow.AddSeconds(30); ; await Task.Delay(50))
        {
            var report = await BacktestAsync(from, rules);
            if (isSo(report)) return report;
            Assert.True(DateTime.UtcNow < until, report.ToString());
        }
    }

    private async Task<JsonElement> BacktestAsync(string from, string rules, string? to = null)
    {
        using var answer = await engine.Http.PostAsync($"/v1/fraud/rules/backtest?from={from}&to={to ?? Today}", new StringContent(rules, Encoding.UTF8, "application/yaml"));
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, body);
        return JsonDocument.Parse(body).RootElement;
    }

    private async Task AskAsync(string id, string amount, string token = "tok-hal")
    {
        using var answer = await engine.Http.PostAsync("/v1/authorizations", new StringContent(
            $$"""{"transaction_id":"{{id}}","card_token":"{{token}}","amount":"{{amount}}","currency":"EUR","merchant_id":"m","occurred_at":"{{Now}}","deadline_ms":5000}""", Encoding.UTF8, "application/json"));
        Assert.True(JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("recorded").GetBoolean());
    }

    /// <summary>Durable and folded: what folding tells the card directory is told by then.</summary>
    private async Task PostAsync(string line)
    {
        using var answer = await engine.Http.PostAsync("/v1/events", new StringContent(line));
        var (partition, offset) = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("positions").EnumerateObject().Select(p => (p.Name, p.Value.GetInt64())).Single();
        Assert.Equal(HttpStatusCode.OK, (await engine.Http.GetAsync($"/v1/customers/hal?wait_ms=20000&at_least={partition}:{offset}")).StatusCode);
    }
}
