using System.Net;

namespace Lambda.Serving.Segments;

/// <summary>
/// Where webhooks may lead: to hosts that the operator named, and nowhere else. Who may make a webhook can make this server send requests; without a list he could reach
/// what only this server can, such as a cloud's metadata address.
/// </summary>
/// <param name="hosts">Names; one that begins with a point stands for all below it.</param>
/// <param name="allowsLoopback">Also this machine, and there without TLS: for trying out.</param>
public sealed class WebhookTargets(IReadOnlyList<string> hosts, bool allowsLoopback)
{
    /// <returns>What is wrong with it, or null.</returns>
    public string? Refusal(string url)
    {
        if (url.Length > Limits.WebhookUrlCharacters || !Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http")) return "expected an https URL";
        if (uri.UserInfo.Length > 0 || uri.Fragment.Length > 0) return "expected an https URL without user and fragment";
        if (allowsLoopback && IsLoopback(uri)) return null;
        if (uri.Scheme != "https") return "expected https: what is sent names customers";
        return hosts.Any(h => Matches(h, uri.Host)) ? null : $"`{uri.Host}` is none of the hosts that webhooks may lead to; the operator names them in the setting webhook_hosts";
    }

    private static bool IsLoopback(Uri uri) => uri.Host == "localhost" || (IPAddress.TryParse(uri.DnsSafeHost, out var address) && IPAddress.IsLoopback(address));

    private static bool Matches(string allowed, string host) => allowed.StartsWith('.')
        ? host.EndsWith(allowed, StringComparison.OrdinalIgnoreCase)
        : host.Equals(allowed, StringComparison.OrdinalIgnoreCase);
}
