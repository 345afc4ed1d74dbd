#if KAFKA
using Lambda.SpeedLayer.Kafka;
using Lambda.SpeedLayer.Ports;
using Lambda.TestKit.Conformance;
using Xunit;

namespace Lambda.ClusterTests.Kafka;

/// <summary>One mock cluster for all tests; each test has a topic of its own.</summary>
public sealed class KafkaMockFixture : IAsyncLifetime
{
    private KafkaMockProcess _mock = null!;
    private int _topics;

    public async Task InitializeAsync() => _mock = await KafkaMockProcess.StartAsync(brokers: 1);

    public Task DisposeAsync() => _mock.DisposeAsync().AsTask();

    internal async Task<string> NewTopicAsync(int partitions)
    {
        var name = $"log-{Interlocked.Increment(ref _topics)}";
        await _mock.CommandAsync($"topic {name} {partitions}");
        return name;
    }

    internal ValueTask<KafkaEventLog> OpenAsync(string topic, int partitions, TimeProvider time, KafkaLogLimits limits) => KafkaEventLog.OpenAsync(
        new KafkaLogOptions { BootstrapServers = _mock.BootstrapServers, Topic = topic, Partitions = partitions, Limits = limits }, time,
        (partition, before) => _mock.CommandAsync($"truncate {topic} {partition} {before}"));
}

public class KafkaEventLogTests(KafkaMockFixture mock) : EventLogSuite, IClassFixture<KafkaMockFixture>
{
    private string? _topic;

    protected override bool FrameIsAppend => false;

    // The mock holds an empty fetch for the whole of this time, also when a record comes.
    protected virtual KafkaLogLimits Limits => new() { FetchWaitMs = 5 };

    protected override async ValueTask<IEventLog> OpenAsync() =>
        await mock.OpenAsync(_topic ??= await mock.NewTopicAsync(P), P, Time, Limits);
}

/// <summary>The same, with next to nothing kept in memory: everything older is read from the broker.</summary>
public sealed class KafkaEventLogFromBrokerTests(KafkaMockFixture mock) : KafkaEventLogTests(mock)
{
    protected override KafkaLogLimits Limits => new() { FetchWaitMs = 5, RecentBytesMax = 1, FrameBytesMax = 1, CursorsMax = 2 };
}
#endif
