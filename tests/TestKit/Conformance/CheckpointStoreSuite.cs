using System.Text;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every checkpoint store must do.</summary>
public abstract class CheckpointStoreSuite : IAsyncLifetime
{
    private ICheckpointStore _store = null!;

    /// <summary>Opens the store of this test: empty the first time, afterwards with what was written.</summary>
    protected abstract ValueTask<ICheckpointStore> OpenAsync();

    public virtual async Task InitializeAsync() => _store = await OpenAsync();

    public virtual async Task DisposeAsync() => await _store.DisposeAsync();

    [SkippableFact]
    public void Load_WhenNeverWritten_IsNull()
    {
        Assert.Null(_store.Load(0));
        Assert.Empty(_store.Scan(0));
        Assert.Empty(Loaded(0, "a"));
    }

    [SkippableFact]
    public async Task Write_WhenReopened_CheckpointAndEntitiesAreThere()
    {
        _store.Write(0, Header(17, 3, "header"), [Entity("b", "2"), Entity("a", "1")]);
        _store.Write(1, Header(5, 1), [Entity("a", "other")]);
        await ReopenAsync();
        var checkpoint = _store.Load(0)!;
        Assert.Equal((17, 3, "header"), (checkpoint.Applied, checkpoint.Generation, Encoding.UTF8.GetString(checkpoint.Worker.Span)));
        Assert.Equal(["a=1", "b=2"], Scanned(0));
        Assert.Equal(["a=other"], Scanned(1));
        Assert.Null(_store.Load(2));
    }

    [SkippableFact]
    public void Write_WhenAgain_ReplacesOnlyTheEntitiesGiven()
    {
        _store.Write(0, Header(1), [Entity("a", "1"), Entity("b", "1"), Entity("c", "1")]);
        _store.Write(0, Header(2), [Entity("b", "2"), Entity("d", "2")]);
        Assert.Equal(["a=1", "b=2", "c=1", "d=2"], Scanned(0));
        Assert.Equal(2, _store.Load(0)!.Applied);
    }

    [SkippableFact]
    public void Forget_WhenTheStateIsAnother_LeavesTheRow()
    {
        _store.Write(0, Header(1), [Entity("a", "1"), Entity("b", "1")]);
        Assert.False(_store.Forget(0, CustomerId.From("a"), Encoding.UTF8.GetBytes("0")));
        Assert.True(_store.Forget(0, CustomerId.From("a"), default)); // nothing is to be deleted
        Assert.Equal(["a=1", "b=1"], Scanned(0));
        Assert.True(_store.Forget(0, CustomerId.From("a"), Encoding.UTF8.GetBytes("1")));
        Assert.Equal(["b=1"], Scanned(0));
        Assert.Equal(1, _store.Load(0)!.Applied);
        Assert.True(_store.Forget(3, CustomerId.From("a"), default)); // a partition without a checkpoint
        _store.Write(0, Header(2), [Entity("a", "2")]);
        Assert.Equal(["a=2", "b=1"], Scanned(0));
    }

    [SkippableFact]
    public void Write_WhenNoEntities_MovesTheCheckpoint()
    {
        _store.Write(0, Header(1), [Entity("a", "1")]);
        _store.Write(0, Header(9), []);
        Assert.Equal(9, _store.Load(0)!.Applied);
        Assert.Equal(["a=1"], Scanned(0));
    }

    [SkippableFact]
    public void Write_WhenStateIsEmpty_DeletesTheRow()
    {
        _store.Write(0, Header(1), [Entity("a", "1"), Entity("b", "1")]);
        _store.Write(0, Header(2), [Entity("a", ""), Entity("never there", "")]);
        Assert.Equal(["b=1"], Scanned(0));
        Assert.Empty(Loaded(0, "a"));
    }

    [SkippableFact]
    public void Write_WhenOvertakenByAHigherGeneration_IsFencedAndChangesNothing()
    {
        _store.Write(0, Header(1, 5), [Entity("a", "1")]);
        Assert.Throws<FencedException>(() => _store.Write(0, Header(2, 4), [Entity("a", "2")]));
        Assert.Equal((1, 5), (_store.Load(0)!.Applied, _store.Load(0)!.Generation));
        Assert.Equal(["a=1"], Scanned(0));
        _store.Write(0, Header(2, 5), []);
        _store.Write(0, Header(3, 6), []);
        _store.Write(1, Header(1, 1), []);
        Assert.Equal(3, _store.Load(0)!.Applied);
    }

    [SkippableFact]
    public void Write_WhenCallerReusesItsBuffer_StoredStateStays()
    {
        var buffer = "one"u8.ToArray();
        _store.Write(0, new Checkpoint(1, 1, buffer), [new StoredEntity(CustomerId.From("a"), buffer)]);
        "two"u8.CopyTo(buffer);
        Assert.Equal(["a=one"], Scanned(0));
        Assert.Equal("one", Encoding.UTF8.GetString(_store.Load(0)!.Worker.Span));
    }

    [SkippableFact]
    public void LoadEntities_WhenSomeAreAbsent_DeliversOnlyThosePresent()
    {
        var all = Enumerable.Range(0, 5_000).Select(i => Entity($"c{i}", $"state {i}")).ToArray();
        _store.Write(0, Header(1), all);
        var asked = Enumerable.Range(0, 10_000).Where(i => i % 2 == 0).Select(i => $"c{i}").ToArray();
        Assert.Equal(
            Enumerable.Range(0, 5_000).Where(i => i % 2 == 0).Select(i => $"c{i}=state {i}").Order(), Loaded(0, asked).Order());
        Assert.Empty(Loaded(0));
        Assert.Empty(Loaded(1, "c0"));
    }

    [SkippableFact]
    public void Scan_WhenIdsAreAnyBytes_IsInOrderOfBytes()
    {
        byte[][] ids = [[0xff], [0], [0, 0], [0x7f, 0xff], [0x80], [.. Enumerable.Repeat((byte)0x80, CustomerId.MaxBytes)], "é"u8.ToArray(), "z"u8.ToArray()];
        _store.Write(0, Header(1), [.. ids.Select(id => new StoredEntity(new CustomerId(id), id))]);
        var scanned = _store.Scan(0).ToList();
        Assert.Equal(ids.Select(id => new CustomerId(id)).Order(), scanned.Select(e => e.Customer));
        Assert.All(scanned, e => Assert.True(e.Customer.Utf8.SequenceEqual(e.State.Span)));
        Assert.Equal(ids.Length, Loaded(0, [.. ids.Select(id => new CustomerId(id))]).Count);
    }

    [SkippableFact]
    public void Scan_WhileWritten_IsOneSnapshot()
    {
        _store.Write(0, Header(1), [.. Enumerable.Range(0, 3_000).Select(i => Entity($"c{i:d5}", "old"))]);
        using var scan = _store.Scan(0).GetEnumerator();
        Assert.True(scan.MoveNext());
        _store.Write(0, Header(2), [.. Enumerable.Range(0, 3_000).Select(i => Entity($"c{i:d5}", i % 2 == 0 ? "" : "new"))]);
        var seen = 1;
        for (; scan.MoveNext(); seen++) Assert.Equal("old", Encoding.UTF8.GetString(scan.Current.State.Span));
        Assert.Equal(3_000, seen);
        Assert.Equal(1_500, _store.Scan(0).Count());
    }

    [SkippableFact]
    public async Task Delete_WhenDone_OnlyThatPartitionIsForgotten()
    {
        _store.Write(0, Header(1, 7), [Entity("a", "1")]);
        _store.Write(1, Header(1, 7), [Entity("a", "1")]);
        _store.Delete(0);
        Assert.Null(_store.Load(0));
        Assert.Empty(Scanned(0));
        await ReopenAsync();
        Assert.Null(_store.Load(0));
        Assert.Equal(["a=1"], Scanned(1));
        _store.Write(0, Header(1, 1), [Entity("b", "1")]);
        Assert.Equal(["b=1"], Scanned(0));
    }

    [SkippableFact]
    public async Task Write_WhenPartitionsWriteAtOnce_AllArrive()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(p => Task.Run(() =>
        {
            for (var i = 1; i <= 20; i++) WriteAsWorkersDo(p, Header(i), [Entity($"c{i:d2}", $"{p}"), Entity("same", $"{i}")]);
        })));
        for (var p = 0; p < 4; p++) Assert.Equal([.. Enumerable.Range(1, 20).Select(i => $"c{i:d2}={p}"), "same=20"], Scanned(p));
    }

    [SkippableFact]
    public async Task Write_WhenTwoGenerationsWriteAtOnce_TheHigherOneStays()
    {
        var (overtaken, written) = (false, 0);
        var zombie = Task.Run(() =>
        {
            for (var i = 1; ; i++)
            {
                var before = Volatile.Read(ref overtaken);
                try
                {
                    WriteAsWorkersDo(0, Header(i, 1), [Entity("a", $"1 {i}"), Entity("b", $"1 {i}")]);
                    Assert.False(before, "written after the higher generation had");
                    Interlocked.Increment(ref written);
                }
                catch (FencedException)
                {
                    return;
                }
            }
        });
        while (Volatile.Read(ref written) < 3 && !zombie.IsCompleted) await Task.Yield();
        WriteAsWorkersDo(0, Header(1_000_000, 2), [Entity("a", "2"), Entity("b", "2")]);
        Volatile.Write(ref overtaken, true);
        await zombie.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal((1_000_000, 2), (_store.Load(0)!.Applied, _store.Load(0)!.Generation));
        Assert.Equal(["a=2", "b=2"], Scanned(0));
    }

    [SkippableFact]
    public async Task LoadEntities_WhileWritten_AreOfOneCheckpoint()
    {
        _store.Write(0, Header(0), [.. Enumerable.Range(0, 50).Select(i => Entity($"c{i:d2}", "0"))]);
        var writer = Task.Run(() =>
        {
            for (var n = 1; n <= 40; n++) WriteAsWorkersDo(0, Header(n), [.. Enumerable.Range(0, 50).Select(i => Entity($"c{i:d2}", $"{n}"))]);
        });
        while (!writer.IsCompleted)
            Assert.Single(Loaded(0, [.. Enumerable.Range(0, 50).Select(i => $"c{i:d2}")]).Select(l => l.Split('=')[1]).Distinct());
        await writer;
    }

    [SkippableFact]
    public void Write_WhenRandom_EqualsADictionary()
    {
        var random = new Random(7);
        var expected = new SortedDictionary<CustomerId, string>();
        for (var round = 1; round <= 30; round++)
        {
            var entities = Enumerable.Range(0, random.Next(200)).Select(_ => random.Next(500)).Distinct()
                .Select(i => Entity($"{i}", random.Next(5) == 0 ? "" : new string('s', random.Next(1, 2_000)))).ToArray();
            foreach (var (customer, state) in entities)
                if (state.IsEmpty) expected.Remove(customer);
                else expected[customer] = Encoding.UTF8.GetString(state.Span);
            _store.Write(0, Header(round), entities);
            Assert.Equal(expected.Select(e => $"{e.Key}={e.Value}"), Scanned(0));
        }
    }

    /// <summary>Again when it was not written: a process that stood still is cut off by its store.</summary>
    private void WriteAsWorkersDo(int partition, Checkpoint checkpoint, StoredEntity[] entities)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                _store.Write(partition, checkpoint, entities);
                return;
            }
            catch (CheckpointWriteException) when (tries < 5)
            {
            }
        }
    }

    private async Task ReopenAsync()
    {
        await _store.DisposeAsync();
        _store = await OpenAsync();
    }

    protected static Checkpoint Header(long applied, long generation = 1, string worker = "") => new(applied, generation, Encoding.UTF8.GetBytes(worker));

    protected static StoredEntity Entity(string customer, string state) => new(CustomerId.From(customer), Encoding.UTF8.GetBytes(state));

    private List<string> Scanned(int partition) => [.. _store.Scan(partition).Select(e => $"{e.Customer}={Encoding.UTF8.GetString(e.State.Span)}")];

    private List<string> Loaded(int partition, params string[] customers) => Loaded(partition, [.. customers.Select(CustomerId.From)]);

    private List<string> Loaded(int partition, CustomerId[] customers)
    {
        var loaded = new List<string>();
        _store.LoadEntities(partition, customers, (customer, state) => loaded.Add($"{customer}={Encoding.UTF8.GetString(state)}"));
        return loaded;
    }
}
