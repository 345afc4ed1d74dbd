using System.Diagnostics;
using System.Runtime.InteropServices;
using Lambda.Cluster.Cli;

namespace Lambda.Cluster.Bench.Processes;

/// <summary>Another process of this program that serves at a URL: a real host (`up`), or a peer to compare with. Killed when disposed of unless it was stopped.</summary>
internal sealed class LambdaProcess : IAsyncDisposable
{
    private const int ErrorLinesKept = 20;

    private readonly Process _process;
    private readonly Queue<string> _errors = new();
    private readonly TaskCompletionSource<Uri> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private LambdaProcess(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => OnOutput(line.Data);
        _process.ErrorDataReceived += (_, line) => OnError(line.Data);
        _process.Exited += (_, _) => _ready.TrySetException(new CommandException(ExitCode.Environment, $"a host of the bench ended: {Errors()}"));
    }

    public Uri Url => _ready.Task.Result;

    public int Id => _process.Id;

    /// <summary>Processor time used so far, by it and by its children that live.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime + Warehouse;
        }
    }

    public TimeSpan Warehouse => Children.Of(Id).Aggregate(TimeSpan.Zero, (sum, child) => sum + TimeOf(child));

    /// <summary>Runs `lambda ARGUMENTS…` and waits for its `ready URL`.</summary>
    /// <exception cref="CommandException">It ended instead; with what it said.</exception>
    public static async Task<LambdaProcess> StartAsync(IEnumerable<string> arguments, CancellationToken cancel)
    {
        var process = Begin(arguments);
        await process._ready.Task.WaitAsync(cancel);
        return process;
    }

    /// <summary>The same without waiting.</summary>
    /// <param name="log">Gets each line it writes to stderr.</param>
    /// <param name="environment">Variables it gets besides those of this process, unless they are set here already.</param>
    public static LambdaProcess Begin(IEnumerable<string> arguments, Action<string>? log = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(DotnetHost()) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.ArgumentList.Add(typeof(LambdaProcess).Assembly.Location);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment.TryAdd(name, value);
        var process = new LambdaProcess(start);
        if (log is not null) process._process.ErrorDataReceived += (_, line) => { if (line.Data is { } text) log(text); };
        process._process.Start();
        process._process.BeginOutputReadLine();
        process._process.BeginErrorReadLine();
        return process;
    }

    public Task<Uri> ReadyAsync(CancellationToken cancel) => _ready.Task.WaitAsync(cancel);

    /// <summary>SIGKILL, until it is gone; its children too unless told otherwise (they end by themselves when it does).</summary>
    public async Task KillAsync(bool alsoAwaitChildren = true)
    {
        var children = Children.Of(Id);
        _process.Kill();
        await _process.WaitForExitAsync();
        while (alsoAwaitChildren && children.Any(c => Directory.Exists($"/proc/{c}"))) await Task.Delay(5);
    }

    /// <summary>Asks it to stop and waits until it has.</summary>
    public async Task StopAsync()
    {
        Terminate();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, without waiting.</summary>
    public void Terminate()
    {
        if (!_process.HasExited) _ = Kill(_process.Id, (int)PosixSignalNumber.Terminate);
    }

    /// <summary>SIGSTOP: it lives, holds its connections, and does nothing. On a busy machine its threads go on for a while: until the last one stands.</summary>
    public async Task FreezeAsync()
    {
        _ = Kill(_process.Id, (int)PosixSignalNumber.Stop);
        while (Directory.GetDirectories($"/proc/{Id}/task").Any(thread => !IsStopped(thread))) await Task.Delay(5);
    }

    private static bool IsStopped(string thread)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(thread, "stat")); // PID (NAME) STATE …
            return stat[stat.LastIndexOf(')') + 2] == 'T';
        }
        catch (IOException)
        {
            return true; // the thread has ended
        }
    }

    /// <summary>SIGCONT.</summary>
    public void Thaw() => _ = Kill(_process.Id, (int)PosixSignalNumber.Continue);

    public Task ExitedAsync(CancellationToken cancel) => _process.WaitForExitAsync(cancel);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
    }

    private void OnOutput(string? line)
    {
        const string ready = "ready ";
        if (line?.StartsWith(ready, StringComparison.Ordinal) == true) _ready.TrySetResult(new Uri(line[ready.Length..]));
    }

    private void OnError(string? line)
    {
        if (line is null) return;
        lock (_errors)
        {
            _errors.Enqueue(line);
            if (_errors.Count > ErrorLinesKept) _errors.Dequeue();
        }
    }

    /// <summary>The last lines it wrote to stderr.</summary>
    public string Errors()
    {
        lock (_errors) return string.Join(" | ", _errors);
    }

    private static TimeSpan TimeOf(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return process.TotalProcessorTime;
        }
        catch (ArgumentException)
        {
            return TimeSpan.Zero; // it has ended
        }
    }

    /// <summary>The dotnet that runs this process, which need not be the one on the PATH.</summary>
    public static string DotnetHost()
    {
        var beside = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));
        return File.Exists(beside) ? beside : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
    }

    private enum PosixSignalNumber { Terminate = 15, Continue = 18, Stop = 19 }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int processId, int signal);
}
