using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Polling;

/// <summary>An API of others on a real socket, that answers as the test says: well, badly, or not at all.</summary>
public sealed class MisbehavingApi : IAsyncLifetime
{
    private readonly List<string> _asked = [];
    private WebApplication _app = null!;

    public string Url { get; private set; } = "";

    /// <summary>Given what was asked and how often something was asked before.</summary>
    public Func<HttpContext, int, Task> Answer { get; set; } = null!;

    /// <summary>Path and query of each request.</summary>
    public IReadOnlyList<string> Asked { get { lock (_asked) return [.. _asked]; } }

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.Run(context =>
        {
            int before;
            lock (_asked)
            {
                before = _asked.Count;
                _asked.Add($"{context.Request.Path}{context.Request.QueryString}");
            }
            return Answer(context, before);
        });
        await _app.StartAsync();
        Url = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
    }

    public async Task DisposeAsync() => await _app.DisposeAsync();

    /// <summary>Forgets what was asked.</summary>
    public void Begin(Func<HttpContext, int, Task> answer)
    {
        Answer = answer;
        lock (_asked) _asked.Clear();
    }

    public static Task Json(HttpContext context, string body, string type = "application/json")
    {
        context.Response.ContentType = type;
        return context.Response.WriteAsync(body);
    }

    public static Task Status(HttpContext context, int status, string? retryAfter = null)
    {
        context.Response.StatusCode = status;
        if (retryAfter is not null) context.Response.Headers.RetryAfter = retryAfter;
        return Task.CompletedTask;
    }

    /// <summary>Says more than it sends.</summary>
    public static async Task CutOff(HttpContext context, string body)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length + 100;
        await context.Response.WriteAsync(body);
        await context.Response.Body.FlushAsync();
        context.Abort();
    }

    /// <summary>Answers nothing until the client has gone; says first that it does.</summary>
    public static async Task Hang(HttpContext context, Action hanging)
    {
        var gone = new TaskCompletionSource();
        await using var _ = context.RequestAborted.Register(gone.SetResult);
        hanging();
        await gone.Task;
    }
}
