using System.Net;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Http;

/// <summary>
/// Without keys (`--dev`) the API listens on loopback only. A web page in a browser on this machine could still reach it: by a name that resolves here
/// (DNS rebinding: refused by Host), or by a cross-site request (refused by Origin).
/// </summary>
internal static class LoopbackGuard
{
    /// <summary>Null when the request may pass.</summary>
    public static Problem? Check(HttpRequest request)
    {
        if (!IsLoopback(request.Host.Host))
            return new Problem(StatusCodes.Status403Forbidden, "foreign-host", $"Host: found `{request.Host.Host}`, expected localhost or a loopback address");
        var origin = request.Headers.Origin;
        if (origin.Count == 0) return null;
        return Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Host == request.Host.Host && uri.Port == (request.Host.Port ?? 80)
            ? null
            : new Problem(StatusCodes.Status403Forbidden, "foreign-origin", $"Origin: found `{origin}`, expected this server's own: pages of other sites may not call it");
    }

    private static bool IsLoopback(string host) =>
        host is "127.0.0.1" or "localhost" or "[::1]" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
