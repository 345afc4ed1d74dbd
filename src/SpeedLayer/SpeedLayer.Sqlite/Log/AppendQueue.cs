using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Sqlite.Log;

internal sealed class PendingAppend(AppendBatch batch) : TaskCompletionSource<IReadOnlyList<Position>>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public AppendBatch Batch => batch;
}

internal sealed class PendingTruncation(int partition, long offset, CancellationToken cancel) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public int Partition => partition;
    public long Offset => offset;
    public CancellationToken Cancel => cancel;
}

/// <summary>What the writer thread has to do. Bounded by bytes, those being written included.</summary>
internal sealed class AppendQueue(LogLimits limits)
{
    private readonly object _lock = new();
    private readonly Queue<PendingAppend> _appends = new();
    private readonly Queue<PendingTruncation> _truncations = new();
    private long _bytes;
    private bool _closed;

    public Task<IReadOnlyList<Position>> Add(AppendBatch batch)
    {
        var append = new PendingAppend(batch);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(SqliteEventLog));
            if (_bytes > 0 && _bytes + batch.Bytes > limits.PendingBytesMax)
                throw new LogFullException($"{_bytes} bytes wait to be appended, {limits.PendingBytesMax} are allowed: try again");
            _bytes += batch.Bytes;
            _appends.Enqueue(append);
            Monitor.Pulse(_lock);
        }
        return append.Task;
    }

    public Task Add(PendingTruncation truncation)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(SqliteEventLog));
            _truncations.Enqueue(truncation);
            Monitor.Pulse(_lock);
        }
        return truncation.Task;
    }

    /// <summary>Waits for work: all appends that fit into a group, and the truncation whose turn it is. False when closed and empty.</summary>
    public bool Take(List<PendingAppend> group, out PendingTruncation? truncation)
    {
        lock (_lock)
        {
            while (_appends.Count == 0 && _truncations.Count == 0 && !_closed) Monitor.Wait(_lock);
            _truncations.TryPeek(out truncation);
            for (long bytes = 0; _appends.TryPeek(out var next) && (group.Count == 0 || bytes + next.Batch.Bytes <= limits.GroupBytesMax);)
            {
                bytes += next.Batch.Bytes;
                group.Add(_appends.Dequeue());
            }
            return group.Count > 0 || truncation is not null;
        }
    }

    public void Done(List<PendingAppend> group)
    {
        lock (_lock)
            foreach (var append in group) _bytes -= append.Batch.Bytes;
    }

    public void Done(PendingTruncation truncation)
    {
        lock (_lock)
            if (_truncations.Dequeue() != truncation) throw new InvalidOperationException("another truncation was first");
    }

    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            Monitor.Pulse(_lock);
        }
    }
}
