using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Lambda.Domain.Log;
using Lambda.Serving;
using Lambda.Serving.Ports;
using Xunit;

namespace Lambda.SystemTests.Http;

public sealed class ErrorsApiTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Theory]
    [InlineData("/dashboard")]
    [InlineData("/v1")]
    [InlineData("/v1/customers")]
    [InlineData("/v1/customers/a/b/c")]
    [InlineData("/v2/customers/a")]
    public async Task Route_WhenThereIsNone_IsNotFound(string path) => ApiFixture.AssertProblem(await api.GetAsync(path), HttpStatusCode.NotFound, "no-such-route");

    [Fact]
    public async Task Method_WhenTheRouteDoesNotKnowIt_IsNotAllowed()
    {
        var got = await api.SendAsync(new HttpRequestMessage(HttpMethod.Delete, "/v1/events"));
        ApiFixture.AssertProblem(got, HttpStatusCode.MethodNotAllowed, "method-not-allowed");
        Assert.Contains("POST", got.Response.Content.Headers.Allow);
    }

    [Fact]
    public async Task Body_WhenMediaTypeOrEncodingIsUnknown_IsUnsupported()
    {
        ApiFixture.AssertProblem(await api.PostAsync("/v1/events", "<xml/>", "application/xml"), HttpStatusCode.UnsupportedMediaType, "media-type");
        var brotli = ApiFixture.Content([1, 2], "application/json");
        brotli.Headers.ContentEncoding.Add("br");
        ApiFixture.AssertProblem(await api.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/v1/events") { Content = brotli }), HttpStatusCode.UnsupportedMediaType, "content-encoding");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("APPLICATION/X-NDJSON")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task Body_WhenMediaTypeFitsOrIsMissing_IsTaken(string? mediaType)
    {
        api.Parts.OnIntake = _ => new Intake.Done(1, [], [new Position(0, 0)]);
        Assert.Equal(HttpStatusCode.OK, (await api.PostAsync("/v1/events", "{}", mediaType)).Response.StatusCode);
    }

    [Fact]
    public async Task Body_WhenGzip_IsUnfolded()
    {
        byte[]? seen = null;
        api.Parts.OnIntake = body => Keep(body, out seen);
        var content = ApiFixture.Content(Gzip("""{"event_id":"1"}"""), "application/x-ndjson");
        content.Headers.ContentEncoding.Add("gzip");

        var (response, _) = await api.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/v1/events") { Content = content });

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("""{"event_id":"1"}""", Encoding.UTF8.GetString(seen!));
    }

    [Fact]
    public async Task Body_WhenItOnlyClaimsToBeGzip_IsABadRequest()
    {
        var content = ApiFixture.Content("no gzip at all"u8.ToArray(), "application/x-ndjson");
        content.Headers.ContentEncoding.Add("gzip");
        ApiFixture.AssertProblem(await api.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/v1/events") { Content = content }), HttpStatusCode.BadRequest, "bad-gzip");
    }

    [Fact]
    public async Task Body_WhenOverTheLimit_IsTooLarge()
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/events") { Content = ApiFixture.Content(new byte[Limits.RequestBodyBytes + 1], "application/x-ndjson") };
        request.Headers.ExpectContinue = true; // else the client may still be writing when the connection closes
        ApiFixture.AssertProblem(await api.SendAsync(request), HttpStatusCode.RequestEntityTooLarge, "too-large");
    }

    [Fact]
    public async Task Intake_WhenItHinders_SaysHowAndWhenToRetry()
    {
        api.Parts.OnIntake = _ => new Intake.Busy("pending appends", TimeSpan.FromMilliseconds(1200));
        var busy = await api.PostAsync("/v1/events", "{}");
        ApiFixture.AssertProblem(busy, HttpStatusCode.TooManyRequests, "busy");
        Assert.Equal(TimeSpan.FromSeconds(2), busy.Response.Headers.RetryAfter?.Delta);

        api.Parts.OnIntake = _ => new Intake.TooLarge("the unfolded body", 7);
        ApiFixture.AssertProblem(await api.PostAsync("/v1/events", "{}"), HttpStatusCode.RequestEntityTooLarge, "too-large");
        api.Parts.OnIntake = _ => new Intake.Unavailable("the disk is full", TimeSpan.FromSeconds(5));
        ApiFixture.AssertProblem(await api.PostAsync("/v1/events", "{}"), HttpStatusCode.ServiceUnavailable, "unavailable");
        api.Parts.OnIntake = _ => throw new InvalidOperationException("a bug");
        ApiFixture.AssertProblem(await api.PostAsync("/v1/events", "{}"), HttpStatusCode.InternalServerError, "internal");
        Assert.Contains(api.Errors, e => e.Contains("a bug", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Intake_WhenSomeLinesAreBad_ListsThem()
    {
        api.Parts.OnIntake = _ => new Intake.Done(2, [new RejectedLine(3, "amount", "too_many_decimals", "1.234 USD has at most 2")], [new Position(0, 8), new Position(2, 5)]);
        var (response, body) = await api.PostAsync("/v1/events", "x");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("""{"accepted":2,"rejected":[{"line":3,"field":"amount","reason":"too_many_decimals","detail":"1.234 USD has at most 2"}],"positions":{"0":8,"2":5}}""", body.GetRawText());
    }

    [Fact]
    public async Task Intake_WhenNoLineIsGood_IsUnprocessable()
    {
        api.Parts.OnIntake = _ => new Intake.Done(0, [new RejectedLine(1, "", "malformed_json", "")], []);
        var got = await api.PostAsync("/v1/events", "x");
        ApiFixture.AssertProblem(got, HttpStatusCode.UnprocessableEntity, "no-event-accepted");
        Assert.Equal(0, got.Body.GetProperty("accepted").GetInt32());
        Assert.Equal(1, got.Body.GetProperty("rejected")[0].GetProperty("line").GetInt32());
    }

    [Theory]
    [InlineData("Host", "evil.example", "foreign-host")]
    [InlineData("Host", "192.168.1.7:8360", "foreign-host")]
    [InlineData("Origin", "https://evil.example", "foreign-origin")]
    [InlineData("Origin", "null", "foreign-origin")]
    public async Task Request_WhenABrowserSendsItFromElsewhere_IsForbidden(string header, string value, string code)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/healthz");
        request.Headers.TryAddWithoutValidation(header, value);
        ApiFixture.AssertProblem(await api.SendAsync(request), HttpStatusCode.Forbidden, code);
    }

    [Fact]
    public async Task Server_WhenTheEngineIsStarting_IsAliveButNotReady()
    {
        await using var server = await ApiServer.StartAsync(0, (_, _) => { }, default);
        using var http = new HttpClient { BaseAddress = server.Url };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/healthz")).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/readyz")).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/v1/customers/a")).StatusCode);
    }

    [Fact]
    public async Task Server_WhenThePortIsTaken_SaysWhich()
    {
        var e = await Assert.ThrowsAsync<PortTakenException>(() => ApiServer.StartAsync(api.Url.Port, (_, _) => { }, default));
        Assert.Equal(api.Url.Port, e.Port);
    }

    [Theory]
    [InlineData("PUT", "/v1/admin/imports/a-1", "application/json", """{"file":"a","done_line":1,"rows":1,"events":1,"rejected":0,"complete":true}""", "200")]
    [InlineData("PUT", "/v1/definition", "application/yaml", "bad", "422")]
    [InlineData("POST", "/v1/events", "application/json", "{}", "200")]
    [InlineData("POST", "/v1/events", "application/xml", "<unread/>", "415")]
    public async Task Connection_WhenRequestsWithBodiesCameOverIt_StaysOpen(string method, string path, string mediaType, string body, string status)
    {
        api.Parts.OnIntake = _ => new Intake.Done(1, [], [new Position(0, 0)]);
        using var socket = new TcpClient();
        await socket.ConnectAsync(api.Url.Host, api.Url.Port);
        var stream = socket.GetStream();
        using var reader = new StreamReader(stream, Encoding.Latin1); // a character a byte, as Content-Length counts
        for (var i = 0; i < 3; i++)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.1\r\nHost: {api.Url.Authority}\r\nContent-Type: {mediaType}\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
            Assert.Contains($" {status} ", await reader.ReadLineAsync(), StringComparison.Ordinal);
            var length = 0;
            for (string? line; (line = await reader.ReadLineAsync()) is { Length: > 0 };)
                if (line.StartsWith("Content-Length: ", StringComparison.Ordinal)) length = int.Parse(line[16..], null);
            Assert.Equal(length, await reader.ReadBlockAsync(new char[length]));
        }
    }

    [Fact]
    public async Task Client_WhenItSendsTooSlowly_IsCutOff()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(api.Url.Host, api.Url.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST /v1/events HTTP/1.1\r\nHost: {api.Url.Authority}\r\nContent-Length: 1000000\r\n\r\n{{"));

        using var reader = new StreamReader(stream); // nothing more is sent: the server must give up by itself
        var status = await reader.ReadLineAsync().WaitAsync(Limits.BodyRateGrace * 4);

        Assert.Contains("408", status, StringComparison.Ordinal);
    }

    private static Intake Keep(byte[] body, out byte[] seen)
    {
        seen = body;
        return new Intake.Done(1, [], [new Position(0, 0)]);
    }

    private static byte[] Gzip(string text)
    {
        using var folded = new MemoryStream();
        using (var gzip = new GZipStream(folded, CompressionLevel.Fastest)) gzip.Write(Encoding.UTF8.GetBytes(text));
        return folded.ToArray();
    }
}
