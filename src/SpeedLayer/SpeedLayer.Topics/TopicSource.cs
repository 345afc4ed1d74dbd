#if KAFKA
using Confluent.Kafka;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Topics;

/// <summary>
/// Reads a topic and hands its messages to <see cref="TopicIntake"/>, from the offsets that Lambda keeps. The brokers are asked for the topic's bounds all the
/// time: that tells how far behind reading is, and of partitions that were added. At most one of them should run for a topic: two only do the work twice.
/// </summary>
public sealed class TopicSource(TopicIntake intake, ITopicReader reader, string defaultBootstrapServers, TimeProvider time)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryMax = TimeSpan.FromSeconds(30);

    private readonly string _servers = intake.Map.BootstrapServers ?? defaultBootstrapServers;
    private volatile IReadOnlyDictionary<int, TopicBounds> _bounds = new Dictionary<int, TopicBounds>();

    public string Reader => reader.Name;

    public TopicIntake Intake => intake;

    /// <summary>How often the brokers are asked for the topic's bounds.</summary>
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What the brokers last said of each partition.</summary>
    public IReadOnlyDictionary<int, TopicBounds> Bounds => _bounds;

    /// <summary>What it waits for before it tries again; null while it reads.</summary>
    public string? Trouble { get; private set; } = "not begun";

    /// <summary>Runs until it is cancelled. Brokers and stores that are away are waited for.</summary>
    /// <exception cref="TopicTruncatedException">Messages that were not read yet are gone: nobody skips them but a person.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        for (var wait = RetryMin; !cancel.IsCancellationRequested; wait = wait * 2 < RetryMax ? wait * 2 : RetryMax)
        {
            var began = time.GetTimestamp();
            try
            {
                await ReadAsync(cancel);
                wait = RetryMin;
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is KafkaException or IOException or StorageException { IsTransient: true })
            {
                Trouble = e.Message;
                if (time.GetElapsedTime(began) > RetryMax) wait = RetryMin;
                await Task.Delay(wait, time, cancel).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        }
    }

    /// <summary>Until the topic has more partitions, or something fails.</summary>
    private async Task ReadAsync(CancellationToken cancel)
    {
        using var asking = new ConsumerBuilder<Ignore, Ignore>(Config()).SetErrorHandler((_, _) => { }).SetLogHandler((_, _) => { }).Build();
        using var admin = new DependentAdminClientBuilder(asking.Handle).Build();
        var from = await Task.Run(() => Begin(_bounds = Ask(asking, admin)), cancel);
        Trouble = null;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var end = ending.Token;
        var reading = reader.ReadAsync(Config(), from, messages =>
        {
            end.ThrowIfCancellationRequested(); // a stream may still bring some: who reads on takes them
            return intake.TakeAsync(messages, end);
        }, end);
        try
        {
            while (_bounds.Count <= from.Count)
            {
                var look = Task.Delay(LookEvery, time, end);
                if (await Task.WhenAny(reading, look) == reading || cancel.IsCancellationRequested) break;
                _bounds = await Task.Run(() => Ask(asking, admin), cancel);
            }
        }
        finally
        {
            await ending.CancelAsync();
            await reading.ContinueWith(_ => { }, TaskScheduler.Default);
        }
        if (reading.IsFaulted) await reading;
    }

    private Dictionary<int, TopicBounds> Ask(IConsumer<Ignore, Ignore> asking, IAdminClient admin)
    {
        var found = admin.GetMetadata(intake.Map.Topic, Timeout).Topics.Find(t => t.Topic == intake.Map.Topic);
        if (found is null or { Error.IsError: true } or { Partitions.Count: 0 }) throw new IOException($"there is no topic {intake.Map.Topic} at {_servers}: {found?.Error.Reason}");
        return found.Partitions.ToDictionary(p => p.PartitionId, p => BoundsOf(asking, p.PartitionId));
    }

    private TopicBounds BoundsOf(IConsumer<Ignore, Ignore> asking, int partition)
    {
        var offsets = asking.QueryWatermarkOffsets(new TopicPartition(intake.Map.Topic, partition), Timeout);
        return new TopicBounds(offsets.Low, offsets.High);
    }

    private List<TopicPartitionOffset> Begin(IReadOnlyDictionary<int, TopicBounds> bounds)
    {
        var from = intake.Begin(bounds);
        foreach (var (partition, (low, high)) in bounds)
            if (from[partition] < low || from[partition] > high) throw new TopicTruncatedException(intake.Map.Topic, partition, from[partition], low, high);
        return [.. from.Select(f => new TopicPartitionOffset(intake.Map.Topic, f.Key, f.Value))];
    }

    private ConsumerConfig Config() => new()
    {
        BootstrapServers = _servers, GroupId = "lambda-topics", ClientId = "lambda", EnableAutoCommit = false, EnableAutoOffsetStore = false,
        AutoOffsetReset = AutoOffsetReset.Error, IsolationLevel = IsolationLevel.ReadCommitted, AllowAutoCreateTopics = false,
    };
}

/// <summary>The offset to go on from is no longer (or not yet) in the topic.</summary>
public sealed class TopicTruncatedException(string topic, int partition, long wanted, long low, long high) : Exception(
    $"topic {topic}, partition {partition}: offset {wanted} is needed but it holds {low} to {high}: what lies between is lost for us. `./lambda admin topic-reset {topic}` lets the source begin anew.");
#endif
