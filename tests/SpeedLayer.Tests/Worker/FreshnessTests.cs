using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Yaml;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Worker;

/// <summary>Freshness is the age of the oldest record that is not applied; asking for it costs no read of the log, however far folding lags.</summary>
public sealed class FreshnessTests
{
    private readonly ManualTime _time = new();
    private readonly CountedLog _log;
    private readonly PartitionHost _host;

    public FreshnessTests()
    {
        _log = new CountedLog(new MemoryLog(1, _time));
        var views = new ViewCatalog(_ => null);
        var view = DefinitionLoader.Load("v.yaml", "view: v\nmetrics:\n  logins: { of: login, count: true }\n");
        views.Add(view);
        _host = new PartitionHost(
            new SpeedPorts(_log, new MemoryCheckpointStore(), new MemoryQuarantine(), views, _time), new WorkerSettings(0, Clock.MsPerDay, 1, 2), Task.Run, 1);
        _host.Recover(Publication.Initial(view.Hash, 1, 0), null);
    }

    [Fact]
    public async Task Freshness_WhenEverythingIsApplied_IsNone()
    {
        Assert.Equal(0, Freshness());
        await AppendAsync(3);
        while (_host.Step(int.MaxValue)) { }
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, Freshness());
    }

    [Fact]
    public async Task Freshness_WhenFoldingLags_IsTheAgeOfTheOldestUnappliedRecord()
    {
        await AppendAsync(2);
        _time.Advance(TimeSpan.FromSeconds(5));
        await AppendAsync(2);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(7000, Freshness());
        Assert.Equal(2, StepOneFrame());
        Assert.Equal(2000, Freshness());
        Assert.Equal(4, StepOneFrame());
        Assert.Equal(0, Freshness());
        _time.Advance(TimeSpan.FromHours(1));
        await AppendAsync(1);
        Assert.Equal(0, Freshness()); // the hour without events is nobody's age
        _time.Advance(TimeSpan.FromMilliseconds(3));
        Assert.Equal(3, Freshness());
    }

    [Fact]
    public async Task Freshness_AskedAgainAndAgainWhileFoldingLags_ReadsTheLogOnce()
    {
        await AppendAsync(2);
        await AppendAsync(2);
        StepOneFrame();
        var before = _log.Reads;
        for (var i = 0; i < 1000; i++) Freshness();
        Assert.InRange(_log.Reads - before, 0, 1);
    }

    private long Freshness() => _host.FreshnessMs(_host.Applied, _time.GetUtcNow().ToUnixTimeMilliseconds());

    private long StepOneFrame()
    {
        _host.Step(1);
        return _host.Applied;
    }

    private int _ids;

    private async Task AppendAsync(int records)
    {
        var writer = new RecordWriter();
        var batch = new AppendBatch(1);
        for (var i = 0; i < records; i++)
        {
            writer.Begin(EventCatalog.Login, "c"u8, Encoding.UTF8.GetBytes($"e{++_ids}"), 0);
            batch.Add(0, writer.Finish());
        }
        await _log.AppendAsync(batch, default);
    }

    private sealed class CountedLog(IEventLog log) : IEventLog
    {
        public int Reads { get; private set; }

        public IReadOnlyList<LogFrame> Read(int partition, long fromOffset, int maxBytes)
        {
            Reads++;
            return log.Read(partition, fromOffset, maxBytes);
        }

        public int Partitions => log.Partitions;
        public ValueTask<IReadOnlyList<Position>> AppendAsync(AppendBatch batch, CancellationToken cancel) => log.AppendAsync(batch, cancel);
        public Task WaitAsync(int partition, long offset, CancellationToken cancel) => log.WaitAsync(partition, offset, cancel);
        public long StartOffset(int partition) => log.StartOffset(partition);
        public long EndOffset(int partition) => log.EndOffset(partition);
        public long LastAppendedAtMs(int partition) => log.LastAppendedAtMs(partition);
        public long OffsetAtTime(int partition, long appendedAtMs) => log.OffsetAtTime(partition, appendedAtMs);
        public Task TruncateAsync(int partition, long offset, CancellationToken cancel) => log.TruncateAsync(partition, offset, cancel);
        public ValueTask DisposeAsync() => log.DisposeAsync();
    }
}
