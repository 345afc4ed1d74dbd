using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Lambda.Serving.Api;
using Lambda.SystemTests.Processes;
using Lambda.TestKit;
using Lambda.TestKit.Cards;
using Xunit;

namespace Lambda.SystemTests.Cards;

/// <summary>Card numbers sent through every endpoint, in every place and spelling, are found nowhere: no answer, log, metric or file of the data folder.</summary>
public sealed class TaintTests
{
    private const int Partitions = 2;

    private static readonly string[] Headers =
    [
        "User-Agent", "X-Request-Id", "Request-Id", "Correlation-Context", "baggage", "tracestate", "Referer", "Cookie", "Origin", "Forwarded", "X-Forwarded-For", "Via", "From", "Accept", "Accept-Encoding",
        "If-None-Match", "Idempotency-Key", "Last-Event-ID", "X-Unknown",
    ];

    private readonly List<(string Place, byte[] Bytes)> _seen = [];

    [SkippableFact]
    public async Task CardNumbers_SentThroughEveryEndpoint_AreFoundNowhere()
    {
        Skip.If(LocalWarehouse.LibraryPath is null, "this machine has no library for the local warehouse");
        using var folder = new TempFolder();
        var (data, spans) = (folder.File("data"), Directory.CreateDirectory(folder.File("spans")).FullName);
        await using (var host = await RunningHost.StartTracedAsync(data, spans, "--partitions", Text(Partitions)))
        {
            using var http = new HttpClient { BaseAddress = host.Url };
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", host.AdminKey);
            foreach (var operation in Serving.Api.Operations.All) await AttackAsync(http, operation);
            await EventsAsync(http);
            await CardAsync(http);
            await ReadBackAsync(http);
            await WarehouseAsync(host, http, folder);
            Assert.Equal(0, await host.TerminateAsync());
            _seen.AddRange([("stderr", Encoding.UTF8.GetBytes(host.Errors)), ("stdout", Encoding.UTF8.GetBytes(await host.OutputAsync()))]);
        }
        foreach (var file in Directory.EnumerateFiles(spans)) _seen.Add((file, await File.ReadAllBytesAsync(file)));
        _seen.AddRange(await DataFolder.AllAsync(data, Partitions));
        AssertSeen("log ", "bob-card"u8);
        AssertSeen("spans-", "url.path"u8);
        AssertSeen("spans-", "SELECT"u8);
        Assert.True(CardCanaries.Leaks(_seen) is [], string.Join("\n", CardCanaries.Leaks(_seen)));
    }

    /// <summary>What is looked through holds what it should hold: else nothing would be found in it either.</summary>
    private void AssertSeen(string place, ReadOnlySpan<byte> text)
    {
        foreach (var (name, bytes) in _seen)
            if (name.Contains(place, StringComparison.Ordinal) && bytes.AsSpan().IndexOf(text) >= 0) return;
        Assert.Fail($"{place}: `{Encoding.UTF8.GetString(text)}` is nowhere in it");
    }

    /// <summary>Tables and exports, when everything has arrived there.</summary>
    private async Task WarehouseAsync(RunningHost host, HttpClient http, TempFolder folder)
    {
        var warehouse = new Uri((await host.GetAsync("/v1/admin/status")).GetProperty("warehouse").GetProperty("url").GetString()!);
        using var client = new HttpClient { BaseAddress = warehouse };
        for (var until = DateTime.UtcNow.AddSeconds(60); await WarehouseDump.AskAsync(client, "SELECT uniqExact(customer_id) FROM lambda.raw_events WHERE customer_id IN ('ann', 'bob') UNION ALL SELECT count() >= 2 FROM lambda.customer_current") is not "2\n1\n" and var found; await Task.Delay(50))
            Assert.True(DateTime.UtcNow < until, $"not everything arrived in the warehouse: {found}");
        foreach (var format in (string[])["ndjson", "csv", "parquet"])
            await SendAsync(http, "POST", "/v1/exports", $$"""{"format":"{{format}}"}""", then: (status, bytes) => Unpacked(client, folder, format, status, bytes));
        _seen.AddRange(await WarehouseDump.OfAsync(warehouse));
        AssertSeen("raw_events", "bob-card"u8);
        AssertSeen("parquet", "ann"u8);
    }

    /// <summary>Columns of Parquet are compressed.</summary>
    private async Task Unpacked(HttpClient warehouse, TempFolder folder, string format, int status, byte[] bytes)
    {
        Assert.Equal(200, status);
        if (format != "parquet") return;
        await File.WriteAllBytesAsync(folder.File("all.parquet"), bytes);
        _seen.Add(("parquet", Encoding.UTF8.GetBytes(await WarehouseDump.AskAsync(warehouse, $"SELECT * FROM file('{folder.File("all.parquet")}', 'Parquet') FORMAT JSONEachRow"))));
    }

    /// <summary>The search itself, so that finding nothing means something.</summary>
    [Fact]
    public void Search_WhenSomethingLeaked_FindsItInEverySpelling()
    {
        foreach (var spelling in CardCanaries.Spellings(CardCanaries.Known[0])) Assert.Single(CardCanaries.Leaks([("planted", [1, 2, .. Encoding.UTF8.GetBytes(spelling), 0])]));
        Assert.Single(CardCanaries.Leaks([("planted", Encoding.Unicode.GetBytes(CardCanaries.Known[1]))]));
        Assert.Empty(CardCanaries.Leaks([("clean", Encoding.UTF8.GetBytes("************4567 tok_aaaaaaaa_bbbb"))]));
    }

    private async Task AttackAsync(HttpClient http, Operation operation)
    {
        foreach (var (i, spelling) in CardCanaries.Known.SelectMany(CardCanaries.Spellings).Index())
        {
            if (i % 7 != operation.Id.Length % 7 && i > 2) continue; // each endpoint gets a share of the spellings, all together get all
            var encoded = Uri.EscapeDataString(spelling);
            var path = string.Join('/', operation.Path.Split('/').Select(p => p.StartsWith('{') ? encoded : p));
            var plain = string.Join('/', operation.Path.Split('/').Select(p => p.StartsWith('{') ? "none-such" : p));
            await SendAsync(http, operation.Method, path, null);
            foreach (var parameter in operation.Parameters.Where(p => p.Place == ParameterPlace.Query).Select(p => p.Name).Append("unknown")) await SendAsync(http, operation.Method, $"{plain}?{parameter}={encoded}", null);
            await SendAsync(http, operation.Method, plain, null, spelling);
            if (operation.Request is null) continue;
            var text = JsonSerializer.Serialize(spelling);
            string[] bodies =
            [
                $$"""{"name":{{text}},"sql":{{text}},"ids":[{{text}}],"reason":{{text}},"where":{{text}},"url":{{text}},"into":{{text}},"customer":{{text}},"source":{{text}},"card_number":{{text}},"deep":{"a":[{{text}}]} }""",
                $"{{\"card_number\":{text}", text, spelling, $"name: {spelling}\n", $$"""{"{{spelling}}":1,"n":{{CardCanaries.Known[0]}}}""",
            ];
            foreach (var body in bodies) await SendAsync(http, operation.Method, plain, body);
            await SendAsync(http, operation.Method, plain, bodies[0], gzip: true);
        }
    }

    /// <summary>Events as they come, good and bad, and what is asked about them afterwards.</summary>
    private async Task EventsAsync(HttpClient http)
    {
        var n = 0;
        foreach (var spelling in CardCanaries.Known.SelectMany(CardCanaries.Spellings))
        {
            var text = JsonSerializer.Serialize(spelling);
            string Event(string more, string id = "") => $$"""{"type":"transaction","event_id":"e{{n++}}-{{id}}","customer_id":"ann","occurred_at":"2026-01-01T00:00:00Z","amount":"1.00","currency":"EUR","direction":"debit","status":"approved",{{more}} }""";
            var escaped = $"\"\\u00{(int)spelling[0]:x2}{spelling[1..]}\"";
            string[] events = [Event($"\"card_number\":{text}"), Event($"\"card_number\":{escaped}"), Event($"\"note\":{text}"), Event($"\"deep\":{{\"x\":[{text},{escaped}]}}"), Event("\"x\":1", spelling), Event($"{text}:1"), Event($"\"merchant_name\":{text}") + "}"];
            await SendAsync(http, "POST", "/v1/events", string.Join('\n', events));
            await SendAsync(http, "POST", "/v1/events", string.Join('\n', events), gzip: true);
            foreach (var more in (string[])[$"\"card_number\":{text}", $"\"card_number\":{escaped},\"note\":{text},\"n\":{CardCanaries.Known[2]}", $"\"card_token\":{text}"])
                await SendAsync(http, "POST", "/v1/authorizations", $$"""{"transaction_id":"a{{n++}}","customer_id":"ann","amount":"1.00","currency":"EUR","occurred_at":"{{DateTime.UtcNow:yyyy-MM-dd'T'HH:mm:ss'Z'}}",{{more}} }""");
        }
        foreach (var spelling in CardCanaries.Private.SelectMany(CardCanaries.Spellings))
        {
            var number = $"\"card_number\":\"{spelling}\"";
            string Event(string more) => $$"""{"type":"transaction","event_id":"p{{n++}}","occurred_at":"2026-01-01T00:00:00Z","amount":"1.00","currency":"EUR","direction":"debit","status":"approved",{{more}} }""";
            string[] events = [Event($"\"customer_id\":\"ann\",{number}"), Event(number), Event($"{number},{number},\"customer_id\":\"ann\""), Event($"\"deep\":{{{number}}},\"customer_id\":\"ann\""), Event($"\"deep\":[{{{number}}}],{number}"), Event($"{number},\"customer_id\":\"ann\"") + "}", Event($"\"customer_id\":\"ann\",\"card_number\":[{JsonSerializer.Serialize(spelling)}]")];
            await SendAsync(http, "POST", "/v1/events", string.Join('\n', events));
            foreach (var more in (string[])[number, $"{number},{number}", $"\"deep\":{{{number}}}"]) await SendAsync(http, "POST", "/v1/authorizations", $$"""{"transaction_id":"q{{n++}}","customer_id":"ann","amount":"1.00","currency":"EUR","occurred_at":"{{DateTime.UtcNow:yyyy-MM-dd'T'HH:mm:ss'Z'}}",{{more}} }""");
            await SendAsync(http, "POST", "/v1/authorizations", $"{{\"transaction_id\":7,{number},");
        }
        await SendAsync(http, "POST", "/v1/admin/quarantine/replay", "{}");
    }

    /// <summary>First and last digits are shown by the token to who has the right, and to nobody else.</summary>
    private static async Task CardAsync(HttpClient http)
    {
        using var posted = await http.PostAsync("/v1/events", new StringContent($$"""{"type":"card","event_id":"bob-card","customer_id":"bob","occurred_at":"2026-01-01T00:00:00Z","card_status":"active","card_number":"{{CardCanaries.Known[0]}}"}"""));
        var position = JsonDocument.Parse(await posted.Content.ReadAsStringAsync()).RootElement.GetProperty("positions").EnumerateObject().Select(p => $"{p.Name}:{p.Value}").Single();
        using (var there = await http.GetAsync($"/v1/customers/bob?wait_ms=20000&at_least={position}")) Assert.True(there.IsSuccessStatusCode);
        using var made = JsonDocument.Parse(await http.GetStringAsync("/v1/customers/bob/events"));
        var token = made.RootElement.GetProperty("events")[0].GetProperty("event").GetProperty("card_token").GetString();
        using var card = JsonDocument.Parse(await http.GetStringAsync($"/v1/cards/{token}"));
        Assert.Equal(("bob", "49295746", CardCanaries.Known[0][^4..]), (card.RootElement.GetProperty("customer_id").GetString(), card.RootElement.GetProperty("bin").GetString(), card.RootElement.GetProperty("last_four").GetString()));
        using var key = await http.PostAsync("/v1/admin/keys", new StringContent("""{"name":"blind","roles":["fraud"],"pii":false}""", Encoding.UTF8, "application/json"));
        using var blind = new HttpRequestMessage(HttpMethod.Get, $"/v1/cards/{token}");
        blind.Headers.Authorization = new AuthenticationHeaderValue("Bearer", JsonDocument.Parse(await key.Content.ReadAsStringAsync()).RootElement.GetProperty("key").GetString());
        using var refused = await http.SendAsync(blind);
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, refused.StatusCode);
    }

    private async Task ReadBackAsync(HttpClient http)
    {
        foreach (var path in (string[])["/metrics", "/v1/customers/ann", "/v1/customers/ann/events", "/v1/customers/ann/personal-data", "/v1/admin/quarantine?limit=1000", "/v1/admin/audit?limit=1000", "/v1/admin/status", "/v1/customers/ann/timeline", "/v1/segments", "/v1/authorizations/a1", "/v1/authorizations/a1/replay", "/v1/admin/imports", "/v1/fraud/rules", "/v1/models/fraud"]) await SendAsync(http, "GET", path, null);
    }

    private async Task SendAsync(HttpClient http, string method, string path, string? body, string? header = null, bool gzip = false, Func<int, byte[], Task>? then = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (header is not null)
        {
            foreach (var name in Headers) request.Headers.TryAddWithoutValidation(name, name is "baggage" or "Correlation-Context" or "tracestate" or "Cookie" ? $"card={header}" : header);
            request.Headers.TryAddWithoutValidation("traceparent", header.Length == 16 ? $"00-0af7651916cd43dd8448eb211c80319c-{header}-01" : header);
        }
        if (body is not null) request.Content = gzip ? new ByteArrayContent(Folded(body)) { Headers = { ContentEncoding = { "gzip" } } } : new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(path.Contains("feed", StringComparison.Ordinal) || path.Contains("stream", StringComparison.Ordinal) ? 1 : 20));
        try
        {
            using var answer = await http.SendAsync(request, patience.Token);
            var bytes = await answer.Content.ReadAsByteArrayAsync(patience.Token);
            _seen.Add(($"{method} {path.Split('?')[0]} answers {(int)answer.StatusCode}", [.. Encoding.UTF8.GetBytes(answer.Headers.ToString()), .. bytes]));
            if (then is not null) await then((int)answer.StatusCode, bytes);
        }
        catch (OperationCanceledException)
        {
            // A stream without an end, of which nothing came.
        }
    }

    private static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static byte[] Folded(string text)
    {
        using var to = new MemoryStream();
        using (var zip = new GZipStream(to, CompressionLevel.Fastest)) zip.Write(Encoding.UTF8.GetBytes(text));
        return to.ToArray();
    }
}
