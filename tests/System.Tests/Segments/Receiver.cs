using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Lambda.SystemTests.Segments;

/// <summary>Somebody who is told of changes, over real HTTP, and behaves as the test says.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Receiver(WebApplication app) => _app = app;

    /// <summary>What it took, in the order in which it did.</summary>
    public ConcurrentQueue<JsonElement> Taken { get; } = [];

    /// <summary>Signature and body of every request, taken or not.</summary>
    public ConcurrentQueue<(string Signature, byte[] Body)> Requests { get; } = [];

    /// <summary>The status that a change is answered with; may take its time.</summary>
    public Func<JsonElement, CancellationToken, Task<int>> Answers { get; set; } = (_, _) => Task.FromResult(204);

    public string Url { get; private set; } = "";

    public static async Task<Receiver> StartAsync()
    {
        Receiver? receiver = null;
        var app = await ServeAsync(context => receiver!.TakeAsync(context));
        receiver = new Receiver(app) { Url = $"{app.Urls.First()}/changes" };
        return receiver;
    }

    /// <summary>A server on loopback that answers everything so.</summary>
    public static async Task<WebApplication> ServeAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        return app;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(0);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        Requests.Enqueue((context.Request.Headers["Lambda-Signature"].ToString(), body.ToArray()));
        var change = JsonDocument.Parse(body.ToArray()).RootElement;
        var status = await Answers(change, context.RequestAborted);
        if (status is >= 200 and < 300 && !context.RequestAborted.IsCancellationRequested) Taken.Enqueue(change);
        if (status == 302) context.Response.Headers.Location = "/elsewhere";
        context.Response.StatusCode = status;
    }
}
