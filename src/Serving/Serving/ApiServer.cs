using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Lambda.Serving.Api;
using Lambda.Serving.Http;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lambda.Serving;

/// <summary>
/// The API on Kestrel. It can listen before the engine is there: /healthz answers at once, everything else with 503 until <see cref="Attach"/>.
/// </summary>
public sealed class ApiServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ApiState _state;

    private ApiServer(WebApplication app, ApiState state, Uri url) => (_app, _state, Url) = (app, state, url);

    public Uri Url { get; }

    /// <summary>On loopback, without keys.</summary>
    /// <param name="port">0 takes a free one.</param>
    public static Task<ApiServer> StartAsync(int port, Action<string, Exception> onError, CancellationToken cancel) => StartAsync(new ApiListen(IPAddress.Loopback, port, NeedsKeys: false), onError, cancel);

    /// <param name="onError">Told of exceptions that became a 500, and of errors of the web server itself.</param>
    /// <exception cref="PortTakenException">Somebody listens there already.</exception>
    /// <exception cref="ArgumentException">It would be open to others without keys.</exception>
    public static async Task<ApiServer> StartAsync(ApiListen listen, Action<string, Exception> onError, CancellationToken cancel)
    {
        if (!listen.NeedsKeys && !IPAddress.IsLoopback(listen.Address)) throw new ArgumentException($"without keys the API listens on loopback only, not on {listen.Address}", nameof(listen));
        var state = new ApiState();
        var app = Build(listen, state, onError);
        try
        {
            await app.StartAsync(cancel);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
        {
            await app.DisposeAsync();
            throw new PortTakenException(listen, e);
        }
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new ApiServer(app, state, new Uri(address));
    }

    public void Attach(ServingParts parts) => _state.Attach(parts);

    /// <summary>Lets open requests end, up to <see cref="Limits.ShutdownGrace"/>.</summary>
    public Task StopAsync(CancellationToken hurry) => _app.StopAsync(hurry);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static WebApplication Build(ApiListen listen, ApiState state, Action<string, Exception> onError)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "Lambda" });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<DistributedContextPropagator>(new TraceParent());
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
            kestrel.Listen(listen.Address, listen.Port, at => Configure(at, listen.Tls, onError));
        });
        var app = builder.Build();
        var gate = new Gate(state, dev: !listen.NeedsKeys);
        app.Use(next => context => ErrorBoundary.InvokeAsync(context, next, dev: !listen.NeedsKeys, onError));
        app.UseRouting();
        foreach (var operation in Operations.All)
            app.MapMethods(operation.Path, [operation.Method], context => gate.InvokeAsync(context, operation));
        return app;
    }

    private static void Configure(ListenOptions at, TlsFiles? tls, Action<string, Exception> onError)
    {
        at.Protocols = HttpProtocols.Http1;
        if (tls is null) return;
        tls.OnError = onError;
        at.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => new(tls.Now()), HandshakeTimeout = Limits.HandshakeTimeout });
    }
}

/// <summary>Where the API listens.</summary>
/// <param name="Port">0 takes a free one.</param>
/// <param name="NeedsKeys">False: whoever reaches the port may do everything. On loopback only, and pages of other sites are kept out by Host and Origin.</param>
/// <param name="Tls">Null: plain HTTP.</param>
public sealed record ApiListen(IPAddress Address, int Port, bool NeedsKeys, TlsFiles? Tls = null);

public sealed class PortTakenException(ApiListen listen, Exception inner)
    : Exception($"port {listen.Port} on {listen.Address} is taken; stop what listens there or choose another with --port", inner)
{
    public int Port { get; } = listen.Port;
}
