namespace Lambda.Cluster.Embedded;

/// <summary>A background task that takes steps until it is stopped. A failed step is told and taken again after a pause: what fails here is the outside.</summary>
internal sealed class Loop : IAsyncDisposable
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _task;

    /// <param name="step">One step; gives the pause before the next.</param>
    /// <param name="onError">Told of each failed step.</param>
    public Loop(string name, Func<CancellationToken, Task<TimeSpan>> step, Action<string, Exception> onError) =>
        _task = Task.Run(() => RunAsync(name, step, onError));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _task;
        _stop.Dispose();
    }

    private async Task RunAsync(string name, Func<CancellationToken, Task<TimeSpan>> step, Action<string, Exception> onError)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var pause = await step(_stop.Token);
                if (pause > TimeSpan.Zero) await Task.Delay(pause, _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                onError(name, e);
                await Task.Delay(RetryPause, _stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        }
    }
}
