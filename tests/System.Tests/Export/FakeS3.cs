using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Xml.Linq;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Lambda.SystemTests.Export;

/// <summary>As much of S3's HTTP as multipart uploads need, path-style, over a real socket. Pieces but the last must have 5 MiB, as with S3.</summary>
internal sealed class FakeS3 : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _uploads;

    public ConcurrentDictionary<string, byte[]> Objects { get; } = [];
    public ConcurrentDictionary<string, (string Key, SortedDictionary<int, byte[]> Pieces)> Uploads { get; } = [];

    /// <summary>Answers with this status while it is not 0.</summary>
    public volatile int Broken;

    private FakeS3(WebApplication app) => _app = app;

    public string Url { get; private set; } = "";

    public static async Task<FakeS3> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        var s3 = new FakeS3(builder.Build());
        s3._app.Run(s3.HandleAsync);
        await s3._app.StartAsync();
        s3.Url = s3._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return s3;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        var (request, key) = (context.Request, context.Request.Path.Value!.TrimStart('/'));
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        if (Broken != 0 || !request.Headers.Authorization.ToString().StartsWith("AWS4-HMAC-SHA256", StringComparison.Ordinal))
        {
            context.Response.StatusCode = Broken != 0 ? Broken : 403;
            return;
        }
        var id = request.Query["uploadId"].ToString();
        switch (request.Method)
        {
            case "POST" when request.Query.ContainsKey("uploads"):
                id = $"u{Interlocked.Increment(ref _uploads)}";
                Uploads[id] = (key, []);
                await XmlAsync(context, new XElement("InitiateMultipartUploadResult", new XElement("Bucket", key.Split('/')[0]), new XElement("Key", key[(key.IndexOf('/') + 1)..]), new XElement("UploadId", id)));
                break;
            case "PUT" when id.Length > 0:
                lock (Uploads) Uploads[id].Pieces[int.Parse(request.Query["partNumber"].ToString(), null)] = body.ToArray();
                context.Response.Headers.ETag = $"\"{Convert.ToHexStringLower(MD5.HashData(body.ToArray()))}\"";
                break;
            case "POST" when Uploads.TryRemove(id, out var upload):
                if (upload.Pieces.Values.SkipLast(1).Any(p => p.Length < 5 << 20)) throw new InvalidOperationException("EntityTooSmall");
                Objects[upload.Key] = [.. upload.Pieces.Values.SelectMany(p => p)];
                await XmlAsync(context, new XElement("CompleteMultipartUploadResult", new XElement("Key", upload.Key), new XElement("ETag", "\"x\"")));
                break;
            case "DELETE" when id.Length > 0:
                Uploads.TryRemove(id, out _);
                context.Response.StatusCode = 204;
                break;
            case "GET" when request.Query.ContainsKey("uploads"):
                await XmlAsync(context, new XElement("ListMultipartUploadsResult", new XElement("Bucket", key), new XElement("IsTruncated", "false"),
                    Uploads.Where(u => u.Value.Key.StartsWith($"{key.TrimEnd('/')}/{request.Query["prefix"]}", StringComparison.Ordinal))
                        .Select(u => new XElement("Upload", new XElement("Key", u.Value.Key[(u.Value.Key.IndexOf('/') + 1)..]), new XElement("UploadId", u.Key)))));
                break;
            default:
                context.Response.StatusCode = 404;
                break;
        }
    }

    private static Task XmlAsync(HttpContext context, XElement xml)
    {
        context.Response.ContentType = "application/xml";
        return context.Response.WriteAsync($"<?xml version=\"1.0\" encoding=\"UTF-8\"?>{xml}");
    }
}
