using System.Globalization;
using System.Text.Json;

namespace Lambda.LoadTests;

/// <summary>What each node says of itself and of the others, by its URL: when it was started, and how often it saw another one unreachable or taken for lost.</summary>
internal sealed class Membership
{
    private readonly Dictionary<Uri, (string StartedAt, long Unreachable, long Downed)?> _nodes = [];

    public static async Task<Membership> OfAsync(IReadOnlyList<Uri> urls, CancellationToken cancel)
    {
        var now = new Membership();
        using var http = new HttpClient();
        foreach (var url in urls)
        {
            try
            {
                var status = JsonDocument.Parse(await http.GetStringAsync(new Uri(url, "/v1/admin/status"), cancel)).RootElement;
                var counters = status.GetProperty("counters");
                now._nodes[url] = (status.GetProperty("started_at").GetString()!, Count(counters, "nodes_unreachable"), Count(counters, "nodes_downed"));
            }
            catch (HttpRequestException)
            {
                now._nodes[url] = null;
            }
        }
        return now;
    }

    public IReadOnlyList<Check> ChecksSince(Membership before) =>
    [
        None("nodes that ended or were started again", _nodes.Count(n => n.Value is null || n.Value.Value.StartedAt != before._nodes[n.Key]?.StartedAt)),
        None("times a node saw another unreachable", Since(before, n => n.Unreachable)),
        None("times a node saw another taken for lost", Since(before, n => n.Downed)),
    ];

    private long Since(Membership before, Func<(string StartedAt, long Unreachable, long Downed), long> count) =>
        _nodes.Sum(n => n.Value is { } now && before._nodes[n.Key] is { } then ? Math.Max(0, count(now) - count(then)) : 0);

    /// <summary>An installation of one node does not count them.</summary>
    private static long Count(JsonElement counters, string name) => counters.TryGetProperty(name, out var count) ? count.GetInt64() : 0;

    private static Check None(string name, long count) => new(name, "0", count.ToString(CultureInfo.InvariantCulture), count == 0, []);
}
