using System.Net;
using System.Net.Sockets;
using Lambda.Serving.Api;
using Lambda.Serving.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lambda.Serving;

/// <summary>
/// The API on Kestrel, on loopback. It can listen before the engine is there: /healthz answers at once, everything else with 503 until <see cref="Attach"/>.
/// </summary>
public sealed class ApiServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ApiState _state;

    private ApiServer(WebApplication app, ApiState state, Uri url) => (_app, _state, Url) = (app, state, url);

    public Uri Url { get; }

    /// <param name="port">0 takes a free one.</param>
    /// <param name="onError">Told of exceptions that became a 500, and of errors of the web server itself.</param>
    /// <exception cref="PortTakenException">Somebody listens there already.</exception>
    public static async Task<ApiServer> StartAsync(int port, Action<string, Exception> onError, CancellationToken cancel)
    {
        var state = new ApiState();
        var app = Build(port, state, onError);
        try
        {
            await app.StartAsync(cancel);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
        {
            await app.DisposeAsync();
            throw new PortTakenException(port, e);
        }
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new ApiServer(app, state, new Uri(address));
    }

    public void Attach(ServingParts parts) => _state.Attach(parts);

    /// <summary>Lets open requests end, up to <see cref="Limits.ShutdownGrace"/>.</summary>
    public Task StopAsync(CancellationToken hurry) => _app.StopAsync(hurry);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static WebApplication Build(int port, ApiState state, Action<string, Exception> onError)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "Lambda" });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<ILoggerProvider>(new ErrorLog(onError));
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = Limits.ShutdownGrace);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = Limits.RequestBodyBytes;
            kestrel.Limits.MaxConcurrentConnections = Limits.Connections;
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(Limits.BodyBytesPerSecondMin, Limits.BodyRateGrace);
            kestrel.Limits.RequestHeadersTimeout = Limits.HeadersTimeout;
            kestrel.Limits.KeepAliveTimeout = Limits.KeepAlive;
            kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http1);
        });
        var app = builder.Build();
        app.Use(next => context => ErrorBoundary.InvokeAsync(context, next, onError));
        app.UseRouting();
        foreach (var operation in Operations.All)
            app.MapMethods(operation.Path, [operation.Method], context => operation.Handle(context, state));
        return app;
    }
}

public sealed class PortTakenException(int port, Exception inner) : Exception($"port {port} on 127.0.0.1 is taken; stop what listens there or choose another with --port", inner)
{
    public int Port { get; } = port;
}
