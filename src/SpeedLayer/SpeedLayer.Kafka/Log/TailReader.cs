using System.Collections.Concurrent;
using Confluent.Kafka;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Kafka.Log;

/// <summary>
/// One consumer and one thread that bring the newest records of every partition that is read here into memory, from the end at the time somebody first
/// asks. Older records are the cursors' affair, so a slow reader never holds up the others.
/// </summary>
internal sealed class TailReader
{
    private const int RecordsPerFlush = 4096;
    private const int PollMs = 50;

    private readonly KafkaLogOptions _options;
    private readonly KafkaTopic _topic;
    private readonly PartitionTail[] _tails;
    private readonly IConsumer<Ignore, byte[]> _consumer;
    private readonly Dictionary<int, FrameBuilder> _followed = [];
    private readonly HashSet<int> _seeding = [];
    private readonly ConcurrentQueue<int> _wanted = new();
    private readonly int[] _isWanted;
    private readonly Thread _thread;
    private volatile bool _stop;

    public TailReader(KafkaLogOptions options, KafkaTopic topic, PartitionTail[] tails)
    {
        (_options, _topic, _tails, _isWanted) = (options, topic, tails, new int[tails.Length]);
        _consumer = KafkaClients.Consumer(options, queuedKbytes: 16 << 10);
        _thread = new Thread(Run) { Name = "lambda-kafka-tail", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Somebody reads this partition here.</summary>
    public void Want(int partition)
    {
        _tails[partition].Touch();
        if (Interlocked.Exchange(ref _isWanted[partition], 1) == 0) _wanted.Enqueue(partition);
    }

    public void Stop()
    {
        _stop = true;
        _thread.Join();
        foreach (var tail in _tails) tail.Unfollow(new ObjectDisposedException(nameof(KafkaEventLog)));
        _consumer.Dispose();
    }

    private void Run()
    {
        var touched = new HashSet<int>();
        for (var nextIdleCheck = Environment.TickCount64; !_stop;)
        {
            while (_wanted.TryDequeue(out var partition)) Guarded(partition, Begin);
            try
            {
                var result = _consumer.Consume(PollMs);
                for (var n = 0; result is not null && n < RecordsPerFlush; n++, result = _consumer.Consume(0))
                    if (Take(result)) touched.Add(result.Partition.Value);
                if (result is not null && Take(result)) touched.Add(result.Partition.Value);
            }
            catch (ConsumeException e)
            {
                if (e.ConsumerRecord is { } at && _followed.ContainsKey(at.Partition.Value))
                    End(at.Partition.Value, new KafkaLogException(_options.Topic, $"reading partition {at.Partition.Value}", e.Error.Reason, e));
            }
            foreach (var partition in touched)
                if (_followed.TryGetValue(partition, out var builder) && builder.Take() is { } frame) _tails[partition].Add(frame);
            touched.Clear();
            if (Environment.TickCount64 < nextIdleCheck) continue;
            nextIdleCheck = Environment.TickCount64 + 1000;
            foreach (var partition in _followed.Keys.Where(p => _tails[p].IsIdle).ToList()) End(partition, null);
        }
    }

    // One record back: it tells the append time that those behind it must not fall below.
    private void Begin(int partition)
    {
        var (low, high) = _topic.Bounds(partition);
        var builder = _followed[partition] = new FrameBuilder(partition, _options.Limits.FrameBytesMax);
        if (high > low) _seeding.Add(partition);
        builder.Restart(high > low ? high - 1 : high, 0);
        _consumer.IncrementalAssign([new TopicPartitionOffset(_options.Topic, partition, builder.Next)]);
        if (high == low) Seeded(partition, low, high, _tails[partition].LastAppendedAtMs);
    }

    private void Seeded(int partition, long start, long next, long appendedAtMs)
    {
        _seeding.Remove(partition);
        _followed[partition].Restart(next, appendedAtMs);
        _tails[partition].Know(start, next, appendedAtMs);
        _tails[partition].Follow(next);
    }

    /// <returns>True when the record waits to be put into a frame.</returns>
    private bool Take(ConsumeResult<Ignore, byte[]> result)
    {
        var partition = result.Partition.Value;
        if (!_followed.TryGetValue(partition, out var builder)) return false; // was already in the queue when it was given up
        var (offset, stampMs) = (result.Offset.Value, result.Message.Timestamp.UnixTimestampMs);
        if (_seeding.Contains(partition))
        {
            Guarded(partition, p => Seeded(p, 0, offset + 1, AppendClock.LargestBefore(ms => _topic.FirstAt(p, ms), offset + 1, stampMs)));
            return false;
        }
        var added = false;
        Guarded(partition, p =>
        {
            if (builder.Add(offset, stampMs, result.Message.Value) is { } frame) _tails[p].Add(frame);
            added = true;
        });
        return added;
    }

    private void End(int partition, Exception? fault)
    {
        _consumer.IncrementalUnassign([new TopicPartition(_options.Topic, partition)]);
        _followed.Remove(partition);
        _seeding.Remove(partition);
        _tails[partition].Unfollow(fault);
        Volatile.Write(ref _isWanted[partition], 0);
    }

    // One partition's fault is told to those who wait for it; the others go on, and the next who reads it begins anew.
    private void Guarded(int partition, Action<int> act)
    {
        try
        {
            act(partition);
        }
        catch (Exception e) when (e is KafkaException or KafkaLogException or LogCorruptException)
        {
            End(partition, e);
        }
    }
}
