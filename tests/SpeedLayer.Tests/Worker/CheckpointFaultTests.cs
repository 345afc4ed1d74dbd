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

/// <summary>A checkpoint that cannot be written for a while costs replay time and nothing else; residents leave memory only when they are stored.</summary>
public sealed class CheckpointFaultTests
{
    private readonly ManualTime _time = new();
    private readonly MemoryLog _log;
    private readonly FullDisk _store = new();
    private readonly PartitionHost _host;

    public CheckpointFaultTests()
    {
        _log = new MemoryLog(1, _time);
        var views = new ViewCatalog(_ => null);
        var view = DefinitionLoader.Load("v.yaml", "view: v\nmetrics:\n  logins: { of: login, count: true }\n");
        views.Add(view);
        var settings = new WorkerSettings(0, Clock.MsPerDay, 1, 2) { ResidentEntities = 4 };
        _host = new PartitionHost(new SpeedPorts(_log, _store, new MemoryQuarantine(), views, _time), settings, InPlace, 1);
        _host.Recover(Publication.Initial(view.Hash, 1, 0), null);
    }

    [Fact]
    public async Task Checkpoint_WhileTheDiskIsFull_IsTriedAgainAndThePartitionGoesOn()
    {
        await AppendAsync(10);
        _store.IsFull = true;
        Checkpoint();
        Assert.NotNull(_host.CheckpointFault);
        Assert.Null(_store.Load(0));
        await AppendAsync(10); // meanwhile events are folded and answered
        Assert.Equal(20, _host.Applied);
        Assert.Equal(ReadOutcome.Found, _host.Read(Customer(3), 0).Outcome);
        Assert.Equal(10, _host.ResidentEntities); // nobody leaves before he is stored

        _store.IsFull = false;
        _host.Step(1);
        Assert.Null(_store.Load(0)); // not at once
        _time.Advance(TimeSpan.FromMilliseconds(Limits.CheckpointRetryMs));
        _host.Step(1);
        Assert.Null(_host.CheckpointFault);
        Assert.Equal(10, _store.Load(0)!.Applied); // as of the moment it was taken
        Checkpoint();
        Assert.Equal(20, _store.Load(0)!.Applied);
    }

    [Fact]
    public async Task Residents_AboveTheLimit_LeaveOnceStoredAndAnswerAsBefore()
    {
        await AppendAsync(50);
        Assert.Equal(10, _host.ResidentEntities);
        Checkpoint();
        Checkpoint();
        Assert.Equal(10, _host.ResidentEntities); // their rows in the population are not written yet
        Assert.Equal(10, _host.TakeChanged(100, out _).Count);
        _host.Step(1);
        Assert.InRange(_host.ResidentEntities, 1, 4);
        for (var c = 0; c < 10; c++) Assert.Equal(Domain.Expressions.Value.Int(5), _host.Read(Customer(c), 0).Answer!.Scalars[0]);
    }

    /// <summary>A sweep that begins while a checkpoint is written misses nobody: not those before it, in it, or behind it.</summary>
    [Fact]
    public async Task Customers_WhileACheckpointIsWritten_AreAllNamed()
    {
        await AppendAsync(3);
        Checkpoint();
        await AppendAsync(4);
        _store.IsFull = true;
        Checkpoint(); // as good as being written: it is not stored
        await AppendAsync(3);
        Assert.Equal(Enumerable.Range(0, 10).Select(Customer), _host.Customers().Distinct().Order());
    }

    [Fact]
    public async Task Stop_WhileTheDiskIsFull_SaysSo()
    {
        await AppendAsync(1);
        _store.IsFull = true;
        await Assert.ThrowsAsync<CheckpointWriteException>(_host.CheckpointNowAsync);
    }

    private void Checkpoint()
    {
        _host.RequestCheckpoint();
        for (var i = 0; i < 3; i++) _host.Step(int.MaxValue);
    }

    private static CustomerId Customer(int number) => CustomerId.From($"c{number}");

    private int _ids;

    /// <summary>Logins of ten customers in turn.</summary>
    private async Task AppendAsync(int records)
    {
        var writer = new RecordWriter();
        var batch = new AppendBatch(1);
        for (var i = 0; i < records; i++)
        {
            writer.Begin(EventCatalog.Login, Customer(_ids % 10).Utf8, Encoding.UTF8.GetBytes($"e{++_ids}"), 0);
            batch.Add(0, writer.Finish());
        }
        await _log.AppendAsync(batch, default);
        while (_host.Step(int.MaxValue)) { }
    }

    private static Task InPlace(Action work)
    {
        try
        {
            work();
            return Task.CompletedTask;
        }
        catch (Exception e)
        {
            return Task.FromException(e);
        }
    }

    private sealed class FullDisk : ICheckpointStore
    {
        private readonly MemoryCheckpointStore _store = new();

        public bool IsFull { get; set; }

        public void Write(int partition, Checkpoint checkpoint, IReadOnlyList<StoredEntity> entities)
        {
            if (IsFull) throw new CheckpointWriteException(partition, "checkpoint", "the disk is full");
            _store.Write(partition, checkpoint, entities);
        }

        public Checkpoint? Load(int partition) => _store.Load(partition);
        public bool Forget(int partition, CustomerId customer, ReadOnlyMemory<byte> state) => _store.Forget(partition, customer, state);
        public void LoadEntities(int partition, IReadOnlyList<CustomerId> customers, EntityReader deliver) => _store.LoadEntities(partition, customers, deliver);
        public IEnumerable<StoredEntity> Scan(int partition) => _store.Scan(partition);
        public void Delete(int partition) => _store.Delete(partition);
        public ValueTask DisposeAsync() => _store.DisposeAsync();
    }
}
