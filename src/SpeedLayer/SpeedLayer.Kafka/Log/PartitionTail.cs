using Lambda.SpeedLayer.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Kafka.Log;

/// <summary>
/// What this node knows of one partition: its bounds, its newest records if it is read here, who waits for more. Thread-safe; every number only grows.
/// </summary>
internal sealed class PartitionTail(int partition, KafkaLogLimits limits)
{
    private readonly object _lock = new();
    private readonly OffsetWaiters _waiters = new();
    private FrameRing _ring = new();
    private long _ringBytes;
    private long _ringNext = -1;
    private long _start, _end, _lastAppendedAtMs;
    private long _usedAtTick = Environment.TickCount64;
    private int _waiting;
    private long _heardAtTick = long.MinValue / 2;

    public int Partition => partition;

    /// <summary>True once the newest records come into memory here.</summary>
    public bool IsFollowed { get { lock (_lock) return _ringNext >= 0; } }

    public long Start { get { lock (_lock) return _start; } }

    /// <summary>One past the last record known to be durable.</summary>
    public long End { get { lock (_lock) return _end; } }

    public long LastAppendedAtMs { get { lock (_lock) return _lastAppendedAtMs; } }

    public bool IsIdle { get { lock (_lock) return _waiting == 0 && Environment.TickCount64 - _usedAtTick > limits.TailIdleMs; } }

    /// <summary>When, in ms of Environment.TickCount64, a broker was last asked for the end and answered.</summary>
    public long HeardAtTick { get => Volatile.Read(ref _heardAtTick); set => Volatile.Write(ref _heardAtTick, value); }

    public void Touch()
    {
        lock (_lock) _usedAtTick = Environment.TickCount64;
    }

    public void Know(long start, long end, long lastAppendedAtMs)
    {
        var woken = new List<TaskCompletionSource>();
        lock (_lock) Learn(start, end, lastAppendedAtMs, woken);
        foreach (var waiter in woken) waiter.TrySetResult();
    }

    /// <summary>From now on records from this offset on are added.</summary>
    public void Follow(long next)
    {
        lock (_lock)
        {
            (_ring, _ringBytes, _ringNext) = (new FrameRing(), 0, next);
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Records are no longer added; who waits is told why, or waits on when there is no fault.</summary>
    public void Unfollow(Exception? fault)
    {
        var left = new List<TaskCompletionSource>();
        lock (_lock)
        {
            (_ring, _ringBytes, _ringNext) = (new FrameRing(), 0, -1);
            if (fault is not null) _waiters.Take(long.MaxValue, left);
            Monitor.PulseAll(_lock);
        }
        foreach (var waiter in left) waiter.TrySetException(fault!);
    }

    public void Add(LogFrame frame)
    {
        var woken = new List<TaskCompletionSource>();
        lock (_lock)
        {
            _ring.Add(frame);
            _ringBytes += frame.Records.Length;
            _ringNext = frame.EndOffset;
            while (_ringBytes > limits.RecentBytesMax && _ring.Count > 1) _ringBytes -= _ring.RemoveFirst().Records.Length;
            Learn(0, frame.EndOffset, frame.AppendedAtMs, woken);
            Monitor.PulseAll(_lock);
        }
        foreach (var waiter in woken) waiter.TrySetResult();
    }

    private void Learn(long start, long end, long lastAppendedAtMs, List<TaskCompletionSource> woken)
    {
        _start = Math.Max(_start, start);
        _end = Math.Max(_end, end);
        _lastAppendedAtMs = Math.Max(_lastAppendedAtMs, lastAppendedAtMs);
        _waiters.Take(_end, woken);
    }

    /// <summary>
    /// Frames from memory. Waits for records that are durable but not yet here. Null when they must be read from the broker: up to
    /// <paramref name="firstInMemory"/>.
    /// </summary>
    public List<LogFrame>? Read(long from, int maxBytes, out long firstInMemory)
    {
        var deadline = Environment.TickCount64 + limits.ReadTimeoutMs;
        lock (_lock)
        {
            while (_ringNext >= 0 && from >= _ringNext && from < _end)
                if (Environment.TickCount64 >= deadline || !Monitor.Wait(_lock, (int)Math.Max(1, deadline - Environment.TickCount64))) break;
            firstInMemory = _ringNext < 0 ? _end : _ring.Count > 0 ? _ring[0].FirstOffset : _ringNext;
            return from >= _end ? [] : _ringNext < 0 ? null : _ring.Read(from, maxBytes);
        }
    }

    public async Task WaitAsync(long offset, CancellationToken cancel)
    {
        Task waiting;
        lock (_lock)
        {
            if (_end > offset) return;
            waiting = _waiters.Add(offset);
            _waiting++;
        }
        try
        {
            await waiting.WaitAsync(cancel).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            lock (_lock) _waiters.Remove(waiting);
            throw;
        }
        finally
        {
            lock (_lock) _waiting--;
        }
    }
}
