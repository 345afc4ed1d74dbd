using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Lambda.Serving.Http;

/// <summary>The dashboard's files as they lie in this assembly, with everything a browser must be told about them.</summary>
internal static class DashboardFiles
{
    private const string Prefix = "dashboard/";

    // The page shows people's data: nothing but this server's own files may run in it, be asked by it, or frame it.
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly FrozenDictionary<string, string> MediaTypes = new Dictionary<string, string>
    {
        [".html"] = "text/html; charset=utf-8", [".js"] = "text/javascript; charset=utf-8", [".css"] = "text/css; charset=utf-8",
        [".svg"] = "image/svg+xml", [".md"] = "text/markdown; charset=utf-8", [".txt"] = "text/plain; charset=utf-8",
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, Lazy<DashboardFile>> Files = typeof(DashboardFiles).Assembly.GetManifestResourceNames()
        .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
        .ToFrozenDictionary(n => n[Prefix.Length..], n => new Lazy<DashboardFile>(() => Read(n)));

    public static Task SendAsync(HttpContext context, string name)
    {
        if (!Files.TryGetValue(name, out var found)) return new Problem(StatusCodes.Status404NotFound, "no-such-file", $"the dashboard has no file `{name}`").WriteAsync(context);
        var file = found.Value;
        var (request, response) = (context.Request, context.Response);
        response.Headers.ETag = file.Tag;
        response.Headers.CacheControl = "no-cache"; // ask each time, get 304: an upgraded host is never met by the script of the one before
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
        response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (request.Headers.IfNoneMatch.ToString().Contains(file.Tag, StringComparison.Ordinal))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }
        var (encoding, body) = file.For(request.Headers.AcceptEncoding.ToString());
        if (encoding is not null) response.Headers.ContentEncoding = encoding;
        response.ContentType = file.MediaType;
        response.ContentLength = body.Length;
        return response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    private static DashboardFile Read(string resource)
    {
        using var stream = typeof(DashboardFiles).Assembly.GetManifestResourceStream(resource)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return new DashboardFile(bytes, MediaTypes[Path.GetExtension(resource)]);
    }
}

/// <summary>One file, compressed once, when it is first asked for.</summary>
internal sealed class DashboardFile(byte[] plain, string mediaType)
{
    private readonly byte[] _brotli = Compress(plain, to => new BrotliStream(to, CompressionLevel.Optimal));
    private readonly byte[] _gzip = Compress(plain, to => new GZipStream(to, CompressionLevel.Optimal));

    public string MediaType { get; } = mediaType;

    /// <summary>Weak: it names the content, in whatever encoding it travels.</summary>
    public string Tag { get; } = $"W/\"{Convert.ToHexStringLower(SHA256.HashData(plain))[..24]}\"";

    public (string? Encoding, byte[] Body) For(string accepted) =>
        accepted.Contains("br", StringComparison.OrdinalIgnoreCase) ? ("br", _brotli) : accepted.Contains("gzip", StringComparison.OrdinalIgnoreCase) ? ("gzip", _gzip) : (null, plain);

    private static byte[] Compress(byte[] bytes, Func<Stream, Stream> with)
    {
        var to = new MemoryStream();
        using (var compressing = with(to)) compressing.Write(bytes);
        return to.ToArray();
    }
}
