#if KAFKA
using System.Diagnostics;
using System.Text;
using Confluent.Kafka;
using Lambda.ClusterTests.Kafka;
using Lambda.SpeedLayer.Topics;
using Xunit;
using Xunit.Abstractions;

namespace Lambda.ClusterTests.Topics;

/// <summary>What bringing a message costs: `LAMBDA_BENCH=1 dotnet test tests/Cluster.Tests -c Release --filter TopicReaderSpeed`.</summary>
public sealed class TopicReaderSpeed(ITestOutputHelper output)
{
    private const int Partitions = 4, Each = 15_000; // the mock keeps 5 MB a partition

    [SkippableFact]
    public async Task Readers_WhenMeasured_BringEveryMessage()
    {
        Skip.If(Environment.GetEnvironmentVariable("LAMBDA_BENCH") is null, "a bench: set LAMBDA_BENCH=1");
        await using var mock = await KafkaMockProcess.StartAsync(1, $"app:{Partitions}");
        await ProduceAsync(mock);
        await MeasureAsync(new PlainTopicReader(), mock);
        await MeasureAsync(new PlainTopicReader(), mock);
#if KAFKA_STREAMS
        using var system = Akka.Actor.ActorSystem.Create("topics", Akka.Configuration.ConfigurationFactory.ParseString("akka.loglevel = ERROR").WithFallback(StreamsTopicReader.Defaults));
        await MeasureAsync(new StreamsTopicReader(system), mock);
        await MeasureAsync(new StreamsTopicReader(system), mock);
#endif
    }

    private static async Task ProduceAsync(KafkaMockProcess mock)
    {
        using var producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig { BootstrapServers = mock.BootstrapServers, LingerMs = 20 }).Build();
        for (var i = 0; i < Partitions * Each; i++)
            producer.Produce(new TopicPartition("app", i % Partitions), new Message<Null, byte[]> { Value = Encoding.UTF8.GetBytes(TopicIntakeTests.Login($"e{i}").PadRight(230)) });
        await Task.Run(() => producer.Flush());
    }

    private async Task MeasureAsync(ITopicReader reader, KafkaMockProcess mock)
    {
        using var cancel = new CancellationTokenSource();
        var (count, batches) = (0, 0);
        var (watch, cpu) = (Stopwatch.StartNew(), Process.GetCurrentProcess().TotalProcessorTime);
        var reading = reader.ReadAsync(
            new ConsumerConfig { BootstrapServers = mock.BootstrapServers, GroupId = "speed", EnableAutoCommit = false, AutoOffsetReset = AutoOffsetReset.Error },
            [.. Enumerable.Range(0, Partitions).Select(p => new TopicPartitionOffset("app", p, 0))],
            messages =>
            {
                (count, batches) = (count + messages.Count, batches + 1);
                if (count == Partitions * Each) cancel.Cancel();
                return Task.CompletedTask;
            }, cancel.Token);
        await reading.ContinueWith(_ => { }, TaskScheduler.Default).WaitAsync(TimeSpan.FromMinutes(2));
        var used = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        output.WriteLine($"{reader.Name}: {count / watch.Elapsed.TotalSeconds:N0} messages/s, {used.TotalMicroseconds / count:0.0} µs of processor a message, {count / batches} a batch");
        Assert.Equal(Partitions * Each, count);
    }
}
#endif
