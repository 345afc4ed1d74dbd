using System.Net;
using System.Text;

namespace Lambda.Warehouse.Tests.Local;

/// <summary>An answer, read whole.</summary>
internal sealed record Answer(HttpStatusCode Status, string Text, HttpResponseMessage Response)
{
    internal int Code => int.Parse(Header("X-ClickHouse-Exception-Code") ?? "0");

    internal string? Header(string name) => Response.Headers.TryGetValues(name, out var values) ? string.Join(",", values) : null;
}

/// <summary>ClickHouse's HTTP interface by hand, so that tests see the bytes.</summary>
internal sealed class RawClient(Uri url) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = url, Timeout = TimeSpan.FromSeconds(120) };

    internal HttpClient Http => _http;

    /// <summary>POST; the query in the body, or in the URL when there is data.</summary>
    internal Task<Answer> PostAsync(string query, string parameters = "") =>
        SendAsync($"/?{parameters}", new ByteArrayContent(Encoding.UTF8.GetBytes(query)));

    internal Task<Answer> InsertAsync(string query, byte[] data, string parameters = "") =>
        SendAsync($"/?query={Uri.EscapeDataString(query)}&{parameters}", new ByteArrayContent(data));

    internal async Task<Answer> SendAsync(string path, HttpContent? content)
    {
        using var request = new HttpRequestMessage(content == null ? HttpMethod.Get : HttpMethod.Post, path) { Content = content };
        var response = await _http.SendAsync(request);
        return new Answer(response.StatusCode, await response.Content.ReadAsStringAsync(), response);
    }

    /// <summary>Runs a statement that must succeed; its text.</summary>
    internal async Task<string> RunAsync(string query, string parameters = "")
    {
        var answer = await PostAsync(query, parameters);
        return answer.Status == HttpStatusCode.OK ? answer.Text : throw new InvalidOperationException(answer.Text);
    }

    public void Dispose() => _http.Dispose();
}
