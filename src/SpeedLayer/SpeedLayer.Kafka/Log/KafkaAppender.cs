using Confluent.Kafka;
using Lambda.Domain.Bytes;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Kafka.Log;

/// <summary>
/// Appends through one idempotent producer. Without transactions, for a reason (ADR 21): so a batch of which some records are not acknowledged fails as a
/// whole towards its sender while the others stand in the log. An acknowledged batch is durable; a repeat of a failed one is removed by the dedup.
/// </summary>
internal sealed class KafkaAppender(KafkaLogOptions options, PartitionTail[] tails, TimeProvider time)
{
    private readonly Lock[] _inOrder = [.. tails.Select(_ => new Lock())];
    private readonly long[] _stampMs = new long[tails.Length];
    private readonly Lock _swap = new();
    private IProducer<Null, byte[]> _producer = KafkaClients.Producer(options);
    private long _pendingBytes;
    private bool _closed;

    public Task<IReadOnlyList<Position>> Append(AppendBatch batch)
    {
        ObjectDisposedException.ThrowIf(_closed, typeof(KafkaEventLog));
        Reserve(batch.Bytes);
        var partitions = Enumerable.Range(0, batch.Partitions).Where(p => batch.CountOf(p) > 0).ToList();
        var append = new PendingAppend(options.Topic, batch.Count, partitions.Count);
        var bytes = batch.Bytes;
        append.Task.ContinueWith(_ => Interlocked.Add(ref _pendingBytes, -bytes), TaskContinuationOptions.ExecuteSynchronously);
        for (var i = 0; i < partitions.Count; i++) Send(batch, partitions[i], append, i);
        return append.Task;
    }

    /// <summary>Waits for what is on its way: each record is reported before its timeout.</summary>
    public void Close()
    {
        _closed = true;
        _producer.Flush(TimeSpan.FromMilliseconds(options.Limits.AppendTimeoutMs + 1000));
        _producer.Dispose();
    }

    private void Reserve(long bytes)
    {
        var pending = Interlocked.Add(ref _pendingBytes, bytes);
        if (pending <= options.Limits.PendingBytesMax || pending == bytes) return;
        Interlocked.Add(ref _pendingBytes, -bytes);
        throw new LogFullException($"{pending - bytes} bytes wait for their acknowledgement by Kafka, {options.Limits.PendingBytesMax} are allowed: try again");
    }

    // The lock keeps the records of an append together and the stamps of this node in order.
    private void Send(AppendBatch batch, int partition, PendingAppend append, int part)
    {
        lock (_inOrder[partition])
        {
            var stampMs = _stampMs[partition] = Math.Max(Math.Max(NowMs(), tails[partition].LastAppendedAtMs), _stampMs[partition]);
            var pending = new PendingPart(append, part, tails[partition], stampMs, Done);
            var message = new Message<Null, byte[]> { Timestamp = new Timestamp(stampMs, TimestampType.CreateTime) };
            var to = new TopicPartition(options.Topic, partition);
            Action<DeliveryReport<Null, byte[]>> reported = pending.Reported;
            var rest = batch.RecordsOf(partition).Span;
            for (var left = batch.CountOf(partition); left > 0; left--)
            {
                var length = (int)Varint.Read(rest, out var used);
                message.Value = rest.Slice(used, length).ToArray();
                rest = rest[(used + length)..];
                if (Produce(to, message, reported) is not { } error) continue;
                pending.NotSent(error, left);
                return;
            }
        }
    }

    private Error? Produce(TopicPartition to, Message<Null, byte[]> message, Action<DeliveryReport<Null, byte[]>> reported)
    {
        while (true)
        {
            var producer = Volatile.Read(ref _producer);
            try
            {
                producer.Produce(to, message, reported);
                return null;
            }
            catch (KafkaException e) when (e.Error.Code == ErrorCode.Local_QueueFull)
            {
                Thread.Sleep(1);
            }
            catch (KafkaException e) when (e.Error.IsFatal)
            {
                Replace(producer);
                return e.Error;
            }
            catch (KafkaException e)
            {
                return e.Error;
            }
        }
    }

    private void Done(PendingAppend append, Error error)
    {
        if (error.IsFatal) Replace(Volatile.Read(ref _producer));
        append.Complete();
    }

    // An idempotent producer that lost its place in the broker's sequence says so and never works again. A new one begins a sequence of its own.
    private void Replace(IProducer<Null, byte[]> broken)
    {
        lock (_swap)
        {
            if (_producer != broken || _closed) return;
            _producer = KafkaClients.Producer(options);
        }
        Task.Run(broken.Dispose);
    }

    private long NowMs()
    {
        var nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        return nowMs - nowMs % options.Limits.AppendTimeStepMs;
    }
}
