#if KAFKA_STREAMS
using Akka;
using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using Akka.Streams.Kafka.Dsl;
using Akka.Streams.Kafka.Settings;
using Confluent.Kafka;
using AkkaSink = Akka.Streams.Dsl.Sink;

namespace Lambda.SpeedLayer.Topics;

/// <summary>
/// Reads a topic through Akka.Streams.Kafka and hands its messages to <see cref="TopicIntake"/>: assigned partitions from the offsets that Lambda keeps, no
/// consumer group, no commits. The stream asks for no more than the log takes. At most one of them runs for a topic: the host sees to that.
/// </summary>
public sealed class TopicSource(ActorSystem system, TopicIntake intake, string defaultBootstrapServers)
{
    private static readonly TimeSpan BatchFor = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryMax = TimeSpan.FromSeconds(30);
    private const int BatchMessages = 1000;

    private readonly string _servers = intake.Map.BootstrapServers ?? defaultBootstrapServers;

    /// <summary>The fallback that the actor system's configuration needs for these streams.</summary>
    public static Akka.Configuration.Config Defaults => KafkaExtensions.DefaultSettings;

    /// <summary>What it waits for before it tries again; null while it runs.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Runs until it is cancelled. A broker that is away is waited for.</summary>
    /// <exception cref="TopicTruncatedException">Messages that were not read yet are gone: nobody skips them but a person.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        for (var wait = TimeSpan.FromSeconds(1); !cancel.IsCancellationRequested; wait = wait * 2 < RetryMax ? wait * 2 : RetryMax)
        {
            try
            {
                var from = await Task.Run(Begin, cancel);
                Trouble = null;
                await StreamAsync(from, cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is KafkaException or IOException)
            {
                Trouble = e.Message;
                await Task.Delay(wait, cancel).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        }
    }

    private List<TopicPartitionOffset> Begin()
    {
        using var asking = new ConsumerBuilder<Ignore, Ignore>(Config()).SetErrorHandler((_, _) => { }).SetLogHandler((_, _) => { }).Build();
        using var admin = new DependentAdminClientBuilder(asking.Handle).Build();
        var found = admin.GetMetadata(Timeout).Topics.Find(t => t.Topic == intake.Map.Topic)
            ?? throw new IOException($"there is no topic {intake.Map.Topic} at {_servers}");
        return [.. found.Partitions.Select(p => BeginOf(asking, p.PartitionId))];
    }

    private TopicPartitionOffset BeginOf(IConsumer<Ignore, Ignore> asking, int partition)
    {
        var at = new TopicPartition(intake.Map.Topic, partition);
        var bounds = asking.QueryWatermarkOffsets(at, Timeout);
        var next = intake.Begin(partition, intake.Map.FromEnd ? bounds.High.Value : bounds.Low.Value);
        if (next < bounds.Low || next > bounds.High) throw new TopicTruncatedException(intake.Map.Topic, partition, next, bounds.Low, bounds.High);
        return new TopicPartitionOffset(at, next);
    }

    private async Task StreamAsync(List<TopicPartitionOffset> from, CancellationToken cancel)
    {
        var settings = ConsumerSettings<Ignore, byte[]>.Create(system, Deserializers.Ignore, Deserializers.ByteArray).WithProperties(Config());
        using var materializer = system.Materializer();
        var (control, done) = KafkaConsumer.PlainSource(settings, Subscriptions.AssignmentWithOffset([.. from]))
            .GroupedWithin(BatchMessages, BatchFor)
            .SelectAsync(1, async messages =>
            {
                await intake.TakeAsync([.. messages.Select(m => new TopicMessage(m.Partition.Value, m.Offset.Value, m.Message.Value ?? []))], cancel);
                return NotUsed.Instance;
            })
            .ToMaterialized(AkkaSink.Ignore<NotUsed>(), Keep.Both)
            .Run(materializer);
        await using (cancel.Register(() => _ = control.Shutdown())) await done.WaitAsync(cancel);
    }

    private ConsumerConfig Config() => new()
    {
        BootstrapServers = _servers, GroupId = "lambda-topics", ClientId = "lambda", EnableAutoCommit = false, EnableAutoOffsetStore = false,
        AutoOffsetReset = AutoOffsetReset.Error, IsolationLevel = IsolationLevel.ReadCommitted, AllowAutoCreateTopics = false,
    };
}

/// <summary>The offset to go on from is no longer (or not yet) in the topic.</summary>
public sealed class TopicTruncatedException(string topic, int partition, long wanted, long low, long high) : Exception(
    $"topic {topic}, partition {partition}: offset {wanted} is needed but it holds {low} to {high}: what lies between is lost for us. Give the source a new start by removing its kept offset.");
#endif
