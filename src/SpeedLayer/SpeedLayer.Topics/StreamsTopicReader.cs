#if KAFKA && KAFKA_STREAMS
using Akka;
using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using Akka.Streams.Kafka.Dsl;
using Akka.Streams.Kafka.Settings;
using Confluent.Kafka;
using AkkaSink = Akka.Streams.Dsl.Sink;

namespace Lambda.SpeedLayer.Topics;

/// <summary>Reads through Akka.Streams.Kafka.</summary>
public sealed class StreamsTopicReader(ActorSystem system) : ITopicReader
{
    private static readonly TimeSpan BatchFor = TimeSpan.FromMilliseconds(50);
    private const int BatchMessages = 1_000;

    public string Name => "streams";

    /// <summary>The fallback that the actor system's configuration needs for these streams.</summary>
    public static Akka.Configuration.Config Defaults => KafkaExtensions.DefaultSettings;

    public async Task ReadAsync(ConsumerConfig config, IReadOnlyList<TopicPartitionOffset> from, Func<IReadOnlyList<TopicMessage>, Task> take, CancellationToken cancel)
    {
        var settings = ConsumerSettings<Ignore, byte[]>.Create(system, Deserializers.Ignore, Deserializers.ByteArray).WithProperties(config);
        using var materializer = system.Materializer();
        var (control, done) = KafkaConsumer.PlainSource(settings, Subscriptions.AssignmentWithOffset([.. from]))
            .GroupedWithin(BatchMessages, BatchFor)
            .SelectAsync(1, async messages =>
            {
                await take([.. messages.Select(m => new TopicMessage(m.Partition.Value, m.Offset.Value, m.Message.Value ?? []))]);
                return NotUsed.Instance;
            })
            .ToMaterialized(AkkaSink.Ignore<NotUsed>(), Keep.Both)
            .Run(materializer);
        await using (cancel.Register(() => _ = control.Shutdown())) await done.WaitAsync(cancel);
    }
}
#endif
