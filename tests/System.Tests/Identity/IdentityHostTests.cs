using System.Net;
using System.Text;
using System.Text.Json;
using Lambda.Cluster;
using Lambda.Cluster.Options;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SystemTests.Http;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Identity;

/// <summary>Two customers of two partitions become one person in a real installation and are given back: in answers, histories, rows and segments, over runs and a restart.</summary>
public sealed class IdentityHostTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TempFolder _folder = new();
    private readonly HttpClient _http = new();
    private Uri _base = null!;
    private int _events;

    [SkippableFact]
    public async Task Merge_OfTwoCustomers_IsOnePersonEverywhereUntilItIsTakenBack()
    {
        Skip.If(LocalWarehouse.LibraryPath is null, "no chDB library");
        var host = await StartAsync();
        var (a, b) = (InPartition(0), InPartition(1));
        await PostAsync(Purchases(a, 3, 10_000), Purchases(b, 2, 300_000), Purchases("other", 1, 500));
        await RunAsync();
        await PostAsync(Purchases(a, 1, 10_000), Purchases(b, 1, 300_000));
        await RowsAreAsync((a, 4), (b, 3), ("other", 1));
        var before = (await AnswerAsync(a), await AnswerAsync(b), await HistoryAsync(a), await HistoryAsync(b));

        var merged = await JsonAsync(HttpMethod.Post, "/v1/identity/merges", new { into = a, customer = b }, HttpStatusCode.Created);
        var (ofA, ofB) = (await AnswerAsync(a), await AnswerAsync(b));
        Assert.Equal(ofA.Replace($"\"customer_id\":\"{a}\",\"metrics\"", "", StringComparison.Ordinal), ofB.Replace($"\"customer_id\":\"{b}\",\"metrics\"", "", StringComparison.Ordinal));
        Assert.Equal((7, 940_000), PurchasesOf(ofA));
        Assert.Equal([a, b], JsonDocument.Parse(ofA).RootElement.GetProperty("meta").GetProperty("person").GetProperty("members").EnumerateArray().Select(m => m.GetProperty("customer_id").GetString()));
        await RowsAreAsync((a, 7), ("other", 1));
        var schemas = new JsonSchema(await JsonAsync(HttpMethod.Get, "/openapi/v1.json"));
        foreach (var (path, schema) in ((string, string)[])[("", "Customer"), ("/events", "EventsPage"), ("/timeline", "Timeline"), ("/explain?metric=spend_30d", "Explanation"), ("/segments", "CustomerSegments"), ("/personal-data", "PersonalData")])
            Assert.Empty(schemas.Check(schema, await JsonAsync(HttpMethod.Get, $"/v1/customers/{b}{path}")));
        await PagesAreTheHistoryAsync(a, b);
        Assert.Equal(7, (await JsonAsync(HttpMethod.Get, $"/v1/customers/{b}/explain?metric=purchases")).GetProperty("value").GetInt64());

        await PostAsync(Purchases(b, 1, 300_000)); // of the other's partition
        await RowsAreAsync((a, 8), ("other", 1));
        await RunAsync();
        Assert.Equal((8, 1_240_000), PurchasesOf(await AnswerAsync(b)));
        await host.StopAsync(default);
        await host.DisposeAsync();
        host = await StartAsync();
        Assert.Equal((8, 1_240_000), PurchasesOf(await AnswerAsync(a)));
        await PostAsync(Purchases(a, 1, 10_000), Purchases("other", 1, 500));
        await RowsAreAsync((a, 9), ("other", 2));
        var causes = (await FeedAsync()).Where(c => c.GetProperty("cause").GetString() == "merge").Select(c => $"{c.GetProperty("customer_id")} {c.GetProperty("change")} {c.GetProperty("segment")}").ToList();
        Assert.Contains($"{a} entered high_value", causes);
        Assert.Contains($"{b} left high_value", causes);

        await JsonAsync(HttpMethod.Post, "/v1/identity/unmerges", new { link = merged.GetProperty("link").GetProperty("id").GetString() }, HttpStatusCode.OK);
        await RowsAreAsync((a, 5), (b, 4), ("other", 2));
        Assert.Contains($"{b} entered high_value", (await FeedAsync()).Where(c => c.GetProperty("cause").GetString() == "unmerge").Select(c => $"{c.GetProperty("customer_id")} {c.GetProperty("change")} {c.GetProperty("segment")}"));
        Assert.Equal(await RecomputedAsync(host, a), await RecomputedAsync(host, a, served: true));
        Assert.NotEqual(before.Item1, await AnswerAsync(a)); // it bought something meanwhile
        await host.DisposeAsync();
    }

    [SkippableFact]
    public async Task Unmerge_RightBehindAMerge_GivesTheSameBytes()
    {
        Skip.If(LocalWarehouse.LibraryPath is null, "no chDB library");
        await using var host = await StartAsync();
        string[] customers = [InPartition(0), InPartition(1), InPartition(1, "z"), InPartition(0, "y")];
        await PostAsync([.. customers.Select((c, i) => Purchases(c, i + 1, 1_000 * (i + 1)))]);
        await RunAsync();
        await PostAsync(Purchases(customers[2], 2, 77));
        async Task<string[]> Everything()
        {
            var all = new List<string>();
            foreach (var c in customers) all.AddRange([await AnswerAsync(c), await HistoryAsync(c), await TextAsync($"/v1/customers/{c}/timeline"), await TextAsync($"/v1/customers/{c}/explain?metric=spend")]);
            return [.. all];
        }
        var before = await Everything();
        var links = new List<string>();
        foreach (var (into, other) in ((int, int)[])[(0, 1), (2, 3), (1, 2)])
            links.Add((await JsonAsync(HttpMethod.Post, "/v1/identity/merges", new { into = customers[into], customer = customers[other] }, HttpStatusCode.Created)).GetProperty("link").GetProperty("id").GetString()!);
        Assert.Equal((12, 1_000 + 4_000 + 9_000 + 16_000 + 154), PurchasesOf(await AnswerAsync(customers[3])));
        foreach (var link in (string[])[links[1], links[0], links[2]]) await JsonAsync(HttpMethod.Post, "/v1/identity/unmerges", new { link }, HttpStatusCode.OK);
        Assert.Equal(before, await Everything());
    }

    [SkippableFact]
    public async Task Identify_OfOneIdentifierAtTwoCustomers_IsListedUntilTheyAreOnePersonAndMergesNobody()
    {
        Skip.If(LocalWarehouse.LibraryPath is null, "no chDB library");
        await using var host = await StartAsync();
        var (a, b, hash) = (InPartition(0), InPartition(1), Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("zo\u00eb.q@example.org"u8)));
        await PostAsync([Identify(a, "email", " Zo\u00eb.Q@Example.org ", 1), Identify(a, "device", "d-1", 1)], [Identify(b, "email", hash.ToUpperInvariant(), 2), Identify(b, "crm", "4711", 2)]);
        Assert.Contains(hash, await HistoryAsync(a), StringComparison.Ordinal);
        Assert.DoesNotContain("xample", await HistoryAsync(a), StringComparison.Ordinal);

        var found = await JsonAsync(HttpMethod.Get, "/v1/identity/by-identifier?kind=email&value=zo%C3%AB.q@EXAMPLE.org");
        Assert.Equal([a, b], found.GetProperty("customers").EnumerateArray().Select(c => c.GetProperty("customer_id").GetString()));
        Assert.True(found.GetProperty("is_conflict").GetBoolean());
        var conflict = Assert.Single((await JsonAsync(HttpMethod.Get, "/v1/identity/conflicts")).GetProperty("conflicts").EnumerateArray());
        Assert.Equal(hash, conflict.GetProperty("value").GetString());
        Assert.Equal(1, (await JsonAsync(HttpMethod.Get, $"/v1/identity/customers/{a}")).GetProperty("members").GetArrayLength());

        var link = (await JsonAsync(HttpMethod.Post, "/v1/identity/merges", new { into = a, customer = b }, HttpStatusCode.Created)).GetProperty("link").GetProperty("id").GetString();
        Assert.Empty((await JsonAsync(HttpMethod.Get, "/v1/identity/conflicts")).GetProperty("conflicts").EnumerateArray());
        Assert.Equal(["crm", "device", "email", "email"], (await JsonAsync(HttpMethod.Get, $"/v1/identity/customers/{b}")).GetProperty("identifiers").EnumerateArray().Select(i => i.GetProperty("kind").GetString()));
        await JsonAsync(HttpMethod.Post, "/v1/identity/unmerges", new { link }, HttpStatusCode.OK);

        await PostAsync([Identify(a, "email", hash, 3, isLinked: false)]);
        await HistoryAsync(a); // waits for the sink
        Assert.Equal([b], (await JsonAsync(HttpMethod.Get, $"/v1/identity/by-identifier?kind=email&value={hash}")).GetProperty("customers").EnumerateArray().Select(c => c.GetProperty("customer_id").GetString()));
        Assert.Empty((await JsonAsync(HttpMethod.Get, "/v1/identity/conflicts")).GetProperty("conflicts").EnumerateArray());
        await _http.DeleteAsync(new Uri(_base, $"/v1/customers/{b}"));
        await PostAsync(Purchases(b, 1, 5)); // somebody new
        await HistoryAsync(b);
        await JsonAsync(HttpMethod.Get, "/v1/identity/by-identifier?kind=crm&value=4711", expected: HttpStatusCode.NotFound);
    }

    private string Identify(string customer, string kind, string value, int minute, bool? isLinked = null) => JsonSerializer.Serialize(new Dictionary<string, object?>
    {
        ["event_id"] = $"e{++_events}", ["customer_id"] = customer, ["type"] = "identify", ["occurred_at"] = $"2026-03-01T10:0{minute}:00Z", ["identifier_kind"] = kind, ["identifier"] = value, ["identifier_is_linked"] = isLinked,
    });

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    // --- helpers ----------------------------------------------------------------------------------------------------------------

    private async Task<Host> StartAsync()
    {
        var host = await Host.StartAsync(new LambdaOptions { Dev = true, Data = _folder.File("data"), Port = 0, BatchAt = null, Partitions = 2 }, TimeProvider.System, _ => { }, default);
        _base = host.Url;
        return host;
    }

    private static string InPartition(int partition, string name = "c") =>
        Enumerable.Range(0, 100).Select(i => $"{name}{i}").First(c => Partitioner.PartitionOf(Encoding.UTF8.GetBytes(c), 2) == partition);

    private string[] Purchases(string customer, int count, long minor) =>
        [.. Enumerable.Range(0, count).Select(_ => $$"""{"event_id":"e{{++_events}}","customer_id":"{{customer}}","type":"transaction","occurred_at":"{{DateTime.UtcNow:O}}","amount_minor":{{minor}},"currency":"EUR","direction":"debit","status":"approved"}""")];

    private async Task PostAsync(params string[][] lines)
    {
        var taken = await JsonAsync(HttpMethod.Post, "/v1/events", new StringContent(string.Join('\n', lines.SelectMany(l => l)), Encoding.UTF8, "application/x-ndjson"));
        Assert.Equal(0, taken.GetProperty("rejected").GetArrayLength());
        var positions = string.Join(',', taken.GetProperty("positions").EnumerateObject().Select(p => $"{p.Name}:{p.Value}"));
        foreach (var partition in (int[])[0, 1]) await TextAsync($"/v1/customers/{InPartition(partition)}?at_least={positions}", HttpStatusCode.OK, HttpStatusCode.NotFound);
    }

    private async Task RunAsync()
    {
        var run = (await JsonAsync(HttpMethod.Post, "/v1/admin/batch/runs", expected: HttpStatusCode.Accepted)).GetProperty("run").GetString();
        await UntilAsync(async () => (await JsonAsync(HttpMethod.Get, $"/v1/admin/batch/runs/{run}")).GetProperty("state").GetString() is var state && state == "published" ? null : state);
        var epoch = (await JsonAsync(HttpMethod.Get, "/v1/admin/batch/runs")).GetProperty("runs")[0].GetProperty("epoch").GetInt64();
        await UntilAsync(async () => (await JsonAsync(HttpMethod.Get, $"/v1/customers/{InPartition(0)}")).GetProperty("meta").GetProperty("epoch").GetInt64() == epoch ? null : "not served");
    }

    private Task RowsAreAsync(params (string Customer, long Purchases)[] expected) => UntilAsync(async () =>
    {
        var page = await JsonAsync(HttpMethod.Post, "/v1/customers/search", new { select = new[] { "purchases" }, count = true });
        var rows = page.GetProperty("customers").EnumerateArray().Select(c => (c.GetProperty("customer_id").GetString()!, c.GetProperty("values").GetProperty("purchases").GetInt64())).ToList();
        return rows.Order().SequenceEqual(expected.Order()) ? null : string.Join(' ', rows);
    });

    /// <summary>In pages of two and of one, the history of a person is that of its members in the order of time.</summary>
    private async Task PagesAreTheHistoryAsync(params string[] members)
    {
        var whole = (await JsonAsync(HttpMethod.Get, $"/v1/customers/{members[0]}/events?limit=100")).GetProperty("events").EnumerateArray().Select(e => e.GetRawText()).ToList();
        Assert.Equal(7, whole.Count);
        Assert.Equal(members.Order(), whole.Select(e => JsonDocument.Parse(e).RootElement.GetProperty("member").GetString()).Distinct().Order());
        foreach (var limit in (int[])[1, 2])
        {
            var (paged, cursor) = (new List<string>(), "");
            do
            {
                var page = await JsonAsync(HttpMethod.Get, $"/v1/customers/{members[^1]}/events?limit={limit}{cursor}");
                paged.AddRange(page.GetProperty("events").EnumerateArray().Select(e => e.GetRawText()));
                cursor = page.GetProperty("next").GetString() is { } next ? $"&cursor={next}" : "";
            }
            while (cursor.Length > 0);
            Assert.Equal(whole, paged);
        }
    }

    private async Task<List<JsonElement>> FeedAsync()
    {
        using var response = await _http.GetAsync(new Uri(_base, "/v1/segments/feed?after=0"), HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        var changes = new List<JsonElement>();
        while (await ReadAsync(lines) is { } line)
            if (line.StartsWith("data: ", StringComparison.Ordinal)) changes.Add(JsonDocument.Parse(line[6..]).RootElement);
        return changes;
    }

    private static async Task<string?> ReadAsync(StreamReader lines)
    {
        using var quiet = new CancellationTokenSource(TimeSpan.FromSeconds(1.5));
        try
        {
            return await lines.ReadLineAsync(quiet.Token);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private static async Task<long> RecomputedAsync(Host host, string customer, bool served = false)
    {
        var read = (Serving.Ports.CustomerRead.Found)await host.Engine.Reads.ReadAsync(CustomerId.From(customer), null, null, TimeSpan.Zero, default);
        var answer = served ? read.Answer : (await host.Engine.Recompute.RecomputeAsync(CustomerId.From(customer), read.Applied, read.Answer.AsOfDay, default))!;
        return (long)answer.Scalars[answer.Definition.Outputs.Single(o => o.Name == "spend").Index].Number;
    }

    private Task<string> AnswerAsync(string customer) => TextAsync($"/v1/customers/{customer}");

    private Task<string> HistoryAsync(string customer) => TextAsync($"/v1/customers/{customer}/events?limit=1000");

    private static (long, long) PurchasesOf(string answer)
    {
        var metrics = JsonDocument.Parse(answer).RootElement.GetProperty("metrics");
        return (metrics.GetProperty("purchases").GetInt64(), metrics.GetProperty("spend").GetInt64());
    }

    private Task<JsonElement> JsonAsync(HttpMethod method, string path, object body, HttpStatusCode expected = HttpStatusCode.OK) =>
        JsonAsync(method, path, new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json"), expected);

    private async Task<JsonElement> JsonAsync(HttpMethod method, string path, HttpContent? body = null, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await _http.SendAsync(new HttpRequestMessage(method, new Uri(_base, path)) { Content = body });
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{method} {path}: {response.StatusCode} {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    private async Task<string> TextAsync(string path, params HttpStatusCode[] expected)
    {
        using var response = await _http.GetAsync(new Uri(_base, path));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(expected.Contains(response.StatusCode) || response.IsSuccessStatusCode, $"{path}: {response.StatusCode} {text}");
        return text;
    }

    private static async Task UntilAsync(Func<Task<string?>> whatIsWrong)
    {
        for (var until = DateTime.UtcNow + Patience; await whatIsWrong() is { } wrong; await Task.Delay(50))
            Assert.True(DateTime.UtcNow < until, wrong);
    }
}
