using Lambda.SpeedLayer.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Sqlite.Log;

/// <summary>What everybody may know of the log: bounds, the newest frames, who waits. Changed by the writer thread alone, after the commit.</summary>
internal sealed class LogTail(PartitionBounds[] bounds, long recentBytesMax)
{
    private readonly Lock _lock = new();
    private readonly OffsetWaiters[] _waiters = [.. bounds.Select(_ => new OffsetWaiters())];
    private RecentFrames _recent = new(bounds.Length, recentBytesMax);
    private bool _closed;

    public PartitionBounds this[int partition] { get { lock (_lock) return bounds[partition]; } }

    /// <summary>These frames are durable.</summary>
    public void Append(List<LogFrame> frames)
    {
        var woken = new List<TaskCompletionSource>();
        lock (_lock)
        {
            foreach (var frame in frames)
            {
                bounds[frame.Partition] = bounds[frame.Partition] with { End = frame.EndOffset, LastAppendedAtMs = frame.AppendedAtMs };
                _recent.Add(frame);
                _waiters[frame.Partition].Take(frame.EndOffset, woken);
            }
        }
        foreach (var waiter in woken) waiter.TrySetResult();
    }

    public void MoveStart(int partition, long start)
    {
        lock (_lock) bounds[partition] = bounds[partition] with { Start = start };
    }

    /// <summary>Frames from memory; null when they must come from the file.</summary>
    public List<LogFrame>? Read(int partition, long from, int maxBytes)
    {
        lock (_lock) return _recent.Read(partition, from, maxBytes);
    }

    /// <summary>The newest frames come from the file again, where some of them are other ones now.</summary>
    public void Forget()
    {
        lock (_lock) _recent = new RecentFrames(bounds.Length, recentBytesMax);
    }

    public async Task WaitAsync(int partition, long offset, CancellationToken cancel)
    {
        Task waiting;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(SqliteEventLog));
            if (bounds[partition].End > offset) return;
            waiting = _waiters[partition].Add(offset);
        }
        try
        {
            await waiting.WaitAsync(cancel).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            lock (_lock) _waiters[partition].Remove(waiting);
            throw;
        }
    }

    public void Close()
    {
        var left = new List<TaskCompletionSource>();
        lock (_lock)
        {
            _closed = true;
            foreach (var waiters in _waiters) waiters.Take(long.MaxValue, left);
        }
        foreach (var waiter in left) waiter.TrySetException(new ObjectDisposedException(nameof(SqliteEventLog)));
    }
}
