using System.Net.Http.Headers;
using System.Text.Json;

namespace Lambda.SystemTests.Segments;

/// <summary>A follower of the feed: what came so far, as it came.</summary>
internal sealed class FollowedFeed(HttpResponseMessage response, StreamReader lines) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task<FollowedFeed> OpenAsync(HttpClient http, string query = "", string? lastEventId = null, string? key = null, string path = "/v1/segments/feed")
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path + query);
        if (lastEventId is not null) request.Headers.Add("Last-Event-ID", lastEventId);
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        var feed = new FollowedFeed(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
        await feed.LineAsync(); // the greeting: from here on nothing is missed
        return feed;
    }

    public string? MediaType => response.Content.Headers.ContentType?.MediaType;

    /// <summary>The next message's id, event and data; null at the stream's end.</summary>
    public async Task<(string Id, string Event, JsonElement Data)?> NextAsync()
    {
        var (id, name) = ("", "");
        while (await LineAsync() is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal)) id = line[4..];
            if (line.StartsWith("event: ", StringComparison.Ordinal)) name = line[7..];
            if (line.StartsWith("data: ", StringComparison.Ordinal)) return (id, name, JsonDocument.Parse(line[6..]).RootElement);
        }
        return null;
    }

    public void Dispose()
    {
        lines.Dispose();
        response.Dispose();
    }

    private async Task<string?> LineAsync()
    {
        try
        {
            return await lines.ReadLineAsync().WaitAsync(Patience);
        }
        catch (IOException)
        {
            return null; // cut off is ended, too
        }
    }
}
