using System.Net;
using System.Text.Json;

namespace Lambda.LoadTests;

/// <summary>The installation as a test asks it before and after the load; any of its nodes that answers will do.</summary>
internal sealed class Api(IReadOnlyList<Uri> urls) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };

    /// <exception cref="EnvironmentException">Nobody is ready in this time.</exception>
    public async Task WaitUntilReadyAsync(TimeSpan atMost, CancellationToken cancel)
    {
        var last = "";
        for (var until = DateTime.UtcNow + atMost; DateTime.UtcNow < until; await Task.Delay(Pause, cancel))
        {
            var (status, body) = await GetAsync("/readyz", cancel);
            if (status == 200) return;
            last = $"{status} {System.Text.Encoding.UTF8.GetString(body)}";
        }
        throw new EnvironmentException($"no Lambda is ready at {string.Join(", ", urls)} ({last.Trim()}); start one with ./lambda up, name another with --url, or take --own");
    }

    public async Task<int> PartitionsAsync(CancellationToken cancel)
    {
        var (status, body) = await GetAsync("/v1/admin/status", cancel);
        return status == 200
            ? JsonDocument.Parse(body).RootElement.GetProperty("partitions").GetArrayLength()
            : throw new EnvironmentException($"/v1/admin/status answers {status}");
    }

    /// <summary>From the first node that answers anything but 503; 0 when none answers.</summary>
    public async Task<(int Status, byte[] Body)> GetAsync(string path, CancellationToken cancel)
    {
        var last = (0, Array.Empty<byte>());
        foreach (var url in urls)
        {
            try
            {
                using var response = await _http.GetAsync(new Uri(url, path), cancel);
                last = ((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancel));
                if (response.StatusCode != HttpStatusCode.ServiceUnavailable) return last;
            }
            catch (HttpRequestException)
            {
                // the next
            }
        }
        return last;
    }

    public void Dispose() => _http.Dispose();
}

/// <summary>Something around the test is missing or in the way.</summary>
internal sealed class EnvironmentException(string message) : Exception(message);
