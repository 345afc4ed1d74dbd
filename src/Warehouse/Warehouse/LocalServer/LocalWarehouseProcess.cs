namespace Lambda.Warehouse.LocalServer;

/// <summary>
/// The local warehouse: a child process with the engine in it, started, watched and started again when it dies or hangs, always on the same URL.
/// A death of this process ends the child too.
/// </summary>
public sealed class LocalWarehouseProcess : IAsyncDisposable
{
    private readonly LocalWarehouseOptions _options;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource<Uri> _firstReady = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _watch;
    private volatile ServerRun? _run;

    private LocalWarehouseProcess(LocalWarehouseOptions options)
    {
        _options = options;
        _watch = Task.Run(WatchAsync);
    }

    /// <summary>http://127.0.0.1:PORT, the same for life. While the process restarts, connections are refused.</summary>
    public Uri Url => _firstReady.Task.Result;

    /// <summary>Of the process that runs now; null between two.</summary>
    public int? ProcessId => _run?.ProcessId;

    public int Restarts { get; private set; }

    /// <summary>Starts the process and waits until it serves.</summary>
    /// <exception cref="InvalidOperationException">It did not start: path in use, library missing, port taken; the text says.</exception>
    public static async Task<LocalWarehouseProcess> StartAsync(LocalWarehouseOptions options, CancellationToken cancel = default)
    {
        foreach (var file in new[] { options.ServerPath, options.LibraryPath })
            if (!File.Exists(file))
                throw new InvalidOperationException($"the local warehouse cannot start: {file} does not exist");
        var process = new LocalWarehouseProcess(options);
        try
        {
            await process._firstReady.Task.WaitAsync(cancel);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks the process to end, so that what runs is finished and files are closed; kills it after the stop timeout.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            await _watch;
            return;
        }
        await _stopping.CancelAsync();
        if (_run is { } run)
            await run.StopAsync(_options.StopTimeout);
        await _watch;
        _stopping.Dispose();
    }

    private async Task WatchAsync()
    {
        var port = _options.Port;
        var backoff = _options.Backoff;
        while (!_stopping.IsCancellationRequested)
        {
            using var run = ServerRun.Start(_options, port);
            _run = run;
            if (_stopping.IsCancellationRequested)
                await run.StopAsync(_options.StopTimeout);
            if (await run.ReadyAsync(_options.StartTimeout) is { } url)
            {
                port = url.Port;
                backoff = _options.Backoff;
                _firstReady.TrySetResult(url);
                await HangGuard.WatchAsync(run, url, _options, _stopping.Token);
            }
            else
            {
                await run.StopAsync(TimeSpan.Zero);
            }
            var exit = new LocalWarehouseExit(await run.ExitedAsync(), run.Describe(), Restarts);
            _run = null;
            if (_stopping.IsCancellationRequested)
                break;
            _options.Exited?.Invoke(exit);
            if (!_firstReady.Task.IsCompleted)
            {
                _firstReady.TrySetException(new InvalidOperationException($"the local warehouse did not start: {exit.Reason}"));
                return;
            }
            backoff = await PauseAsync(backoff);
            Restarts++;
        }
        _firstReady.TrySetException(new OperationCanceledException("the local warehouse was stopped before it had started"));
    }

    private async Task<TimeSpan> PauseAsync(TimeSpan backoff)
    {
        try
        {
            await Task.Delay(backoff, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // Stopping: the loop sees it.
        }
        return TimeSpan.FromTicks(Math.Min(backoff.Ticks * 2, _options.BackoffMax.Ticks));
    }
}
