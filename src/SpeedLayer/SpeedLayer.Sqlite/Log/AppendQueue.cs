using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Sqlite.Log;

internal abstract class PendingAppend(AppendBatch batch)
{
    public AppendBatch Batch => batch;

    /// <summary>Before readers see it.</summary>
    public virtual void OnDurable(IReadOnlyList<Position> positions) { }

    public virtual void OnVisible(IReadOnlyList<Position> positions) { }

    public abstract void OnFailed(Exception e);

    public sealed class AsTask(AppendBatch batch) : PendingAppend(batch)
    {
        private readonly TaskCompletionSource<IReadOnlyList<Position>> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<IReadOnlyList<Position>> Task => _done.Task;

        public override void OnVisible(IReadOnlyList<Position> positions) => _done.SetResult(positions);

        public override void OnFailed(Exception e) => _done.SetException(e);
    }

    public sealed class AsCall(AppendBatch batch, Action<IReadOnlyList<Position>> durable, Action<Exception> failed) : PendingAppend(batch)
    {
        public override void OnDurable(IReadOnlyList<Position> positions) => durable(positions);

        public override void OnFailed(Exception e) => failed(e);
    }
}

/// <summary>Done a slice at a time, appends in between.</summary>
internal abstract class PendingUpkeep(CancellationToken cancel) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public CancellationToken Cancel => cancel;
}

internal sealed class PendingTruncation(int partition, long offset, CancellationToken cancel) : PendingUpkeep(cancel)
{
    public int Partition => partition;
    public long Offset => offset;
}

/// <param name="frames">With other content than those that stand there.</param>
internal sealed class PendingRewrite(IEnumerable<LogFrame> frames, CancellationToken cancel) : PendingUpkeep(cancel)
{
    public Queue<LogFrame> Frames { get; } = new(frames);
}

/// <summary>Cleans the file of whatever stood in it before.</summary>
internal sealed class PendingCleaning(CancellationToken cancel) : PendingUpkeep(cancel);

/// <summary>What the writer thread has to do. Bounded by bytes, those being written included.</summary>
internal sealed class AppendQueue(LogLimits limits)
{
    private readonly object _lock = new();
    private readonly Queue<PendingAppend> _appends = new();
    private readonly Queue<PendingUpkeep> _upkeep = new();
    private long _bytes;
    private bool _closed;

    public Task<IReadOnlyList<Position>> Add(AppendBatch batch)
    {
        var append = new PendingAppend.AsTask(batch);
        Add(append);
        return append.Task;
    }

    public void Add(AppendBatch batch, Action<IReadOnlyList<Position>> durable, Action<Exception> failed) => Add(new PendingAppend.AsCall(batch, durable, failed));

    private void Add(PendingAppend append)
    {
        var batch = append.Batch;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(SqliteEventLog));
            if (_bytes > 0 && _bytes + batch.Bytes > limits.PendingBytesMax)
                throw new LogFullException($"{_bytes} bytes wait to be appended, {limits.PendingBytesMax} are allowed: try again");
            _bytes += batch.Bytes;
            _appends.Enqueue(append);
            Monitor.Pulse(_lock);
        }
    }

    public Task Add(PendingUpkeep upkeep)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(SqliteEventLog));
            _upkeep.Enqueue(upkeep);
            Monitor.Pulse(_lock);
        }
        return upkeep.Task;
    }

    /// <summary>Waits for work: all appends that fit into a group, and the upkeep whose turn it is. False when closed and empty.</summary>
    public bool Take(List<PendingAppend> group, out PendingUpkeep? upkeep)
    {
        lock (_lock)
        {
            while (_appends.Count == 0 && _upkeep.Count == 0 && !_closed) Monitor.Wait(_lock);
            _upkeep.TryPeek(out upkeep);
            for (long bytes = 0; _appends.TryPeek(out var next) && (group.Count == 0 || bytes + next.Batch.Bytes <= limits.GroupBytesMax);)
            {
                bytes += next.Batch.Bytes;
                group.Add(_appends.Dequeue());
            }
            return group.Count > 0 || upkeep is not null;
        }
    }

    public void Done(List<PendingAppend> group)
    {
        lock (_lock)
            foreach (var append in group) _bytes -= append.Batch.Bytes;
    }

    public void Done(PendingUpkeep upkeep)
    {
        lock (_lock)
            if (_upkeep.Dequeue() != upkeep) throw new InvalidOperationException("another upkeep was first");
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
