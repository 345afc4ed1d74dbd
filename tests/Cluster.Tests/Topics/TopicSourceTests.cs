#if KAFKA_STREAMS
using Akka.Actor;
using Akka.Configuration;
using Confluent.Kafka;
using Lambda.ClusterTests.Kafka;
using Lambda.SpeedLayer.Ingress;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Topics;
using Lambda.TestKit;
using Xunit;

namespace Lambda.ClusterTests.Topics;

/// <summary>A topic of others on the mock cluster, read through Akka.Streams.Kafka.</summary>
public sealed class TopicSourceTests : IAsyncLifetime
{
    private const int P = 4;
    private readonly ManualTime _time = new();
    private readonly MemoryQuarantine _quarantine = new();
    private readonly MemoryTopicOffsets _offsets = new();
    private readonly ActorSystem _system = ActorSystem.Create("topics", ConfigurationFactory.ParseString("akka.loglevel = ERROR").WithFallback(TopicSource.Defaults));
    private MemoryLog _log = null!;
    private KafkaMockProcess _mock = null!;

    public async Task InitializeAsync()
    {
        _log = new MemoryLog(P, _time);
        _mock = await KafkaMockProcess.StartAsync(1, "app:2");
    }

    public async Task DisposeAsync()
    {
        await _system.Terminate();
        await _mock.DisposeAsync();
    }

    [Fact]
    public async Task Run_WhenStoppedAndStartedAgain_TakesEveryMessageOnce()
    {
        await ProduceAsync(0, 300);
        await RunUntil(() => _offsets.Next("app", 0) + _offsets.Next("app", 1) == 300);
        await ProduceAsync(300, 500);
        await RunUntil(() => _offsets.Next("app", 0) + _offsets.Next("app", 1) == 500);
        Assert.Equal(Enumerable.Range(0, 500).Where(i => i % 10 != 9).Select(i => $"e{i}").Order(), TopicIntakeTests.EventIds(_log).Order());
        Assert.Equal(50, _quarantine.List(0, 1000, null, false).Count);
        Assert.Contains(_quarantine.List(0, 1000, null, false), e => e.Source == "app:1:4");
    }

    [Fact]
    public async Task Run_WhenUnreadMessagesAreGone_StopsInsteadOfSkipping()
    {
        await ProduceAsync(0, 100);
        _offsets.Save("app", 0, 10);
        _offsets.Save("app", 1, 0);
        await _mock.CommandAsync("truncate app 0 40");
        var gone = await Assert.ThrowsAsync<TopicTruncatedException>(() => Source().RunAsync(default).WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Contains("offset 10 is needed but it holds", gone.Message);
    }

    // Every tenth is no event.
    private async Task ProduceAsync(int from, int to)
    {
        using var producer = new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = _mock.BootstrapServers }).Build();
        for (var i = from; i < to; i++)
            await producer.ProduceAsync(new TopicPartition("app", i % 2), new Message<Null, string> { Value = i % 10 == 9 ? "broken" : TopicIntakeTests.Login($"e{i}") });
    }

    private TopicSource Source()
    {
        var ingress = new EventIngress(_log, _quarantine, _time);
        return new TopicSource(_system, new TopicIntake(TopicMapReader.Read("topics: [{topic: app}]", "t.yaml")[0], ingress, P, _offsets, _time), _mock.BootstrapServers);
    }

    private async Task RunUntil(Func<bool> done)
    {
        using var cancel = new CancellationTokenSource();
        var running = Source().RunAsync(cancel.Token);
        for (var left = 600; !done() && !running.IsCompleted; left--)
        {
            Assert.True(left > 0, "did not come in 60 s");
            await Task.Delay(100);
        }
        await cancel.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(60));
    }
}
#endif
