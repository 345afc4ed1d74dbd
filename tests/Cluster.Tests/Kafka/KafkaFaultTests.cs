#if KAFKA
using System.Text;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Kafka;
using Lambda.SpeedLayer.Ports;
using Lambda.TestKit;
using Xunit;

namespace Lambda.ClusterTests.Kafka;

/// <summary>What brokers that go away, other nodes and full queues do to the log.</summary>
public sealed class KafkaFaultTests : IAsyncLifetime
{
    private const int P = 2;
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly ManualTime _time = new();
    private KafkaMockProcess _mock = null!;

    public async Task InitializeAsync() => _mock = await KafkaMockProcess.StartAsync(1, $"log:{P}");

    public Task DisposeAsync() => _mock.DisposeAsync().AsTask();

    [Fact]
    public async Task Append_WhenBrokerIsGone_FailsAndWorksAgainWhenItIsBack()
    {
        await using var log = await OpenAsync(new() { FetchWaitMs = 5, AppendTimeoutMs = 1500, ReadTimeoutMs = 1500 });
        await log.AppendAsync(Batch("before"), None);
        await _mock.CommandAsync("down 1");
        var failed = await Assert.ThrowsAsync<LogWriteException>(async () => await log.AppendAsync(Batch("lost or not"), None));
        Assert.Contains("1 of 1 records were not acknowledged", failed.Message);
        await _mock.CommandAsync("up 1");
        await AppendUntilAcknowledged(log, "after");
        var records = Records(log, 0);
        Assert.Equal("before", records[0]);
        Assert.Equal("after", records[^1]);
    }

    [Fact]
    public async Task Read_WhenBrokerIsGone_TellsHowLongAgoItWasHeard()
    {
        await using var log = await OpenAsync(new() { FetchWaitMs = 5, ReadTimeoutMs = 700, BoundsEveryMs = 50 });
        Assert.Empty(log.Read(0, 0, 1));
        var from = Environment.TickCount64;
        await Until(() => Environment.TickCount64 - from > 1000 && log.HeardMsAgo(0) < 500); // it asks by itself: the partition is followed
        await log.AppendAsync(Batch("a"), None);
        Assert.Equal(["a"], Records(log, 0));
        await _mock.CommandAsync("down 1");
        await Until(() => log.HeardMsAgo(0) > 1000);
        Assert.Equal(["a"], Records(log, 0)); // what is here can be read; that it may be old is the owner's to judge
        await _mock.CommandAsync("up 1");
        await Until(() => log.HeardMsAgo(0) < 500);
    }

    [Fact]
    public async Task Append_WhenTooMuchIsPending_IsRefusedWhole()
    {
        await using var log = await OpenAsync(new() { FetchWaitMs = 5, PendingBytesMax = 1000, AppendTimeoutMs = 3000 });
        await _mock.CommandAsync("rtt 1 300");
        var first = log.AppendAsync(Batch(new string('x', 900)), None);
        await Assert.ThrowsAsync<LogFullException>(async () => await log.AppendAsync(Batch(new string('y', 900)), None));
        await first;
        await log.AppendAsync(Batch("z"), None);
        Assert.Equal(2, log.EndOffset(0));
    }

    [Fact]
    public async Task Read_WhenOtherNodesWithOtherClocksAppend_SeesAllInOneOrderAndTimeNeverGoesBack()
    {
        var late = new ManualTime();
        late.Advance(TimeSpan.FromSeconds(3));
        await using var a = await OpenAsync(new() { FetchWaitMs = 5 });
        await using var b = await KafkaEventLog.OpenAsync(Options(new() { FetchWaitMs = 5 }), late, null);
        await using var reader = await OpenAsync(new() { FetchWaitMs = 5 });
        var seen = new List<long>();
        for (var i = 0; i < 20; i++)
        {
            await (i % 3 == 0 ? b : a).AppendAsync(Batch($"{i}"), None);
            await reader.WaitAsync(0, i, None).WaitAsync(TimeSpan.FromSeconds(30));
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}"), Records(reader, 0));
        foreach (var frame in reader.Read(0, 0, 1 << 20)) seen.AddRange(Enumerable.Repeat(frame.AppendedAtMs, frame.Count));
        Assert.Equal(seen.Order(), seen);
    }

    [Fact]
    public async Task Open_WhenTopicHasAnotherNumberOfPartitions_IsRefused()
    {
        var wrong = await Assert.ThrowsAsync<KafkaLogException>(async () => await KafkaEventLog.OpenAsync(Options(new()) with { Partitions = P + 1 }, _time));
        Assert.Contains($"has {P} partitions, {P + 1} are configured", wrong.Message);
    }

    private KafkaLogOptions Options(KafkaLogLimits limits) => new() { BootstrapServers = _mock.BootstrapServers, Topic = "log", Partitions = P, Limits = limits };

    private ValueTask<KafkaEventLog> OpenAsync(KafkaLogLimits limits) => KafkaEventLog.OpenAsync(Options(limits), _time, null);

    private static AppendBatch Batch(string record)
    {
        var batch = new AppendBatch(P);
        batch.Add(0, Encoding.UTF8.GetBytes(record));
        return batch;
    }

    private static async Task AppendUntilAcknowledged(KafkaEventLog log, string record)
    {
        for (var left = 20; ; left--)
        {
            try
            {
                await log.AppendAsync(Batch(record), None);
                return;
            }
            catch (LogWriteException) when (left > 0) { }
        }
    }

    private static List<string> Records(KafkaEventLog log, int partition)
    {
        var records = new List<string>();
        for (long next = 0; next < log.EndOffset(partition);)
            foreach (var frame in log.Read(partition, next, 1 << 16))
                foreach (var (offset, record) in frame.From(next))
                {
                    records.Add(Encoding.UTF8.GetString(record.Span));
                    next = offset + 1;
                }
        return records;
    }

    private static async Task Until(Func<bool> done)
    {
        for (var left = 600; !done(); left--)
        {
            Assert.True(left > 0, "did not come in 30 s");
            await Task.Delay(50);
        }
    }
}
#endif
