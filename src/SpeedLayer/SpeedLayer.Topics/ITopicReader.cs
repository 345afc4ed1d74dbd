#if KAFKA
using Confluent.Kafka;

namespace Lambda.SpeedLayer.Topics;

/// <summary>Brings the messages of a topic: from assigned offsets, in order within a partition, no consumer group, no commits.</summary>
public interface ITopicReader
{
    /// <summary>As the list of topics calls it: plain, streams.</summary>
    string Name { get; }

    /// <summary>Reads until it is cancelled. The next messages are asked for when the last ones are taken: nothing is read that the log does not take.</summary>
    /// <exception cref="KafkaException">An offset is not there, or the brokers refuse.</exception>
    Task ReadAsync(ConsumerConfig config, IReadOnlyList<TopicPartitionOffset> from, Func<IReadOnlyList<TopicMessage>, Task> take, CancellationToken cancel);
}

/// <summary>Reads with the plain client: what it has fetched already is taken in one go.</summary>
public sealed class PlainTopicReader : ITopicReader
{
    private const int BatchMessages = 2_000;
    private const int BatchBytes = 4 << 20;
    private static readonly TimeSpan IdlePause = TimeSpan.FromMilliseconds(20);

    public string Name => "plain";

    public async Task ReadAsync(ConsumerConfig config, IReadOnlyList<TopicPartitionOffset> from, Func<IReadOnlyList<TopicMessage>, Task> take, CancellationToken cancel)
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(Tuned(config)).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        consumer.Assign(from);
        var batch = new List<TopicMessage>(BatchMessages);
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            Collect(consumer, batch);
            if (batch.Count == 0)
            {
                await Task.Delay(IdlePause, cancel);
                continue;
            }
            await take(batch);
            batch.Clear();
        }
    }

    private static void Collect(IConsumer<Ignore, byte[]> consumer, List<TopicMessage> batch)
    {
        for (var bytes = 0; batch.Count < BatchMessages && bytes < BatchBytes;)
        {
            if (consumer.Consume(TimeSpan.Zero) is not { } message) return;
            batch.Add(new TopicMessage(message.Partition.Value, message.Offset.Value, message.Message.Value ?? []));
            bytes += batch[^1].Value.Length;
        }
    }

    private static ConsumerConfig Tuned(ConsumerConfig config) => new(config)
    {
        ConsumeResultFields = "none", // partition, offset and value are always there
        QueuedMinMessages = 20_000,
        QueuedMaxMessagesKbytes = 16 << 10,
        FetchQueueBackoffMs = 5, // by default a full queue stops the fetcher for a second
    };
}
#endif
