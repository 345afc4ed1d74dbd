using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ingress;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Topics;

/// <summary>Where reading of others' topics goes on: kept by Lambda, not by their brokers. Written after the events are in the log.</summary>
public interface ITopicOffsets
{
    /// <summary>Next offset to read; null when the partition was never read.</summary>
    long? Next(string topic, int partition);

    /// <summary>Durable when it returns.</summary>
    void Save(string topic, int partition, long next);
}

/// <summary>A message of a topic.</summary>
public readonly record struct TopicMessage(int Partition, long Offset, byte[] Value);

/// <summary>
/// Takes a topic's messages in: bad ones to quarantine, named topic:partition:offset, good ones into the log, then the offsets. After a crash in between
/// the messages come again; their event ids are known, so each counts once. One caller at a time.
/// </summary>
public sealed class TopicIntake(TopicMap map, EventIngress ingress, int logPartitions, ITopicOffsets offsets, TimeProvider time)
{
    private readonly EventMapper _mapper = new(map);
    private readonly EventParser _parser = new(Limits.JsonDepth);

    public TopicMap Map => map;

    /// <summary>Where a partition goes on; the first time at <paramref name="first"/>, which is kept, so that "from the end" is one moment for good.</summary>
    public long Begin(int partition, long first)
    {
        if (offsets.Next(map.Topic, partition) is { } next) return next;
        offsets.Save(map.Topic, partition, first);
        return first;
    }

    public long Accepted { get; private set; }
    public long Refused { get; private set; }

    /// <summary>Durable when it returns: tries again as long as the log is full or cannot be written.</summary>
    public async Task TakeAsync(IReadOnlyList<TopicMessage> messages, CancellationToken cancel)
    {
        var (batch, refused) = Read(messages);
        if (refused.Count > 0) ingress.Refuse(refused);
        if (batch.Count > 0) await AppendAsync(batch, cancel);
        foreach (var partition in messages.GroupBy(m => m.Partition)) offsets.Save(map.Topic, partition.Key, partition.Max(m => m.Offset) + 1);
        Accepted += messages.Count - refused.Count;
        Refused += refused.Count;
    }

    private (AppendBatch, List<QuarantineEntry>) Read(IReadOnlyList<TopicMessage> messages)
    {
        var batch = new AppendBatch(logPartitions);
        var refused = new List<QuarantineEntry>();
        var nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var message in messages)
        {
            var position = $"{map.Topic}:{message.Partition}:{message.Offset}";
            var why = message.Value.Length > Limits.LineBytes
                ? new Rejection("", Reasons.LineTooLong, $"{message.Value.Length} bytes, expected at most {Limits.LineBytes}")
                : default;
            if (why.Reason is null && _parser.TryParse(_mapper.Map(message.Value, position), nowMs * Clock.MicrosPerMs, out var record, out why))
                batch.Add(Partitioner.PartitionOf(_parser.CustomerId, logPartitions), record);
            else refused.Add(new QuarantineEntry(0, nowMs, position, 0, why.Field, why.Reason!, why.Detail, message.Value));
        }
        return (batch, refused);
    }

    private async Task AppendAsync(AppendBatch batch, CancellationToken cancel)
    {
        while (true)
        {
            switch (await ingress.IngestEncodedAsync(batch, cancel))
            {
                case IngestResult.Done: return;
                case IngestResult.Busy busy: await Task.Delay(busy.RetryAfter, time, cancel); break;
                case IngestResult.Unavailable unavailable: await Task.Delay(unavailable.RetryAfter, time, cancel); break;
                case var other: throw new InvalidOperationException($"the ingress said {other} to {batch.Bytes} bytes of {map.Topic}");
            }
        }
    }
}
