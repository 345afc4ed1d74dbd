using System.CommandLine;
using System.Net;
using Lambda.Cluster.Bench.Processes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Lambda.Cluster.Bench.Limits;

/// <summary>The limit of every HTTP figure: a server of the same make in a process of its own that answers so many bytes and does nothing else.</summary>
internal static class PlainKestrel
{
    private const string CommandName = "bench-plain-server";

    public static Task<LambdaProcess> StartAsync(int bodyBytes, CancellationToken cancel) =>
        LambdaProcess.StartAsync([CommandName, bodyBytes.ToString(System.Globalization.CultureInfo.InvariantCulture)], cancel);

    /// <summary>The hidden command that runs it.</summary>
    public static Command CreateCommand()
    {
        var bytes = new Argument<int>("bytes");
        var command = new Command(CommandName, "For ./lambda bench: answers every request with so many bytes.") { Hidden = true };
        command.Arguments.Add(bytes);
        command.SetAction((parse, cancel) => ServeAsync(parse.GetValue(bytes), cancel));
        return command;
    }

    private static async Task<int> ServeAsync(int bytes, CancellationToken stop)
    {
        var body = new byte[bytes];
        body.AsSpan().Fill((byte)' ');
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        });
        await using var app = builder.Build();
        app.Run(context =>
        {
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = body.Length;
            return context.Response.Body.WriteAsync(body, 0, body.Length);
        });
        await app.StartAsync(stop);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Console.Out.WriteLine($"ready {address}");
        await Console.Out.FlushAsync(stop);
        await Task.Delay(Timeout.Infinite, stop).ContinueWith(_ => { }, TaskScheduler.Default);
        return 0;
    }
}
