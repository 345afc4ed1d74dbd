using System.Net.Http.Headers;
using System.Text.Json;

namespace Lambda.Cluster.Cli;

/// <summary>A running host, spoken to over HTTP.</summary>
/// <param name="key">API key; null where none is needed.</param>
public sealed class Client(Uri url, string? key = null) : IDisposable
{
    public const string KeyVariable = "LAMBDA_KEY";
    public const string UrlVariable = "LAMBDA_URL";
    public const string DefaultUrl = "http://127.0.0.1:8360";

    private readonly HttpClient _http = new(ServerTrust.NewHandler(Environment.GetEnvironmentVariable)) { BaseAddress = url, Timeout = Timeout.InfiniteTimeSpan };

    public Uri Url { get; } = url;

    /// <param name="key">Null: the environment's.</param>
    /// <exception cref="CommandException">Not an http URL.</exception>
    public static Client Of(string? given, string? key)
    {
        var text = given ?? Environment.GetEnvironmentVariable(UrlVariable) ?? DefaultUrl;
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme is "http" or "https")
            ? new Client(url, key ?? Environment.GetEnvironmentVariable(KeyVariable))
            : throw new CommandException(ExitCode.Usage, $"--url: found `{text}`, expected an http URL such as {DefaultUrl}");
    }

    public Task<JsonElement> GetAsync(string path, CancellationToken cancel) => SendAsync(new HttpRequestMessage(HttpMethod.Get, path), cancel);

    public Task<JsonElement> PostAsync(string path, HttpContent? body, CancellationToken cancel) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = body }, cancel);

    /// <returns>The answer's JSON when it is 2xx.</returns>
    /// <exception cref="CommandException">The host does not answer (3), refuses (1), or cannot now (3); the message is its problem's detail.</exception>
    public Task<JsonElement> PutAsync(string path, HttpContent content, CancellationToken cancel) => SendAsync(new HttpRequestMessage(HttpMethod.Put, path) { Content = content }, cancel);

    public async Task<JsonElement> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        using var response = await ExchangeAsync(request, cancel);
        var body = await response.Content.ReadAsByteArrayAsync(cancel);
        return response.IsSuccessStatusCode ? Parse(body) : throw Refused(response, body);
    }

    /// <summary>Copies the answer as it comes.</summary>
    /// <exception cref="CommandException">The host does not answer, or refuses.</exception>
    /// <exception cref="IOException">It broke off in the middle.</exception>
    public async Task DownloadAsync(HttpRequestMessage request, Stream to, CancellationToken cancel)
    {
        using var response = await ExchangeAsync(request, cancel, HttpCompletionOption.ResponseHeadersRead);
        if (!response.IsSuccessStatusCode) throw Refused(response, await response.Content.ReadAsByteArrayAsync(cancel));
        await response.Content.CopyToAsync(to, cancel);
    }

    /// <summary>Gives the answer's lines as they come, until it ends.</summary>
    /// <exception cref="CommandException">The host does not answer, or refuses.</exception>
    public async Task ReadLinesAsync(string path, Action<string> take, CancellationToken cancel)
    {
        using var response = await ExchangeAsync(new HttpRequestMessage(HttpMethod.Get, path), cancel, HttpCompletionOption.ResponseHeadersRead);
        if (!response.IsSuccessStatusCode) throw Refused(response, await response.Content.ReadAsByteArrayAsync(cancel));
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancel));
        while (await lines.ReadLineAsync(cancel) is { } line) take(line);
    }

    private CommandException Refused(HttpResponseMessage response, byte[] body)
    {
        var code = (int)response.StatusCode is 429 or >= 500 ? ExitCode.Environment : (int)response.StatusCode is 400 ? ExitCode.Usage : ExitCode.CheckFailed;
        var hint = (int)response.StatusCode is 401 ? $" (name a key with --key or {KeyVariable})" : "";
        return new CommandException(code, $"{Url}: {(int)response.StatusCode} {Detail(body)}{hint}");
    }

    /// <summary>The response as it is. Status codes are the caller's to judge.</summary>
    public async Task<HttpResponseMessage> ExchangeAsync(HttpRequestMessage request, CancellationToken cancel, HttpCompletionOption until = HttpCompletionOption.ResponseContentRead)
    {
        if (key is { Length: > 0 }) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        try
        {
            return await _http.SendAsync(request, until, cancel);
        }
        catch (HttpRequestException e)
        {
            throw new CommandException(ExitCode.Environment, $"no Lambda answers at {Url} ({e.GetBaseException().Message}); start one with ./lambda up, or name another with --url");
        }
    }

    public static string Detail(byte[] body)
    {
        try
        {
            var problem = Parse(body);
            return problem.TryGetProperty("detail", out var detail) ? detail.GetString()! : problem.GetRawText();
        }
        catch (JsonException)
        {
            return System.Text.Encoding.UTF8.GetString(body);
        }
    }

    public void Dispose() => _http.Dispose();

    private static JsonElement Parse(byte[] body) => JsonDocument.Parse(body).RootElement;
}
