using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Lambda.Domain.Cards;
using Lambda.Serving.Api;
using Lambda.SystemTests.Processes;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Cards;

/// <summary>Card numbers sent through every endpoint, in every place and spelling, are found nowhere: no answer, log, metric or file of the data folder.</summary>
public sealed class TaintTests
{
    /// <summary>Test numbers of several brands; every one of them only occurs here.</summary>
    private static readonly string[] Canaries = ["4929574681234567", "5425233430109903", "374245455400126", "6011000991300009", "3566002020360505", "30569309025904", "6304000000000000000"];

    private static readonly string[] Valid = [.. Canaries.Select(Corrected)];

    private readonly List<(string Place, byte[] Bytes)> _seen = [];

    [SkippableFact]
    public async Task CardNumbers_SentThroughEveryEndpoint_AreFoundNowhere()
    {
        Skip.If(LocalWarehouse.LibraryPath is null, "this machine has no library for the local warehouse");
        using var folder = new TempFolder();
        var data = folder.File("data");
        await using (var host = await RunningHost.StartSecuredAsync(data, null))
        {
            using var http = new HttpClient { BaseAddress = host.Url };
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", host.AdminKey);
            foreach (var operation in Serving.Api.Operations.All) await AttackAsync(http, operation);
            await EventsAsync(http);
            await CardAsync(http);
            await ReadBackAsync(http);
            Assert.Equal(0, await host.TerminateAsync());
            _seen.Add(("stderr", Encoding.UTF8.GetBytes(host.Errors)));
        }
        foreach (var file in Directory.EnumerateFiles(data, "*", SearchOption.AllDirectories)) _seen.Add((file, await File.ReadAllBytesAsync(file)));
        Assert.Contains(_seen, s => s.Place.EndsWith("log.db", StringComparison.Ordinal));
        Assert.True(Leaks(_seen) is [], string.Join("\n", Leaks(_seen)));
    }

    /// <summary>The search itself, so that finding nothing means something.</summary>
    [Fact]
    public void Search_WhenSomethingLeaked_FindsItInEverySpelling()
    {
        foreach (var spelling in Spellings(Valid[0])) Assert.Single(Leaks([("planted", [1, 2, .. Encoding.UTF8.GetBytes(spelling), 0])]));
        Assert.Single(Leaks([("planted", Encoding.Unicode.GetBytes(Valid[1]))]));
        Assert.Empty(Leaks([("clean", Encoding.UTF8.GetBytes("************4567 tok_aaaaaaaa_bbbb"))]));
    }

    private async Task AttackAsync(HttpClient http, Operation operation)
    {
        foreach (var (i, spelling) in Valid.SelectMany(Spellings).Index())
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
                $"{{\"card_number\":{text}", text, spelling, $"name: {spelling}\n", $$"""{"{{spelling}}":1,"n":{{Valid[0]}}}""",
            ];
            foreach (var body in bodies) await SendAsync(http, operation.Method, plain, body);
            await SendAsync(http, operation.Method, plain, bodies[0], gzip: true);
        }
    }

    /// <summary>Events as they come, good and bad, and what is asked about them afterwards.</summary>
    private async Task EventsAsync(HttpClient http)
    {
        var n = 0;
        foreach (var spelling in Valid.SelectMany(Spellings))
        {
            var text = JsonSerializer.Serialize(spelling);
            string Event(string more, string id = "") => $$"""{"type":"transaction","event_id":"e{{n++}}-{{id}}","customer_id":"ann","occurred_at":"2026-01-01T00:00:00Z","amount":"1.00","currency":"EUR","direction":"debit","status":"approved",{{more}} }""";
            var escaped = $"\"\\u00{(int)spelling[0]:x2}{spelling[1..]}\"";
            string[] events = [Event($"\"card_number\":{text}"), Event($"\"card_number\":{escaped}"), Event($"\"note\":{text}"), Event($"\"deep\":{{\"x\":[{text},{escaped}]}}"), Event("\"x\":1", spelling), Event($"{text}:1"), Event($"\"merchant_name\":{text}") + "}"];
            await SendAsync(http, "POST", "/v1/events", string.Join('\n', events));
            await SendAsync(http, "POST", "/v1/events", string.Join('\n', events), gzip: true);
            foreach (var more in (string[])[$"\"card_number\":{text}", $"\"card_number\":{escaped},\"note\":{text},\"n\":{Valid[2]}", $"\"card_token\":{text}"])
                await SendAsync(http, "POST", "/v1/authorizations", $$"""{"transaction_id":"a{{n++}}","customer_id":"ann","amount":"1.00","currency":"EUR","occurred_at":"{{DateTime.UtcNow:yyyy-MM-dd'T'HH:mm:ss'Z'}}",{{more}} }""");
        }
        await SendAsync(http, "POST", "/v1/admin/quarantine/replay", "{}");
    }

    /// <summary>First and last digits are shown by the token to who has the right, and to nobody else.</summary>
    private static async Task CardAsync(HttpClient http)
    {
        using var posted = await http.PostAsync("/v1/events", new StringContent($$"""{"type":"card","event_id":"bob-card","customer_id":"bob","occurred_at":"2026-01-01T00:00:00Z","card_status":"active","card_number":"{{Valid[0]}}"}"""));
        var position = JsonDocument.Parse(await posted.Content.ReadAsStringAsync()).RootElement.GetProperty("positions").EnumerateObject().Select(p => $"{p.Name}:{p.Value}").Single();
        using (var there = await http.GetAsync($"/v1/customers/bob?wait_ms=20000&at_least={position}")) Assert.True(there.IsSuccessStatusCode);
        using var made = JsonDocument.Parse(await http.GetStringAsync("/v1/customers/bob/events"));
        var token = made.RootElement.GetProperty("events")[0].GetProperty("event").GetProperty("card_token").GetString();
        using var card = JsonDocument.Parse(await http.GetStringAsync($"/v1/cards/{token}"));
        Assert.Equal(("bob", "49295746", Valid[0][^4..]), (card.RootElement.GetProperty("customer_id").GetString(), card.RootElement.GetProperty("bin").GetString(), card.RootElement.GetProperty("last_four").GetString()));
        using var key = await http.PostAsync("/v1/admin/keys", new StringContent("""{"name":"blind","roles":["fraud"],"pii":false}""", Encoding.UTF8, "application/json"));
        using var blind = new HttpRequestMessage(HttpMethod.Get, $"/v1/cards/{token}");
        blind.Headers.Authorization = new AuthenticationHeaderValue("Bearer", JsonDocument.Parse(await key.Content.ReadAsStringAsync()).RootElement.GetProperty("key").GetString());
        using var refused = await http.SendAsync(blind);
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, refused.StatusCode);
    }

    private async Task ReadBackAsync(HttpClient http)
    {
        foreach (var path in (string[])["/metrics", "/v1/customers/ann", "/v1/customers/ann/events", "/v1/customers/ann/personal-data", "/v1/admin/quarantine?limit=1000", "/v1/admin/audit?limit=1000", "/v1/admin/status", "/v1/customers/ann/timeline"]) await SendAsync(http, "GET", path, null);
    }

    private async Task SendAsync(HttpClient http, string method, string path, string? body, string? header = null, bool gzip = false)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (header is not null)
            foreach (var name in (string[])["User-Agent", "X-Request-Id", "Referer", "traceparent"]) request.Headers.TryAddWithoutValidation(name, header);
        if (body is not null) request.Content = gzip ? new ByteArrayContent(Folded(body)) { Headers = { ContentEncoding = { "gzip" } } } : new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(path.Contains("feed", StringComparison.Ordinal) || path.Contains("changes", StringComparison.Ordinal) ? 1 : 20));
        try
        {
            using var answer = await http.SendAsync(request, patience.Token);
            _seen.Add(($"{method} {path.Split('?')[0]} answers {(int)answer.StatusCode}", [.. Encoding.UTF8.GetBytes(answer.Headers.ToString()), .. await answer.Content.ReadAsByteArrayAsync(patience.Token)]));
        }
        catch (OperationCanceledException)
        {
            // A stream without an end, of which nothing came.
        }
    }

    private static byte[] Folded(string text)
    {
        using var to = new MemoryStream();
        using (var zip = new GZipStream(to, CompressionLevel.Fastest)) zip.Write(Encoding.UTF8.GetBytes(text));
        return to.ToArray();
    }

    private static List<string> Leaks(IEnumerable<(string Place, byte[] Bytes)> places)
    {
        byte[][] forbidden = [.. Valid.SelectMany(v => Spellings(v).Concat([Uri.EscapeDataString(Spellings(v).ElementAt(1))])).Select(Encoding.UTF8.GetBytes), .. Valid.Select(Encoding.Unicode.GetBytes)];
        return [.. places.SelectMany(p => forbidden.Select(f => (p, At: p.Bytes.AsSpan().IndexOf(f)))).Where(f => f.At >= 0).DistinctBy(f => f.p.Place).Take(20).Select(f => $"{f.p.Place}: …{Encoding.UTF8.GetString(f.p.Bytes.AsSpan(Math.Max(0, f.At - 120), Math.Min(160, f.p.Bytes.Length - Math.Max(0, f.At - 120))))}")];
    }

    private static IEnumerable<string> Spellings(string number) => [number, .. " -".Select(s => string.Join(s, number.Chunk(4).Select(c => new string(c))))];

    private static string Corrected(string number) =>
        Enumerable.Range(0, 10).Select(d => $"{number[..^1]}{d}").Single(n => CardNumber.TryNormalise(Encoding.ASCII.GetBytes(n), new byte[CardNumber.DigitsMax], out _));
}
