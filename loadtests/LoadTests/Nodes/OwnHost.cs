using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Lambda.LoadTests.Nodes;

/// <summary>A host of the embedded edition on a temporary folder, which the test owns: to be loaded, killed and started again.</summary>
internal sealed class OwnHost : INode, IAsyncDisposable
{
    /// <summary>Lambda.Cluster.dll; ./lambda sets it.</summary>
    public const string HostVariable = "LAMBDA_HOST";

    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(2);
    private const int ErrorsKept = 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("lambda-load-").FullName;
    private readonly int _port = FreePort();
    private readonly Queue<string> _errors = new();
    private Process? _process;

    public Uri Url => new($"http://127.0.0.1:{_port}");

    /// <exception cref="EnvironmentException">It ended instead; with what it said.</exception>
    public static async Task<OwnHost> StartAsync(CancellationToken cancel)
    {
        var host = new OwnHost();
        var ready = host.Begin();
        if (await Task.WhenAny(ready, host._process!.WaitForExitAsync(cancel), Task.Delay(StartPatience, cancel)) == ready) return host;
        await host.DisposeAsync();
        throw new EnvironmentException($"the host did not become ready: {string.Join(" | ", host._errors)}");
    }

    public async Task KillAsync(CancellationToken cancel)
    {
        _process!.Kill();
        await _process.WaitForExitAsync(cancel);
        _process.Dispose();
    }

    public Task RestartAsync(CancellationToken cancel)
    {
        _ = Begin();
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false }) await KillAsync(CancellationToken.None);
        for (var tries = 20; tries > 0; tries--)
        {
            try
            {
                Directory.Delete(_folder, recursive: true);
                return;
            }
            catch (IOException)
            {
                await Task.Delay(100); // its warehouse is about to notice that it is alone
            }
        }
    }

    /// <returns>Completes when it prints `ready`.</returns>
    private Task Begin()
    {
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        string[] arguments = [HostFile(), "up", "--dev", "--data", Path.Combine(_folder, "data"), "--port", _port.ToString(CultureInfo.InvariantCulture), "--batch-at", "none"];
        var start = new ProcessStartInfo(Environment.ProcessPath is { } own && Path.GetFileNameWithoutExtension(own) == "dotnet" ? own : "dotnet", arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("LAMBDA_", StringComparison.Ordinal) && k is not "LAMBDA_CHDB_LIB" and not "LAMBDA_CACHE").ToList())
            start.Environment.Remove(name);
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data?.StartsWith("ready ", StringComparison.Ordinal) == true) ready.TrySetResult();
        };
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        return ready.Task;
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_errors)
        {
            _errors.Enqueue(line);
            if (_errors.Count > ErrorsKept) _errors.Dequeue();
        }
    }

    private static string HostFile()
    {
        var file = Environment.GetEnvironmentVariable(HostVariable) is { Length: > 0 } named ? named : Path.Combine(AppContext.BaseDirectory, "Lambda.Cluster.dll");
        return File.Exists(file) ? file : throw new EnvironmentException($"there is no host at {file}; run ./lambda loadtest, or name Lambda.Cluster.dll in {HostVariable}");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
