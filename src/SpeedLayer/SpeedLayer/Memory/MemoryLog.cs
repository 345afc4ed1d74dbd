using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Memory;

/// <summary>
/// The log in memory: for tests and the simulation. Everything completes before the call returns, the time is the TimeProvider's,
/// so a run is a function of its inputs. It outlives the "process" of a simulated crash as a file would.
/// </summary>
public sealed class MemoryLog(int partitions, TimeProvider time) : IEventLog, IErasableLog
{
    private readonly Lock _lock = new();
    private readonly Partition[] _partitions = [.. Enumerable.Range(0, partitions).Select(_ => new Partition())];

    public int Partitions => partitions;

    /// <summary>While set, appends fail as a full log's do: for tests of backpressure.</summary>
    public bool Full { get; set; }

    public ValueTask<IReadOnlyList<Position>> AppendAsync(AppendBatch batch, CancellationToken cancel)
    {
        if (batch.Partitions != partitions)
            throw new ArgumentException($"batch is of {batch.Partitions} partitions, the log has {partitions}", nameof(batch));
        cancel.ThrowIfCancellationRequested();
        if (Full) throw new LogFullException("the log was told to be full");
        var last = new List<Position>();
        var woken = new List<TaskCompletionSource>();
        lock (_lock)
        {
            var now = time.GetUtcNow().ToUnixTimeMilliseconds();
            for (var p = 0; p < partitions; p++)
            {
                if (batch.CountOf(p) == 0) continue;
                _partitions[p].Append(p, batch.CountOf(p), now, batch.RecordsOf(p), woken);
                last.Add(new Position(p, _partitions[p].End - 1));
            }
        }
        foreach (var waiter in woken) waiter.TrySetResult();
        return new(last);
    }

    public IReadOnlyList<LogFrame> Read(int partition, long fromOffset, int maxBytes)
    {
        lock (_lock)
        {
            var from = _partitions[partition];
            if (fromOffset < from.Start) throw new LogTruncatedException(partition, fromOffset, from.Start);
            var frames = new List<LogFrame>();
            long bytes = 0;
            for (var i = from.IndexOf(fromOffset); i < from.Frames.Count && (frames.Count == 0 || bytes < maxBytes); i++)
            {
                frames.Add(from.Frames[i]);
                bytes += from.Frames[i].Records.Length;
            }
            return frames;
        }
    }

    public async Task WaitAsync(int partition, long offset, CancellationToken cancel)
    {
        Task waiting;
        lock (_lock)
        {
            if (_partitions[partition].End > offset) return;
            waiting = _partitions[partition].Waiters.Add(offset);
        }
        try
        {
            await waiting.WaitAsync(cancel);
        }
        catch (OperationCanceledException)
        {
            lock (_lock) _partitions[partition].Waiters.Remove(waiting);
            throw;
        }
    }

    public long StartOffset(int partition) { lock (_lock) return _partitions[partition].Start; }

    public long EndOffset(int partition) { lock (_lock) return _partitions[partition].End; }

    public long LastAppendedAtMs(int partition) { lock (_lock) return _partitions[partition].LastAppendedAtMs; }

    public long OffsetAtTime(int partition, long appendedAtMs)
    {
        lock (_lock)
        {
            var of = _partitions[partition];
            var last = of.Frames.FindLastIndex(f => f.AppendedAtMs <= appendedAtMs);
            return last < 0 ? of.Start : of.Frames[last].EndOffset - 1;
        }
    }

    public Task TruncateAsync(int partition, long offset, CancellationToken cancel)
    {
        lock (_lock)
        {
            var of = _partitions[partition];
            ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, of.End);
            of.Frames.RemoveAll(f => f.EndOffset <= offset);
            of.Start = of.Frames.Count > 0 ? of.Frames[0].FirstOffset : of.End;
        }
        return Task.CompletedTask;
    }

    public Task<long> EraseAsync(int partition, CustomerId? customer, long throughOffset, CancellationToken cancel)
    {
        var erased = 0L;
        lock (_lock)
        {
            var frames = _partitions[partition].Frames;
            for (var i = 0; i < frames.Count && frames[i].FirstOffset <= throughOffset; i++)
                if (FrameErasure.Erase(frames[i], customer, throughOffset) is var (frame, records)) (frames[i], erased) = (frame, erased + records);
        }
        return Task.FromResult(erased);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class Partition
    {
        public readonly List<LogFrame> Frames = [];
        public readonly OffsetWaiters Waiters = new();
        public long Start, End, LastAppendedAtMs;

        public void Append(int number, int count, long nowMs, ReadOnlyMemory<byte> records, List<TaskCompletionSource> woken)
        {
            LastAppendedAtMs = Math.Max(LastAppendedAtMs, nowMs);
            Frames.Add(new LogFrame(number, End, count, LastAppendedAtMs, records));
            End += count;
            Waiters.Take(End, woken);
        }

        /// <summary>The first frame that ends after the offset.</summary>
        public int IndexOf(long offset)
        {
            int low = 0, high = Frames.Count;
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (Frames[middle].EndOffset <= offset) low = middle + 1;
                else high = middle;
            }
            return low;
        }
    }
}
