using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Lambda.Cluster;
using Lambda.Cluster.Options;
using Lambda.SystemTests.Http;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Fraud;

/// <summary>Decisions over HTTP on a real engine; customers and cards of their own for each test.</summary>
public sealed class AuthorizationHostTests(AuthorizationHostTests.Engine engine) : IClassFixture<AuthorizationHostTests.Engine>
{
    public sealed class Engine : IAsyncLifetime
    {
        private readonly TempFolder _folder = new();

        internal Host Host { get; private set; } = null!;
        public HttpClient Http { get; } = new();

        public async Task InitializeAsync()
        {
            if (LocalWarehouse.LibraryPath is null) return;
            Host = await Host.StartAsync(new LambdaOptions { Dev = true, Data = _folder.File("data"), Port = 0, BatchAt = null, SinkMs = 50 }, TimeProvider.System, _ => { }, default);
            Http.BaseAddress = Host.Url;
        }

        public async Task DisposeAsync()
        {
            Http.Dispose();
            if (Host is not null)
            {
                await Host.StopAsync(default);
                await Host.DisposeAsync();
            }
            _folder.Dispose();
        }
    }

    [SkippableFact]
    public async Task Authorization_WhenAskedManyTimesAtOnce_IsSpentOnceAndAnsweredTheSame()
    {
        await CardAsync("ann", "tok-ann");
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => AskAsync(Body("ann-1", "tok-ann", "12.50"))));
        Assert.Single(answers, a => !a.GetProperty("repeat").GetBoolean());
        Assert.Single(answers.Select(a => (a.GetProperty("position").GetString(), a.GetProperty("decision").GetString(), a.GetProperty("features").GetRawText(), a.GetProperty("decided_at").GetString())).Distinct());
        Assert.Equal((1250, 1), await SpentAsync("ann"));
        ApiFixture.AssertProblem(await SendAsync(Body("ann-1", "tok-ann", "12.51")), HttpStatusCode.Conflict, "other-content");
        Assert.Equal((1250, 1), await SpentAsync("ann"));
    }

    /// <summary>Later ones see the earlier, in the order of the log, whatever time they name.</summary>
    [SkippableFact]
    public async Task Authorizations_OutOfOrderAndFromTheFuture_AreDecidedInTheOrderOfTheLog()
    {
        await CardAsync("bob", "tok-bob");
        var now = DateTimeOffset.UtcNow;
        var hours = new[] { 0, -48, 23, -1, 0 };
        for (var i = 0; i < hours.Length; i++)
        {
            var answer = await AskAsync(Body($"bob-{i}", "tok-bob", "1.00", at: now.AddHours(hours[i])));
            Assert.Equal(i, answer.GetProperty("features").GetProperty("count").GetInt32());
            var before = hours.Take(i).Count(h => h <= hours[i] && h > hours[i] - 24);
            Assert.Equal(before, answer.GetProperty("features").GetProperty("count_24h").GetInt32());
        }
        Refused(await SendAsync(Body("bob-x", "tok-bob", "1.00", at: now.AddHours(25))), "occurred_at", "occurred_at_in_future");
        Refused(await SendAsync(Body("bob-x", "tok-bob", "1.00").Replace("\"occurred_at\"", "\"at\"", StringComparison.Ordinal)), "occurred_at", "missing_field");
    }

    [SkippableFact]
    public async Task Amounts_ZeroHugeAndImpossible_AreDecidedOrRefused()
    {
        await CardAsync("cid", "tok-cid");
        foreach (var (i, amount) in new[] { "0", "10000000000000.00", "0.01" }.Index()) Assert.True((await AskAsync(Body($"cid-{i}", "tok-cid", amount))).GetProperty("recorded").GetBoolean());
        Refused(await SendAsync(Body("cid-x", "tok-cid", "10000000000000.01")), "amount", "out_of_range");
        Refused(await SendAsync(Body("cid-x", "tok-cid", "-1")), "amount", "out_of_range");
        Refused(await SendAsync(Body("cid-x", "tok-cid", "1.001")), "amount", "too_many_decimals");
    }

    [SkippableFact]
    public async Task Cards_UnknownBlockedAndMoved_AreDecidedByPolicyOrAsTheNewestEventSays()
    {
        var unknown = await AskAsync(Body("dot-1", "tok-dot", "1.00"));
        Assert.Equal(("decline", "UNKNOWN_CARD"), Why(unknown));
        Assert.Equal(1, (await AskAsync(Body("dot-2", "tok-dot", "1.00"))).GetProperty("features").GetProperty("count").GetInt32()); // it is remembered
        await CardAsync("dot", "tok-dot", day: 1);
        Assert.Equal("approve", (await AskAsync(Body("dot-3", "tok-dot", "1.00"))).GetProperty("decision").GetString());
        await CardAsync("dot", "tok-dot", "blocked", day: 3);
        Assert.Equal(("decline", "CARD_BLOCKED"), Why(await AskAsync(Body("dot-4", "tok-dot", "1.00"))));
        await CardAsync("dot", "tok-dot", "active", day: 2); // older than the block: changes nothing
        Assert.Equal("decline", (await AskAsync(Body("dot-5", "tok-dot", "1.00"))).GetProperty("decision").GetString());
        Refused(await SendAsync(Body("dot-6", "tok-dot", "1.00", more: ",\"customer_id\":\"eve\"")), "customer_id", "wrong_customer");
    }

    [SkippableFact]
    public async Task Settlement_AndReversal_ChangeTheStatusAndSpendNothingAgain()
    {
        await CardAsync("fay", "tok-fay");
        await AskAsync(Body("fay-1", "tok-fay", "20.00"));
        foreach (var (type, amount, status) in new[] { ("settlement", "19.00", "settled"), ("reversal", "4.00", "partially_reversed"), ("reversal", "16.00", "reversed") })
        {
            await PostAsync($$"""{"type":"{{type}}","event_id":"{{type}}-{{amount}}","customer_id":"fay","transaction_id":"fay-1","amount":"{{amount}}","currency":"EUR","occurred_at":"{{Now}}"}""", "fay");
            var record = await UntilAsync("/v1/authorizations/fay-1", r => r.GetProperty("status").GetString() == status);
            Assert.Equal("fay", record.GetProperty("customer_id").GetString());
        }
        Assert.Equal((2000, 1), await SpentAsync("fay"));
        Assert.Equal(HttpStatusCode.NotFound, (await engine.Http.GetAsync("/v1/authorizations/nothing")).StatusCode);
    }

    [SkippableTheory]
    [InlineData("{}", "transaction_id", "missing_field")]
    [InlineData("[]", "", "not_an_object")]
    [InlineData("{\"transaction_id\":\"x\"", "", "malformed_json")]
    [InlineData("{\"transaction_id\":\"x\"}", "card_token", "missing_field")]
    [InlineData("{\"transaction_id\":\"4111 1111 1111 1111\",\"card_token\":\"t\"}", "transaction_id", "card_number")]
    [InlineData("{\"transaction_id\":\"x\",\"event_id\":\"y\",\"card_token\":\"t\"}", "event_id", "duplicate_key")]
    [InlineData("{\"transaction_id\":\"x\",\"card_token\":\"t\",\"decision\":\"approve\"}", "decision", "own_field")]
    [InlineData("{\"transaction_id\":\"x\",\"card_token\":\"t\",\"deadline_ms\":1}", "deadline_ms", "out_of_range")]
    public async Task Body_WhenWrong_IsRefusedByFieldAndReason(string body, string field, string reason)
    {
        LocalWarehouseFixture.SkipIfAbsent();
        Refused(await SendAsync(body), field, reason);
    }

    [SkippableFact]
    public async Task Events_ThatClaimADecision_AreRefused()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var response = await engine.Http.PostAsync("/v1/events", new StringContent(
            $$"""{"type":"transaction","event_id":"forged","customer_id":"gil","amount":"1","currency":"EUR","direction":"debit","status":"approved","decision":"approve","occurred_at":"{{Now}}"}"""));
        Assert.Contains("own_field", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    // --- how it is asked --------------------------------------------------------------------------------------------------------

    private static string Now => Text(DateTimeOffset.UtcNow);

    private static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>The same text for the same id: a repeat.</summary>
    private static readonly DateTimeOffset Begin = DateTimeOffset.UtcNow;

    private static string Body(string id, string token, string amount, DateTimeOffset? at = null, string more = "") =>
        $$"""{"transaction_id":"{{id}}","card_token":"{{token}}","amount":"{{amount}}","currency":"EUR","merchant_id":"m","occurred_at":"{{Text(at ?? Begin)}}","deadline_ms":5000{{more}}}""";

    private static (string?, string?) Why(JsonElement answer) => (answer.GetProperty("decision").GetString(), answer.GetProperty("reasons")[0].GetProperty("code").GetString());

    private static void Refused((HttpResponseMessage Response, JsonElement Body) got, string field, string reason)
    {
        ApiFixture.AssertProblem(got, HttpStatusCode.UnprocessableEntity, "invalid-transaction");
        Assert.Equal((field, reason), (got.Body.GetProperty("field").GetString(), got.Body.GetProperty("reason").GetString()));
    }

    private async Task<JsonElement> AskAsync(string body)
    {
        var (response, answer) = await SendAsync(body);
        Assert.True(response.StatusCode == HttpStatusCode.OK, answer.ToString());
        return answer;
    }

    private async Task<(HttpResponseMessage Response, JsonElement Body)> SendAsync(string body)
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var response = await engine.Http.PostAsync("/v1/authorizations", new StringContent(body, Encoding.UTF8, "application/json"));
        return (response, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }

    private Task CardAsync(string customer, string token, string status = "active", int day = 1) => PostAsync(
        $$"""{"type":"card","event_id":"{{token}}-{{status}}-{{day}}","customer_id":"{{customer}}","card_token":"{{token}}","card_status":"{{status}}","occurred_at":"2026-01-0{{day}}T00:00:00Z"}""", customer);

    /// <summary>Durable and folded: what folding tells the card directory is told by then.</summary>
    private async Task PostAsync(string line, string customer)
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var response = await engine.Http.PostAsync("/v1/events", new StringContent(line));
        var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.True(response.StatusCode == HttpStatusCode.OK && body.GetProperty("rejected").GetArrayLength() == 0, body.ToString());
        var (partition, offset) = body.GetProperty("positions").EnumerateObject().Select(p => (p.Name, p.Value.GetInt64())).First();
        Assert.Equal(HttpStatusCode.OK, (await engine.Http.GetAsync($"/v1/customers/{customer}?wait_ms=20000&at_least={partition}:{offset}")).StatusCode);
    }

    private async Task<(int Spend, int Purchases)> SpentAsync(string customer)
    {
        var metrics = JsonDocument.Parse(await engine.Http.GetStringAsync($"/v1/customers/{customer}")).RootElement.GetProperty("metrics");
        return (metrics.GetProperty("spend").GetInt32(), metrics.GetProperty("purchases").GetInt32());
    }

    private async Task<JsonElement> UntilAsync(string path, Func<JsonElement, bool> isSo)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var response = await engine.Http.GetAsync(path, patience.Token);
            var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(patience.Token)).RootElement;
            if (response.StatusCode == HttpStatusCode.OK && isSo(body)) return body;
            await Task.Delay(50, patience.Token);
        }
    }
}
