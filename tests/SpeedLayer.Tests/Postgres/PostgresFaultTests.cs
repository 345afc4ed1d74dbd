using System.Text;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Postgres;
using Lambda.TestKit;
using Npgsql;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Postgres;

/// <summary>Damage is found, faults say what to do, and what was there stands.</summary>
[Collection(PostgresTests.Name)]
public sealed class PostgresFaultTests(PostgresServer server) : IAsyncLifetime
{
    private PostgresDatabase _database = null!;
    private PostgresCheckpointStore _store = null!;

    public Task InitializeAsync()
    {
        _database = server.Open();
        _store = new PostgresCheckpointStore(_database);
        _store.Write(0, new Checkpoint(17, 3, "worker"u8.ToArray()), [.. Enumerable.Range(0, 100).Select(i => new StoredEntity(CustomerId.From($"c{i:d4}"), new byte[i * 50 + 1]))]);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        if (_database is not null) await _database.DisposeAsync();
    }

    [SkippableTheory]
    [InlineData("UPDATE S.entities SET state = '\\x00' WHERE customer = 'c0007'")]
    [InlineData("UPDATE S.entities SET checksum = checksum + 1 WHERE customer = 'c0007'")]
    [InlineData("UPDATE S.entities SET state = (SELECT state FROM S.entities WHERE customer = 'c0008') WHERE customer = 'c0007'")]
    public void Entity_WhenChanged_IsFoundByLookUpAndScan(string damage)
    {
        Execute(damage);
        Find(0, "c0008");
        var fault = Assert.Throws<CheckpointCorruptException>(() => Find(0, "c0006", "c0007"));
        Assert.Contains("c0007", fault.Message);
        Assert.Contains($"DELETE FROM {_database.Schema}.entities WHERE partition = 0", fault.Message);
        Assert.Throws<CheckpointCorruptException>(() => _store.Scan(0).Count());
        Find(0, "c0008");
    }

    [SkippableFact]
    public void Entity_WhenMovedToAnotherPartition_IsFound()
    {
        Execute("UPDATE S.entities SET partition = 1 WHERE customer = 'c0007'");
        Assert.Throws<CheckpointCorruptException>(() => Find(1, "c0007"));
    }

    [SkippableTheory]
    [InlineData("UPDATE S.checkpoints SET applied = applied + 1")]
    [InlineData("UPDATE S.checkpoints SET generation = generation - 1")]
    [InlineData("UPDATE S.checkpoints SET worker = '\\x01'")]
    public void Header_WhenChanged_IsFoundAndNotWrittenOver(string damage)
    {
        Execute(damage);
        Assert.Throws<CheckpointCorruptException>(() => _store.Load(0));
        Assert.Throws<CheckpointCorruptException>(() => _store.Write(0, new Checkpoint(99, 99, default), []));
        _store.Delete(0);
        Assert.Null(_store.Load(0));
        _store.Write(0, new Checkpoint(1, 1, default), []);
    }

    [SkippableFact]
    public void Write_WhenTheServersDiskIsFull_SaysSoAndTheOldOneStands()
    {
        Execute("CREATE FUNCTION S.full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$");
        Execute("CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON S.checkpoints EXECUTE FUNCTION S.full_disk()");
        var fault = Assert.Throws<CheckpointWriteException>(() => _store.Write(0, new Checkpoint(18, 3, default), [new StoredEntity(CustomerId.From("c0000"), "new"u8.ToArray())]));
        Assert.Contains("partition 0: a checkpoint could not be written to PostgreSQL at ", fault.Message);
        Assert.Contains("free space on the database server", fault.Message);
        Assert.False(Assert.IsType<StorageException>(fault.InnerException).IsTransient);
        Execute("DROP TRIGGER full_disk ON S.checkpoints");
        Assert.Equal(17, _store.Load(0)!.Applied);
        Assert.Equal(1, _store.Scan(0).First().State.Length);
        _store.Write(0, new Checkpoint(18, 3, default), []);
    }

    [SkippableFact]
    public void Read_WhenIdleConnectionsWereCut_TakesANewOne()
    {
        CutConnections();
        Assert.Equal(17, _store.Load(0)!.Applied);
        CutConnections();
        Find(0, "c0001");
        CutConnections();
        Assert.Equal(100, _store.Scan(0).Count() is var n and > 0 ? n : 0);
    }

    [SkippableFact]
    public void Write_WhenTheConnectionWasCut_SaysSoAndTheNextOneWorks()
    {
        CutConnections();
        var fault = Assert.Throws<CheckpointWriteException>(() => _store.Write(0, new Checkpoint(18, 3, default), []));
        Assert.True(Assert.IsType<StorageException>(fault.InnerException).IsTransient);
        Assert.Contains("PostgreSQL at ", fault.Message);
        _store.Write(0, new Checkpoint(18, 3, default), []);
        Assert.Equal(18, _store.Load(0)!.Applied);
    }

    [SkippableFact]
    public void Scan_WhenGivenUpHalfWay_LeavesAUsableConnection()
    {
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(3, _store.Scan(0).Take(3).Count());
            Find(0, "c0001");
        }
        _store.Write(0, new Checkpoint(18, 3, default), []);
    }

    [SkippableFact]
    public void Write_WhenStatesAreLarge_TheyComeBack()
    {
        var random = new Random(3);
        var states = Enumerable.Range(0, 12).Select(i => new byte[1 << i * 2 - i / 2]).ToArray();
        foreach (var state in states) random.NextBytes(state);
        _store.Write(5, new Checkpoint(1, 1, new byte[300_000]), [.. states.Select((s, i) => new StoredEntity(CustomerId.From($"{i:d2}"), s))]);
        Assert.Equal(states.Select(Convert.ToHexString), _store.Scan(5).Select(e => Convert.ToHexString(e.State.Span)));
        var loaded = new Dictionary<string, string>();
        _store.LoadEntities(5, [.. states.Select((_, i) => CustomerId.From($"{i:d2}"))], (id, state) => loaded[$"{id}"] = Convert.ToHexString(state));
        Assert.Equal(states.Select(Convert.ToHexString), loaded.OrderBy(l => l.Key).Select(l => l.Value));
    }

    [SkippableFact]
    public async Task Quarantine_WhenTextsHoldWhatPostgresCannotStore_AreStoredWithoutIt()
    {
        await using var quarantine = new PostgresQuarantine(_database);
        byte[] raw = [0, 1];
        for (var i = 0; i < 2; i++) quarantine.Add([new QuarantineEntry(0, 1, "http", 1, "a\0b", "reason", "found '\0' and '\ud800'", raw)], once: true);
        var entry = Assert.Single(quarantine.List(0, 10, "reason", includeReplayed: false));
        Assert.Equal(("a\ufffdb", "found '\ufffd' and '\ufffd'"), (entry.Field, entry.Detail));
        Assert.Equal(raw, entry.Raw.ToArray());
    }

    private void Find(int partition, params string[] customers) => _store.LoadEntities(partition, [.. customers.Select(CustomerId.From)], (_, _) => { });

    /// <summary>All connections of this test's schema.</summary>
    private void CutConnections()
    {
        Execute("SELECT 1");
        using var connection = new NpgsqlConnection(server.ConnectionString);
        connection.Open();
        using var command = new NpgsqlCommand("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'lambda' AND pid <> pg_backend_pid()", connection);
        command.ExecuteNonQuery();
    }

    private void Execute(string sql) => server.Execute(sql.Replace("S.", $"{_database.Schema}.", StringComparison.Ordinal));
}
