using Lambda.Domain.Log;
using Lambda.SpeedLayer.Kafka.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Kafka;

/// <summary>
/// The event log in a Kafka topic: a record is a message, a position its partition and offset, the append time its timestamp. The partitions that are read
/// here are followed in memory; older records are fetched by cursors. Readers and writers come from any thread; <see cref="Read"/> may wait for a broker.
/// </summary>
public sealed class KafkaEventLog : IEventLog
{
    private readonly KafkaLogOptions _options;
    private readonly KafkaTopic _topic;
    private readonly PartitionTail[] _tails;
    private readonly TailReader _reader;
    private readonly CursorPool _cursors;
    private readonly KafkaAppender _appender;
    private readonly Thread _bounds;
    private readonly ManualResetEventSlim _stop = new();
    private int _disposed;

    private KafkaEventLog(KafkaLogOptions options, KafkaTopic topic, TimeProvider time)
    {
        (_options, _topic) = (options, topic);
        _tails = [.. Enumerable.Range(0, options.Partitions).Select(p => new PartitionTail(p, options.Limits))];
        _cursors = new CursorPool(options, topic);
        Parallel.For(0, Partitions, p => LearnEnd(p));
        _reader = new TailReader(options, topic, _tails);
        _appender = new KafkaAppender(options, _tails, time);
        _bounds = new Thread(KeepBounds) { Name = "lambda-kafka-bounds", IsBackground = true };
        _bounds.Start();
    }

    public int Partitions => _options.Partitions;

    /// <summary>Opens the log; makes its topic if it is not there.</summary>
    /// <exception cref="KafkaLogException">No broker answers, or the topic has another number of partitions.</exception>
    public static ValueTask<KafkaEventLog> OpenAsync(KafkaLogOptions options, TimeProvider time) => OpenAsync(options, time, null);

    /// <param name="options">As above.</param>
    /// <param name="time">The clock of append times.</param>
    /// <param name="truncate">Deletes a partition's records before an offset where the broker knows no DeleteRecords: the mock.</param>
    public static async ValueTask<KafkaEventLog> OpenAsync(KafkaLogOptions options, TimeProvider time, Func<int, long, Task>? truncate)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Partitions);
        var topic = new KafkaTopic(options, truncate);
        try
        {
            await topic.EnsureAsync();
            return await Task.Run(() => new KafkaEventLog(options, topic, time));
        }
        catch
        {
            topic.Dispose();
            throw;
        }
    }

    /// <summary>
    /// As the port says, but all or nothing only towards the caller: of a batch that failed some records may stand. Cancellation counts until it is sent.
    /// </summary>
    public ValueTask<IReadOnlyList<Position>> AppendAsync(AppendBatch batch, CancellationToken cancel)
    {
        if (batch.Partitions != Partitions)
            throw new ArgumentException($"batch is of {batch.Partitions} partitions, the log has {Partitions}", nameof(batch));
        cancel.ThrowIfCancellationRequested();
        return batch.Count == 0 ? new([]) : new(_appender.Append(batch));
    }

    public IReadOnlyList<LogFrame> Read(int partition, long fromOffset, int maxBytes)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        var tail = _tails[partition];
        _reader.Want(partition);
        if (fromOffset < tail.Start) throw new LogTruncatedException(partition, fromOffset, tail.Start);
        if (fromOffset >= tail.End && !tail.IsFollowed) LearnBounds(partition);
        if (tail.Read(fromOffset, maxBytes, out var firstInMemory) is { } recent) return recent;
        return _cursors.Read(partition, fromOffset, firstInMemory, maxBytes);
    }

    public Task WaitAsync(int partition, long offset, CancellationToken cancel)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        _reader.Want(partition);
        return _tails[partition].WaitAsync(offset, cancel);
    }

    public long StartOffset(int partition)
    {
        if (!_tails[partition].IsFollowed) LearnBounds(partition);
        return _tails[partition].Start;
    }

    /// <summary>From memory where the partition is read here; else the broker is asked.</summary>
    public long EndOffset(int partition)
    {
        if (!_tails[partition].IsFollowed) LearnBounds(partition);
        return _tails[partition].End;
    }

    public long LastAppendedAtMs(int partition)
    {
        var tail = _tails[partition];
        if (tail.IsFollowed) return tail.LastAppendedAtMs;
        var known = tail.End;
        if (LearnBounds(partition) > known) LearnEnd(partition);
        return tail.LastAppendedAtMs;
    }

    public long OffsetAtTime(int partition, long appendedAtMs)
    {
        var (start, last, end) = (StartOffset(partition), LastAppendedAtMs(partition), EndOffset(partition));
        if (end == start) return start;
        if (last <= appendedAtMs) return end - 1;
        var later = _topic.FirstAt(partition, appendedAtMs + 1) ?? FirstAfter(partition, start, end - 1, appendedAtMs);
        return Math.Max(start, later - 1);
    }

    /// <summary>The newest record stays: it carries the append time that later ones must not fall below.</summary>
    public async Task TruncateAsync(int partition, long offset, CancellationToken cancel)
    {
        var end = EndOffset(partition);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, end);
        var keep = Math.Min(offset, end - 1);
        if (keep <= StartOffset(partition)) return;
        cancel.ThrowIfCancellationRequested();
        await _topic.TruncateAsync(partition, keep);
        _tails[partition].Know(keep, 0, 0);
    }

    /// <summary>Waits until what was sent is acknowledged or failed, then closes.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await Task.Run(() =>
        {
            _stop.Set();
            _bounds.Join();
            _appender.Close();
            _reader.Stop();
            _cursors.Dispose();
            _topic.Dispose();
        });
    }

    /// <summary>
    /// Milliseconds since a broker last told where this partition ends; what is read here is complete up to then. Only grows while the brokers cannot be
    /// reached, or while nobody reads the partition here.
    /// </summary>
    public long HeardMsAgo(int partition) => Environment.TickCount64 - _tails[partition].HeardAtTick;

    // Kafka's fetches say nothing while there is nothing: a node cut off from its brokers would take silence for being up to date.
    private void KeepBounds()
    {
        while (!_stop.Wait(_options.Limits.BoundsEveryMs))
        {
            foreach (var tail in _tails.Where(t => t.IsFollowed))
            {
                try
                {
                    LearnBounds(tail.Partition);
                }
                catch (KafkaLogException) { } // seen in HeardMsAgo
            }
            _cursors.CloseIdle();
        }
    }

    private long LearnBounds(int partition)
    {
        var asked = Environment.TickCount64;
        var (low, high) = _topic.Bounds(partition);
        _tails[partition].Know(low, high, 0);
        _tails[partition].HeardAtTick = asked;
        return high;
    }

    private void LearnEnd(int partition)
    {
        var high = LearnBounds(partition);
        if (high > _tails[partition].Start) _tails[partition].Know(0, high, _cursors.Read(partition, high - 1, high, 1)[^1].AppendedAtMs);
    }

    // For brokers that cannot find an offset by time: append times never decrease, so halving finds the first record after it. The last one is.
    private long FirstAfter(int partition, long first, long last, long appendedAtMs)
    {
        while (first < last)
        {
            var middle = first + (last - first) / 2;
            if (_cursors.Read(partition, middle, middle + 1, 1)[0].AppendedAtMs > appendedAtMs) last = middle;
            else first = middle + 1;
        }
        return last;
    }
}
