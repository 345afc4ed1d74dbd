#if KAFKA
using Confluent.Kafka;
using Lambda.ClusterTests.Kafka;
using Lambda.SpeedLayer.Ingress;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Topics;
using Lambda.TestKit;
using Xunit;

namespace Lambda.ClusterTests.Topics;

/// <summary>A topic of others on the mock cluster; the same for every reader.</summary>
public abstract class TopicSourceSuite : IAsyncLifetime
{
    private const int P = 4;
    private readonly ManualTime _time = new();
    private readonly MemoryQuarantine _quarantine = new();
    private readonly MemoryTopicOffsets _offsets = new();
    private MemoryLog _log = null!;
    private KafkaMockProcess _mock = null!;

    protected abstract ITopicReader Reader();

    public async Task InitializeAsync()
    {
        _log = new MemoryLog(P, _time);
        _mock = await KafkaMockProcess.StartAsync(1, "app:2");
    }

    public virtual async Task DisposeAsync() => await _mock.DisposeAsync();

    [Fact]
    public async Task Run_WhenStoppedAndStartedAgain_TakesEveryMessageOnce()
    {
        await ProduceAsync(0, 300);
        await RunUntil(Source(), () => Taken() == 300);
        await ProduceAsync(300, 500);
        await RunUntil(Source(), () => Taken() == 500);
        Assert.Equal(Enumerable.Range(0, 500).Where(i => i % 10 != 9).Select(i => $"e{i}").Order(), TopicIntakeTests.EventIds(_log).Order());
        Assert.Equal(50, _quarantine.List(0, 1000, null, false).Count);
        Assert.Contains(_quarantine.List(0, 1000, null, false), e => e.Source == "app:1:4");
    }

    [Fact]
    public async Task Run_WhenMessagesWait_SaysHowFarBehindItIs()
    {
        await ProduceAsync(0, 100);
        _log.Full = true;
        var source = Source();
        await RunUntil(source, () => source.Trouble is null && source.Bounds.Values.Sum(b => b.High) == 100 && source.Intake.Next.Values.Sum() == 0);
        await ProduceAsync(100, 120);
        _log.Full = false;
        await RunUntil(source, () => source.Bounds.Values.Sum(b => b.High) == 120 && source.Intake.Next.Values.Sum() == 120);
    }

    [Fact]
    public async Task Run_WhenUnreadMessagesAreGone_StopsInsteadOfSkipping()
    {
        await ProduceAsync(0, 100);
        _offsets.Save("app", new Dictionary<int, long> { [0] = 10, [1] = 0 });
        await _mock.CommandAsync("truncate app 0 40");
        var gone = await Assert.ThrowsAsync<TopicTruncatedException>(() => Source().RunAsync(default).WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Contains("offset 10 is needed but it holds", gone.Message, StringComparison.Ordinal);
    }

    private long Taken() => _offsets.Next("app").Values.Sum();

    // Every tenth is no event.
    private async Task ProduceAsync(int from, int to)
    {
        using var producer = new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = _mock.BootstrapServers, LingerMs = 5 }).Build();
        await Task.WhenAll(Enumerable.Range(from, to - from).Select(i =>
            producer.ProduceAsync(new TopicPartition("app", i % 2), new Message<Null, string> { Value = i % 10 == 9 ? "broken" : TopicIntakeTests.Login($"e{i}") })));
    }

    private TopicSource Source()
    {
        var intake = new TopicIntake(TopicMapReader.Read("topics: [{topic: app}]", "t.yaml")[0], new EventIngress(_log, _quarantine, _time), P, _offsets, TimeProvider.System);
        return new TopicSource(intake, Reader(), _mock.BootstrapServers, TimeProvider.System) { LookEvery = TimeSpan.FromMilliseconds(200) };
    }

    private static async Task RunUntil(TopicSource source, Func<bool> done)
    {
        using var cancel = new CancellationTokenSource();
        var running = source.RunAsync(cancel.Token);
        for (var left = 600; !done() && !running.IsCompleted; left--)
        {
            Assert.True(left > 0, $"did not come in 60 s; {source.Trouble}");
            await Task.Delay(100);
        }
        await cancel.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(60));
    }
}

public sealed class PlainTopicSourceTests : TopicSourceSuite
{
    protected override ITopicReader Reader() => new PlainTopicReader();
}

#if KAFKA_STREAMS
public sealed class StreamsTopicSourceTests : TopicSourceSuite
{
    private readonly Akka.Actor.ActorSystem _system = Akka.Actor.ActorSystem.Create(
        "topics", Akka.Configuration.ConfigurationFactory.ParseString("akka.loglevel = ERROR").WithFallback(StreamsTopicReader.Defaults));

    protected override ITopicReader Reader() => new StreamsTopicReader(_system);

    public override async Task DisposeAsync()
    {
        await _system.Terminate();
        await base.DisposeAsync();
    }
}
#endif
#endif
