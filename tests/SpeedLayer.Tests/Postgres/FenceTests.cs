using System.Diagnostics;
using System.Text;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Leases;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Postgres;
using Lambda.TestKit;
using Npgsql;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Postgres;

/// <summary>An owner that was overtaken changes nothing any more, whatever it was just doing; nobody waits for a frozen one.</summary>
[Collection(PostgresTests.Name)]
public sealed class FenceTests(PostgresServer server) : IAsyncLifetime
{
    private PostgresDatabase _database = null!;
    private PostgresCheckpointStore _store = null!;
    private PostgresLease _leases = null!;

    public Task InitializeAsync()
    {
        _database = server.Open();
        _store = new PostgresCheckpointStore(_database);
        _leases = new PostgresLease(_database);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        if (_database is not null) await _database.DisposeAsync();
    }

    [SkippableFact]
    public void Write_WhenAnotherOnlyAcquired_IsFenced()
    {
        var old = _leases.Acquire(0, "a").Generation;
        Write(old, "old");
        Expire();
        var next = _leases.Acquire(0, "b").Generation;
        var fenced = Assert.Throws<FencedException>(() => Write(old, "late"));
        Assert.Contains($"generation {old} was overtaken by {next}", fenced.Message);
        Assert.Equal("old", Stored());
        Write(next, "new");
        Assert.Equal("new", Stored());
    }

    [SkippableFact]
    public void Acquire_WhenOnlyTheCheckpointKnowsAGeneration_IsHigher()
    {
        Write(41, "restored");
        Assert.Equal(42, _leases.Acquire(0, "a").Generation);
    }

    [SkippableFact]
    public async Task Write_WhenOvertakenWhileItsRowsAreWritten_IsFencedAndChangesNothing()
    {
        var old = _leases.Acquire(0, "a").Generation;
        Write(old, "old");
        using var other = new NpgsqlConnection($"{server.ConnectionString};Search Path={_database.Schema}");
        other.Open();
        using (var transaction = other.BeginTransaction())
        {
            Execute(other, "SELECT FROM entities FOR UPDATE");
            var late = Task.Run(() => Write(old, "late"));
            await UntilBlockedAsync();
            Expire();
            var next = _leases.Acquire(0, "b").Generation; // at once: the fence is not held yet
            Assert.True(next > old);
            transaction.Rollback();
            await Assert.ThrowsAsync<FencedException>(() => late);
        }
        Assert.Equal("old", Stored());
    }

    [SkippableFact]
    public async Task Write_WhenAHigherGenerationIsJustWriting_WaitsAndIsFenced()
    {
        Write(5, "old");
        using var other = new NpgsqlConnection($"{server.ConnectionString};Search Path={_database.Schema}");
        other.Open();
        using var transaction = other.BeginTransaction();
        Execute(other, "SELECT write_checkpoint(0, 17, 6, '', 1, false)");
        var late = Task.Run(() => Write(5, "late"));
        await UntilBlockedAsync();
        transaction.Commit();
        await Assert.ThrowsAsync<FencedException>(() => late);
        Assert.Equal("old", Stored());
    }

    [SkippableFact]
    public async Task Acquire_WhenACheckpointIsJustBeingCommitted_WaitsForItAndRenewDoesNot()
    {
        var old = _leases.Acquire(0, "a").Generation;
        using var other = new NpgsqlConnection($"{server.ConnectionString};Search Path={_database.Schema}");
        other.Open();
        using var transaction = other.BeginTransaction();
        Execute(other, $"SELECT write_checkpoint(0, 17, {old}, '', 1, false)");
        Assert.Equal([true], _leases.Renew([(0, old)]));
        Expire();
        var acquiring = Task.Run(() => _leases.Acquire(0, "b"));
        await UntilBlockedAsync();
        Assert.False(acquiring.IsCompleted);
        transaction.Commit();
        Assert.True((await acquiring).IsGranted);
        Assert.Throws<CheckpointCorruptException>(() => _store.Load(0)); // it is there: the checksum was none
    }

    [SkippableFact]
    public async Task Write_WhenAFrozenOwnerLeftItsTransactionOpenWhileCopying_NeedNotWait()
    {
        var old = _leases.Acquire(0, "a").Generation;
        Write(old, "old");
        using var frozen = new NpgsqlConnection($"{server.ConnectionString};Search Path={_database.Schema}");
        frozen.Open();
        using var transaction = frozen.BeginTransaction();
        Execute(frozen, "CREATE TEMP TABLE staged_entities(customer bytea, state bytea, checksum bigint) ON COMMIT DELETE ROWS");
        using var copy = frozen.BeginTextImport("COPY pg_temp.staged_entities FROM STDIN");
        copy.Write("\\\\x61\t\\\\x6c617465\t1\n");
        copy.Flush();
        Expire();
        await Task.Run(() => Write(_leases.Acquire(0, "b").Generation, "new")).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("new", Stored());
    }

    [SkippableFact]
    public async Task Acquire_WhenAnOwnerFrozeInATransactionThatHoldsTheFence_IsGrantedAllTheSame()
    {
        var generations = new Dictionary<int, long> { [0] = _leases.Acquire(0, "a").Generation, [1] = _leases.Acquire(1, "a").Generation };
        using var frozen = new ManualResetEventSlim();
        using var thawed = new ManualResetEventSlim();
        var sink = new PostgresSinkProgressStore(_database, p =>
        {
            if (p == 1) frozen.Set();
            if (p == 1) thawed.Wait(); // the fence of partition 0 is held
            return generations[p];
        });
        var saving = Task.Run(() => sink.Save([(0, new SinkProgress(1, 1, 1, 1)), (1, new SinkProgress(1, 1, 1, 1))], []));
        frozen.Wait();
        Expire();
        var granted = await Task.Run(() => _leases.Acquire(0, "b")).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.True(granted.IsGranted);
        thawed.Set();
        await Assert.ThrowsAsync<StorageException>(() => saving);
        Assert.Equal(SinkProgress.Zero, sink.Load(0));
    }

    [SkippableFact]
    public void Save_WhenSinkWasOvertaken_IsFencedAndChangesNothing()
    {
        var generations = new Dictionary<int, long> { [0] = _leases.Acquire(0, "a").Generation, [1] = _leases.Acquire(1, "a").Generation };
        var sink = new PostgresSinkProgressStore(_database, p => generations[p]);
        var one = new SinkProgress(1, 1, 1, 1);
        sink.Save([(0, one), (1, one)], []);
        Expire();
        _leases.Acquire(1, "b");
        Assert.Throws<FencedException>(() => sink.Save([(0, new SinkProgress(2, 2, 2, 2)), (1, new SinkProgress(2, 2, 2, 2))], [(0, 1, one)]));
        Assert.Equal(one, sink.Load(0));
        Assert.Null(sink.AtBarrier(0, 1));
        sink.Save([(0, new SinkProgress(2, 2, 2, 2))], []);
    }

    [SkippableFact]
    public async Task AcquireAsync_WhenTwoHoldersShareTheDatabase_OnlyOneHoldsAtATime()
    {
        await using var a = new LeaseKeeper(_leases, TimeProvider.System, _ => { });
        await using var second = PostgresDatabase.Open(server.ConnectionString, _database.Schema);
        await using var b = new LeaseKeeper(new PostgresLease(second), TimeProvider.System, _ => { });
        var first = await a.AcquireAsync(3, "a", CancellationToken.None);
        Assert.Null(b.TryAcquire(3, "b", out var freeIn));
        Assert.InRange(freeIn, TimeSpan.Zero, LeaseTimes.Default.Expiry);
        var waiting = b.AcquireAsync(3, "b", CancellationToken.None);
        a.Release(first);
        var lease = await waiting;
        Assert.True(lease.IsHeld && !first.IsHeld);
        Assert.True(lease.Generation > first.Generation);
    }

    private void Write(long generation, string state) =>
        _store.Write(0, new Checkpoint(1, generation, default), [new StoredEntity(CustomerId.From("a"), Encoding.UTF8.GetBytes(state))]);

    private string Stored() => Encoding.UTF8.GetString(Assert.Single(_store.Scan(0)).State.Span);

    private void Expire() => server.Execute($"UPDATE {_database.Schema}.leases SET expires_at = '-infinity'");

    /// <summary>Returns when somebody waits for a lock in this schema's tables.</summary>
    private async Task UntilBlockedAsync()
    {
        using var connection = new NpgsqlConnection(server.ConnectionString);
        connection.Open();
        using var command = new NpgsqlCommand("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'", connection);
        for (var started = Stopwatch.GetTimestamp(); (long)command.ExecuteScalar()! == 0; await Task.Yield())
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(20), "nobody waits for a lock");
    }

    private static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }
}
