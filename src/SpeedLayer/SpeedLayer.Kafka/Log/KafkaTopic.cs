using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Lambda.SpeedLayer.Kafka.Log;

/// <summary>What is asked about the topic besides its records: that it is there, its bounds, offsets by time, truncation.</summary>
internal sealed class KafkaTopic(KafkaLogOptions options, Func<int, long, Task>? truncate = null) : IDisposable
{
    private readonly IAdminClient _admin = KafkaClients.Admin(options);
    private readonly IConsumer<Ignore, byte[]> _asking = KafkaClients.Consumer(options, queuedKbytes: 1024);
    private readonly TimeSpan _timeout = TimeSpan.FromMilliseconds(options.Limits.ReadTimeoutMs);

    /// <summary>Makes the topic if it is not there.</summary>
    /// <exception cref="KafkaLogException">No broker answers, the topic cannot be made, or it has another number of partitions.</exception>
    public async Task EnsureAsync()
    {
        if (Partitions() == 0) await CreateAsync();
        var found = Partitions();
        if (found != options.Partitions)
            throw new KafkaLogException(options.Topic, "opening the log", $"the topic has {found} partitions, {options.Partitions} are configured; the number is fixed for life");
    }

    /// <summary>First offset kept, one past the last.</summary>
    public (long Low, long High) Bounds(int partition) => Ask("asking for offsets", () =>
    {
        var bounds = _asking.QueryWatermarkOffsets(At(partition), _timeout);
        return (bounds.Low.Value, bounds.High.Value);
    });

    /// <summary>The first offset whose stamp is at or after the time; null when there is none, or when the broker cannot tell.</summary>
    public long? FirstAt(int partition, long ms) => Ask("asking for an offset by time", () =>
    {
        var found = _asking.OffsetsForTimes([new TopicPartitionTimestamp(At(partition), new Timestamp(ms, TimestampType.CreateTime))], _timeout)[0].Offset;
        return found.Value < 0 ? (long?)null : found.Value;
    });

    public async Task TruncateAsync(int partition, long before)
    {
        if (truncate is not null) await truncate(partition, before);
        else
        {
            try
            {
                await _admin.DeleteRecordsAsync([new TopicPartitionOffset(At(partition), before)]);
            }
            catch (KafkaException e)
            {
                throw new KafkaLogException(options.Topic, $"truncating partition {partition} before {before}", e.Error.Reason, e);
            }
        }
    }

    public void Dispose()
    {
        _admin.Dispose();
        _asking.Dispose();
    }

    private TopicPartition At(int partition) => new(options.Topic, partition);

    // All topics are asked for: a question for one by name would let the broker make it with a number of partitions of its own.
    private int Partitions() => Ask("asking for the topic", () =>
        _admin.GetMetadata(_timeout).Topics.Find(t => t.Topic == options.Topic && t.Error.Code == ErrorCode.NoError)?.Partitions.Count ?? 0);

    private async Task CreateAsync()
    {
        var topic = new TopicSpecification
        {
            Name = options.Topic, NumPartitions = options.Partitions, ReplicationFactor = options.ReplicationFactor,
            Configs = new()
            {
                // Records go when Lambda truncates, never by age, size or key.
                ["cleanup.policy"] = "delete", ["retention.ms"] = "-1", ["retention.bytes"] = "-1", ["message.timestamp.type"] = "CreateTime",
                ["unclean.leader.election.enable"] = "false",
            },
        };
        try
        {
            await _admin.CreateTopicsAsync([topic]);
        }
        catch (CreateTopicsException e) when (e.Results.All(r => r.Error.Code == ErrorCode.TopicAlreadyExists)) { } // another node was faster
        catch (KafkaException e)
        {
            throw new KafkaLogException(options.Topic, $"making the topic with {options.Partitions} partitions", e.Error.Reason, e);
        }
        for (var left = 100; Partitions() == 0 && left > 0; left--) await Task.Delay(100);
    }

    private T Ask<T>(string attempted, Func<T> ask)
    {
        try
        {
            return ask();
        }
        catch (KafkaException e)
        {
            throw new KafkaLogException(options.Topic, attempted, e.Error.Reason, e);
        }
    }
}
