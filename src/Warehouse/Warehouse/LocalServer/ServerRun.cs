using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Lambda.Warehouse.LocalServer;

/// <summary>One life of the child process.</summary>
internal sealed class ServerRun : IDisposable
{
    private const int StderrLinesKept = 10;

    private readonly Process _process = new();
    private readonly TaskCompletionSource<Uri?> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<string> _stderr = new();
    private readonly Action<string>? _log;

    private ServerRun(LocalWarehouseOptions options, int port)
    {
        _log = options.Log;
        _process.StartInfo = StartInfo(options, port);
        _process.ErrorDataReceived += (_, line) => KeepError(line.Data);
        _process.OutputDataReceived += (_, line) => ReadReady(line.Data);
    }

    internal int? ProcessId { get; private set; }

    /// <summary>
    /// Starts the child from a thread that lives as long as the child: the kernel's "parent died" signal, which the child asks for, is
    /// about the thread that started it, and a pool thread may end at any time.
    /// </summary>
    internal static ServerRun Start(LocalWarehouseOptions options, int port)
    {
        var run = new ServerRun(options, port);
        using var started = new ManualResetEventSlim();
        new Thread(() => run.Live(started)) { IsBackground = true, Name = "local-warehouse" }.Start();
        started.Wait();
        return run;
    }

    /// <summary>The URL once the child serves; null if it ended or the time was up first.</summary>
    internal async Task<Uri?> ReadyAsync(TimeSpan timeout)
    {
        if (await Task.WhenAny(_ready.Task, _exited.Task, Task.Delay(timeout)) == _ready.Task)
            return await _ready.Task;
        if (!_exited.Task.IsCompleted)
            KeepError($"not ready after {timeout.TotalSeconds:0} s");
        return null;
    }

    /// <summary>The exit code, when the child has ended and its output was read.</summary>
    internal Task<int> ExitedAsync() => _exited.Task;

    /// <summary>Closes the child's stdin, its sign to end; kills it after the timeout.</summary>
    internal async Task StopAsync(TimeSpan timeout)
    {
        if (ProcessId == null)
            return;
        try
        {
            if (timeout > TimeSpan.Zero)
                _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It is gone already.
        }
        if (timeout > TimeSpan.Zero && await Task.WhenAny(_exited.Task, Task.Delay(timeout)) == _exited.Task)
            return;
        if (!_exited.Task.IsCompleted)
            _process.Kill();
        await _exited.Task;
    }

    /// <summary>Kills the child, and says why where its exit is told.</summary>
    internal Task KillAsync(string why)
    {
        KeepError(why);
        return StopAsync(TimeSpan.Zero);
    }

    internal string Describe()
    {
        var code = _exited.Task.IsCompletedSuccessfully ? _exited.Task.Result : -1;
        var text = string.Join(" | ", _stderr);
        return text.Length == 0 ? $"exit code {code}" : $"exit code {code}: {text}";
    }

    public void Dispose() => _process.Dispose();

    private static ProcessStartInfo StartInfo(LocalWarehouseOptions options, int port)
    {
        var start = new ProcessStartInfo(DotnetHost())
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        string[] arguments =
        [
            options.ServerPath, "--path", options.DataPath, "--lib", options.LibraryPath,
            "--port", port.ToString(CultureInfo.InvariantCulture),
            "--parent", Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        Add(start, "--memory-mb", options.MemoryMb);
        Add(start, "--connections", options.Connections);
        return start;
    }

    private static void Add(ProcessStartInfo start, string name, int? value)
    {
        if (value is not { } number)
            return;
        start.ArgumentList.Add(name);
        start.ArgumentList.Add(number.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The dotnet that runs this process, which need not be the one on the PATH.</summary>
    private static string DotnetHost()
    {
        var beside = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));
        return File.Exists(beside) ? beside : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
    }

    private void Live(ManualResetEventSlim started)
    {
        try
        {
            _process.Start();
            ProcessId = _process.Id;
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            KeepError(error.Message);
            _exited.SetResult(-1);
            return;
        }
        finally
        {
            started.Set();
        }
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        _process.WaitForExit(); // reads both to their ends
        _exited.SetResult(_process.ExitCode);
    }

    private void KeepError(string? line)
    {
        if (line == null)
            return;
        _stderr.Enqueue(line);
        while (_stderr.Count > StderrLinesKept)
            _stderr.TryDequeue(out _);
        _log?.Invoke(line);
    }

    private void ReadReady(string? line)
    {
        const string ready = "ready ";
        if (line?.StartsWith(ready, StringComparison.Ordinal) == true)
            _ready.TrySetResult(new Uri(line[ready.Length..]));
    }
}
