using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using Lambda.Domain.Log;
using Lambda.Serving;
using Lambda.SpeedLayer.Ingress;
using Lambda.SpeedLayer.Memory;
using Xunit;

namespace Lambda.SystemTests.Http;

/// <summary>Bad and odd input over HTTP into the real ingress and a log in memory.</summary>
public sealed class IngressApiTests : IAsyncLifetime
{
    private readonly MemoryParts _parts = new();
    private readonly MemoryLog _log = new(MemoryParts.P, TimeProvider.System);
    private readonly HttpClient _http = new();
    private ApiServer? _server;

    public async Task InitializeAsync()
    {
        _server = await ApiServer.StartAsync(0, (what, e) => Assert.Fail($"{what}: {e}"), default);
        _server.Attach(_parts.ToParts() with { Intake = new IngressIntake(new EventIngress(_log, _parts.Quarantine, TimeProvider.System)) });
        _http.BaseAddress = _server.Url;
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _server!.DisposeAsync();
        await _log.DisposeAsync();
    }

    [Theory]
    [InlineData("{\"event_id\":", "malformed_json", "")]
    [InlineData("17", "not_an_object", "")]
    [InlineData("NaN", "malformed_json", "")]
    [InlineData("""{"event_id":7,"customer_id":"c","type":"login","occurred_at":"2024-01-01T00:00:00Z","success":true}""", "wrong_type", "event_id")]
    [InlineData("""{"event_id":"e","customer_id":"c","type":"loggin","occurred_at":"2024-01-01T00:00:00Z","success":true}""", "unknown_type", "type")]
    [InlineData("""{"event_id":"e","customer_id":"c","type":"login","occurred_at":"2024-01-01T00:00:00Z","success":"yes"}""", "wrong_type", "success")]
    [InlineData("""{"event_id":"e","customer_id":"c","type":"login","occurred_at":"2094-01-01T00:00:00Z","success":true}""", "occurred_at_in_future", "occurred_at")]
    [InlineData("""{"event_id":"e","customer_id":"c","type":"login","occurred_at":"2024-01-01","success":true}""", "bad_instant", "occurred_at")]
    [InlineData("""{"event_id":"e","customer_id":"c","type":"login","occurred_at":"2024-01-01T00:00:00Z"}""", "missing_field", "success")]
    [InlineData("""{"event_id":"e","customer_id":"c","type":"transaction","occurred_at":"2024-01-01T00:00:00Z","amount":"1.234","currency":"EUR","direction":"debit","status":"approved"}""", "too_many_decimals", "amount")]
    [InlineData("""{"event_id":"e","customer_id":"c","type":"transaction","occurred_at":"2024-01-01T00:00:00Z","amount":NaN,"currency":"EUR","direction":"debit","status":"approved"}""", "malformed_json", "")]
    [InlineData("""{"event_id":"e","customer_id":"c","type":"transaction","occurred_at":"2024-01-01T00:00:00Z","amount":"1","currency":"EUR","direction":"sideways","status":"approved"}""", "not_in_vocabulary", "direction")]
    [InlineData("""{"event_id":"e","customer_id":"c","type":"login","occurred_at":"2024-01-01T00:00:00Z","success":true,"note":"4111 1111 1111 1111"}""", "card_number", "note")]
    public async Task Post_WhenTheLineIsBad_IsRefusedAndKept(string line, string reason, string field)
    {
        var got = await PostAsync(Encoding.UTF8.GetBytes(line));

        ApiFixture.AssertProblem(got, HttpStatusCode.UnprocessableEntity, "no-event-accepted");
        var rejected = Assert.Single(got.Body.GetProperty("rejected").EnumerateArray());
        Assert.Equal((1, reason, field), (rejected.GetProperty("line").GetInt32(), rejected.GetProperty("reason").GetString(), rejected.GetProperty("field").GetString()));
        var kept = Assert.Single(_parts.Quarantine.List(0, 10, null, includeReplayed: true));
        Assert.Equal(("http", reason), (kept.Source, kept.Reason));
        Assert.DoesNotContain("4111 1111 1111 1111", Encoding.UTF8.GetString(kept.Raw.Span), StringComparison.Ordinal);
        Assert.Equal(0, Enumerable.Range(0, MemoryParts.P).Sum(_log.EndOffset));
    }

    [Fact]
    public async Task Post_WhenBytesAreNotUtf8OrTheLineIsHuge_RefusesTheLineAlone()
    {
        byte[] body = [.. Good(1), .. "\n{\"event_id\":\""u8, 0xff, .. "\"}\n"u8, .. Encoding.UTF8.GetBytes($"{{\"event_id\":\"{new string('x', SpeedLayer.Limits.LineBytes)}\"}}\n"), .. Good(2)];
        var (response, answer) = await PostAsync(body);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, answer.GetProperty("accepted").GetInt32());
        Assert.Equal(["2:invalid_utf8", "3:line_too_long"], answer.GetProperty("rejected").EnumerateArray().Select(r => $"{r.GetProperty("line")}:{r.GetProperty("reason").GetString()}"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Post_WhenTenThousandLinesAreBadAmongGoodOnes_TakesTheGood(bool gzip)
    {
        var body = new MemoryStream();
        for (var i = 0; i < 20_000; i++)
        {
            body.Write(i % 2 == 0 ? Good(i) : "{bad"u8);
            body.WriteByte((byte)'\n');
        }
        var (response, answer) = await PostAsync(gzip ? Fold(body.ToArray()) : body.ToArray(), gzip);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(10_000, answer.GetProperty("accepted").GetInt32());
        Assert.Equal(Enumerable.Range(1, 10_000).Select(i => i * 2), answer.GetProperty("rejected").EnumerateArray().Select(r => r.GetProperty("line").GetInt32()));
        Assert.Equal(10_000, Enumerable.Range(0, MemoryParts.P).Sum(_log.EndOffset));
        foreach (var position in answer.GetProperty("positions").EnumerateObject())
            Assert.Equal(_log.EndOffset(int.Parse(position.Name, null)) - 1, position.Value.GetInt64());
    }

    [Fact]
    public async Task Post_WhenAnArray_CountsElements()
    {
        var (response, answer) = await PostAsync(Encoding.UTF8.GetBytes($"[{Encoding.UTF8.GetString(Good(1))},\n 17 , {Encoding.UTF8.GetString(Good(2))}]"), mediaType: "application/json");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, answer.GetProperty("accepted").GetInt32());
        Assert.Equal(2, answer.GetProperty("rejected")[0].GetProperty("line").GetInt32());
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("[]")]
    public async Task Post_WhenThereIsNoEvent_SaysSo(string body) =>
        ApiFixture.AssertProblem(await PostAsync(Encoding.UTF8.GetBytes(body)), HttpStatusCode.UnprocessableEntity, "no-event-accepted");

    [Fact]
    public async Task Post_WhenGzipUnfoldsToTooMuch_IsRefusedWhole()
    {
        var bomb = Fold([.. Good(1), (byte)'\n', .. new byte[SpeedLayer.Limits.BodyBytes]]);
        ApiFixture.AssertProblem(await PostAsync(bomb, gzip: true), HttpStatusCode.RequestEntityTooLarge, "too-large");
        Assert.Equal(0, Enumerable.Range(0, MemoryParts.P).Sum(_log.EndOffset));
    }

    [Fact]
    public async Task Post_WhenGzipIsCutShort_AppendsNothing()
    {
        var whole = Fold([.. Good(1), (byte)'\n', .. Good(2)]);
        ApiFixture.AssertProblem(await PostAsync(whole[..^9], gzip: true), HttpStatusCode.BadRequest, "bad-gzip");
        Assert.Equal(0, Enumerable.Range(0, MemoryParts.P).Sum(_log.EndOffset));
    }

    private static byte[] Good(int i) => Encoding.UTF8.GetBytes(
        $$"""{"event_id":"e{{i}}","customer_id":"c{{i % 97}}","type":"transaction","occurred_at":"2024-01-01T00:00:00Z","amount":"12.5","currency":"EUR","direction":"debit","status":"approved"}""");

    private static byte[] Fold(byte[] plain)
    {
        using var folded = new MemoryStream();
        using (var gzip = new GZipStream(folded, CompressionLevel.Fastest)) gzip.Write(plain);
        return folded.ToArray();
    }

    private async Task<(HttpResponseMessage Response, JsonElement Body)> PostAsync(byte[] body, bool gzip = false, string mediaType = "application/x-ndjson")
    {
        var content = ApiFixture.Content(body, mediaType);
        if (gzip) content.Headers.ContentEncoding.Add("gzip");
        var response = await _http.PostAsync("/v1/events", content);
        return (response, JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync()).RootElement);
    }
}
