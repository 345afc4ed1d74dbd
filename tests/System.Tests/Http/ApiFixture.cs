using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Lambda.Serving;
using Xunit;

namespace Lambda.SystemTests.Http;

/// <summary>The API over real Kestrel on a free port, with <see cref="MemoryParts"/> behind it.</summary>
public sealed class ApiFixture : IAsyncLifetime
{
    private ApiServer? _server;

    internal MemoryParts Parts { get; } = new();
    public List<string> Errors { get; } = [];
    public HttpClient Http { get; } = new();
    public Uri Url => _server!.Url;

    public async Task InitializeAsync()
    {
        _server = await ApiServer.StartAsync(0, (what, e) => Errors.Add($"{what}: {e}"), default);
        _server.Attach(Parts.ToParts());
        Http.BaseAddress = _server.Url;
    }

    public async Task DisposeAsync()
    {
        Http.Dispose();
        await _server!.StopAsync(default);
        await _server.DisposeAsync();
    }

    public Task<(HttpResponseMessage Response, JsonElement Body)> GetAsync(string path) => SendAsync(new HttpRequestMessage(HttpMethod.Get, path));

    public Task<(HttpResponseMessage Response, JsonElement Body)> PostAsync(string path, string body, string? mediaType = "application/x-ndjson") =>
        SendAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = Content(Encoding.UTF8.GetBytes(body), mediaType) });

    public async Task<(HttpResponseMessage Response, JsonElement Body)> SendAsync(HttpRequestMessage request)
    {
        var response = await Http.SendAsync(request);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        var isJson = response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true;
        return (response, bytes.Length == 0 || !isJson ? default : JsonDocument.Parse(bytes).RootElement);
    }

    public static ByteArrayContent Content(byte[] body, string? mediaType)
    {
        var content = new ByteArrayContent(body);
        if (mediaType is not null) content.Headers.ContentType = MediaTypeHeaderValue.Parse(mediaType);
        return content;
    }

    /// <summary>It is an error as RFC 9457 has it, of this status and kind.</summary>
    public static void AssertProblem((HttpResponseMessage Response, JsonElement Body) got, HttpStatusCode status, string code)
    {
        Assert.Equal(status, got.Response.StatusCode);
        Assert.Equal("application/problem+json", got.Response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("urn:lambda:problem:" + code, got.Body.GetProperty("type").GetString());
        Assert.Equal((int)status, got.Body.GetProperty("status").GetInt32());
        Assert.NotEmpty(got.Body.GetProperty("detail").GetString()!);
    }
}
