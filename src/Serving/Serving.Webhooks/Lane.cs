using System.Collections.Concurrent;

namespace Lambda.Serving.Webhooks;

/// <summary>What one webhook is being told: deliveries that have begun, of which only some may have a request open.</summary>
internal sealed class Lane(int requests)
{
    private readonly ConcurrentDictionary<long, Task> _begun = [];
    private readonly SemaphoreSlim _turns = new(requests, requests); // no wait handle in it: nothing to dispose of

    public int Count => _begun.Count;

    /// <summary>Begins a delivery, unless it has begun already: its claim ran out while it waited for its turn.</summary>
    public void Add(long number, Func<Task> deliver)
    {
        var task = new Task<Task>(deliver);
        var whole = task.Unwrap();
        if (!_begun.TryAdd(number, whole)) return;
        _ = whole.ContinueWith(_ => _begun.TryRemove(number, out Task? _), TaskScheduler.Default);
        task.Start(TaskScheduler.Default);
    }

    public async Task<bool> TakeTurnAsync(Func<Task<bool>> send, CancellationToken cancel)
    {
        await _turns.WaitAsync(cancel);
        try
        {
            return await send();
        }
        finally
        {
            _turns.Release();
        }
    }

    public Task EndedAsync() => Task.WhenAll(_begun.Values);
}
