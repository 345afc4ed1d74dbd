using Confluent.Kafka;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Kafka.Log;

/// <summary>A consumer of its own for somebody who reads older records one after another. Used by one reader at a time.</summary>
internal sealed class KafkaCursor(KafkaLogOptions options, KafkaTopic topic) : IDisposable
{
    private const int AttemptsMax = 3;

    private readonly IConsumer<Ignore, byte[]> _consumer = KafkaClients.Consumer(options, queuedKbytes: 8 << 10);
    private FrameBuilder? _builder;

    public int Partition { get; private set; } = -1;
    public long Next => _builder?.Next ?? -1;
    public long UsedAtTick { get; set; }

    /// <summary>Frames from the offset on, until about so many bytes or <paramref name="limit"/>; at least one record.</summary>
    /// <exception cref="LogTruncatedException">The offset is before the start.</exception>
    /// <exception cref="KafkaLogException">No answer in time.</exception>
    public List<LogFrame> Read(int partition, long from, long limit, int maxBytes)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (Partition != partition || Next != from) Seek(partition, from);
                return Collect(limit, maxBytes);
            }
            catch (ConsumeException e)
            {
                _builder = null;
                var low = topic.Bounds(partition).Low;
                if (from < low) throw new LogTruncatedException(partition, from, low);
                // A fault of where the cursor stood before may come after it was moved.
                if (attempt == AttemptsMax) throw new KafkaLogException(options.Topic, $"reading partition {partition} from {from}", e.Error.Reason, e);
            }
            catch
            {
                _builder = null;
                throw;
            }
        }
    }

    public void Dispose() => _consumer.Dispose();

    private void Seek(int partition, long from)
    {
        _builder = null;
        var (low, _) = topic.Bounds(partition);
        if (from < low) throw new LogTruncatedException(partition, from, low);
        var at = from > low ? from - 1 : from;
        _consumer.Assign(new TopicPartitionOffset(options.Topic, partition, at));
        var appendedAtMs = from > low ? AppendClock.LargestBefore(ms => topic.FirstAt(partition, ms), from, Await(partition, at).Message.Timestamp.UnixTimestampMs) : 0;
        _builder = new FrameBuilder(partition, options.Limits.FrameBytesMax);
        _builder.Restart(from, appendedAtMs);
        Partition = partition;
    }

    private List<LogFrame> Collect(long limit, int maxBytes)
    {
        var frames = new List<LogFrame>();
        var result = Await(Partition, Next);
        for (long bytes = 0; ; result = _consumer.Consume(options.Limits.ReadTimeoutMs)) // up to the limit all are durable: they come
        {
            if (result is null) break;
            bytes += result.Message.Value?.Length ?? 0;
            if (_builder!.Add(result.Offset.Value, result.Message.Timestamp.UnixTimestampMs, result.Message.Value) is { } complete) frames.Add(complete);
            if (bytes >= maxBytes || Next >= limit) break;
        }
        if (_builder!.Take() is { } last) frames.Add(last);
        return frames;
    }

    private ConsumeResult<Ignore, byte[]> Await(int partition, long offset) =>
        _consumer.Consume(options.Limits.ReadTimeoutMs)
        ?? throw new KafkaLogException(options.Topic, $"reading partition {partition} from {offset}", $"no record came in {options.Limits.ReadTimeoutMs} ms");
}

/// <summary>The cursors there are. One that stands where the reader goes on is taken first; a reader who comes back finds its own.</summary>
internal sealed class CursorPool(KafkaLogOptions options, KafkaTopic topic) : IDisposable
{
    private readonly object _lock = new();
    private readonly List<KafkaCursor> _free = [];
    private int _used;
    private bool _closed;

    public List<LogFrame> Read(int partition, long from, long limit, int maxBytes)
    {
        var cursor = Take(partition, from);
        try
        {
            return cursor.Read(partition, from, limit, maxBytes);
        }
        finally
        {
            Give(cursor);
        }
    }

    /// <summary>Closes those that nobody used for a while.</summary>
    public void CloseIdle()
    {
        List<KafkaCursor> idle;
        lock (_lock)
        {
            idle = _free.FindAll(c => Environment.TickCount64 - c.UsedAtTick > options.Limits.CursorIdleMs);
            _free.RemoveAll(idle.Contains);
        }
        idle.ForEach(c => c.Dispose());
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _closed = true;
            while (_used > 0) Monitor.Wait(_lock);
        }
        _free.ForEach(c => c.Dispose());
    }

    private KafkaCursor Take(int partition, long from)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(KafkaEventLog));
            while (_free.Count == 0 && _used >= options.Limits.CursorsMax) Monitor.Wait(_lock);
            _used++;
            var cursor = _free.Find(c => c.Partition == partition && c.Next == from) ?? (_used + _free.Count > options.Limits.CursorsMax ? _free.MinBy(c => c.UsedAtTick) : null);
            if (cursor is null) return new KafkaCursor(options, topic);
            _free.Remove(cursor);
            return cursor;
        }
    }

    private void Give(KafkaCursor cursor)
    {
        lock (_lock)
        {
            cursor.UsedAtTick = Environment.TickCount64;
            _free.Add(cursor);
            _used--;
            Monitor.PulseAll(_lock);
        }
    }
}
