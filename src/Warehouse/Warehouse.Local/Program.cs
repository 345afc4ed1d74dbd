using System.Net;
using System.Runtime.InteropServices;
using Lambda.Warehouse.Local;
using Lambda.Warehouse.Local.Engine;
using Lambda.Warehouse.Local.Http;
using Lambda.Warehouse.Local.Native;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

const int Ok = 0, UsageError = 2, EnvironmentError = 3;

LocalOptions options;
try
{
    options = LocalOptions.Parse(args);
}
catch (FormatException error)
{
    Console.Error.WriteLine($"{error.Message}\n{LocalOptions.Usage}");
    return UsageError;
}

try
{
    return await RunAsync(options);
}
catch (Exception error) when (error is IOException or DllNotFoundException or BadImageFormatException or InvalidOperationException
                              or EntryPointNotFoundException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(error.Message);
    return EnvironmentError;
}

static async Task<int> RunAsync(LocalOptions options)
{
    var stop = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
    ParentWatch.Start(options.ParentId, reason => stop.TrySetResult(reason));
    using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, c => Stop(c, "SIGTERM"));
    // Ctrl-C reaches the whole group; with a parent it is for the parent to say when the end has come.
    using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, c => Stop(c, options.ParentId == 0 ? "SIGINT" : null));
    using var onHangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, c => Stop(c, options.ParentId == 0 ? "SIGHUP" : null));
    using var pathLock = DataPathLock.Take(options.DataPath);
    if (Posix.RaiseOpenFileLimit() is > 0 and < 4096 and var limit)
        Console.Error.WriteLine($"the limit on open files is {limit}; the warehouse may need 4096 (ulimit -n)");

    await using var engine = await ChdbEngine.StartAsync(options);
    await using var app = Build(options, engine);
    await app.StartAsync();
    var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
    Console.WriteLine($"ready {address.TrimEnd('/')}");

    var reason = await stop.Task;
    Console.Error.WriteLine($"stopping: {reason}");
    ExitIfStuck();
    using var now = new CancellationTokenSource(TimeSpan.FromSeconds(2));
    await app.StopAsync(now.Token);
    return Ok;

    void Stop(PosixSignalContext context, string? why)
    {
        context.Cancel = true;
        if (why != null)
            stop.TrySetResult(why);
    }
}

static WebApplication Build(LocalOptions options, ChdbEngine engine)
{
    var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
    builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
    builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
    {
        kestrel.Listen(IPAddress.Loopback, options.Port, static listen => listen.Protocols = HttpProtocols.Http1);
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = true; // statements read and write on their connection's own thread
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 1, Limits.ReceiveTimeout);
        kestrel.Limits.MinResponseDataRate = null; // a paused reader is no error; Limits.SendTimeout bounds it
        kestrel.Limits.MaxRequestLineSize = Limits.RequestLineBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = Limits.HeaderBytes;
        kestrel.Limits.MaxResponseBufferSize = Limits.ResponsePipeBytes;
        kestrel.Limits.MaxRequestBufferSize = 2 * Limits.RequestLineBytes;
    });
    var app = builder.Build();
    var handler = new QueryHandler(engine);
    app.Run(handler.HandleAsync);
    return app;
}

/// A statement that does not end must not keep this process: whoever started it counts on the port and the path being free.
static void ExitIfStuck() => new Thread(static () =>
{
    Thread.Sleep(Limits.ShutdownGrace * 2);
    Console.Error.WriteLine("a statement did not end in time: killed");
    System.Diagnostics.Process.GetCurrentProcess().Kill();
}) { IsBackground = true }.Start();

/// <summary>Signals and stdin are handled here, not by the host.</summary>
internal sealed class NoLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
