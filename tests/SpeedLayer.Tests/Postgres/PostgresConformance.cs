using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Postgres;
using Lambda.TestKit;
using Lambda.TestKit.Conformance;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Postgres;

/// <summary>One server for all of them; every test has a schema of its own.</summary>
[CollectionDefinition(Name)]
public sealed class PostgresTests : ICollectionFixture<PostgresServer>
{
    public const string Name = "PostgreSQL";
}

[Collection(PostgresTests.Name)]
public sealed class PostgresCheckpointStoreTests(PostgresServer server) : CheckpointStoreSuite
{
    private string? _schema;
    private PostgresDatabase? _database;

    protected override async ValueTask<ICheckpointStore> OpenAsync()
    {
        if (_database is not null) await _database.DisposeAsync();
        _database = server.Open(_schema ??= server.NewSchema());
        return new PostgresCheckpointStore(_database);
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        if (_database is not null) await _database.DisposeAsync();
    }
}

[Collection(PostgresTests.Name)]
public sealed class PostgresLeaseTests(PostgresServer server) : LeaseStoreSuite
{
    private PostgresDatabase? _database;

    protected override ILeaseStore Open() => new PostgresLease(_database = server.Open(), Times);

    protected override void Pass(TimeSpan time) => server.Execute($"UPDATE {_database!.Schema}.leases SET expires_at = expires_at - interval '{time.TotalMilliseconds} ms'");

    public override async Task DisposeAsync()
    {
        if (_database is not null) await _database.DisposeAsync();
    }
}
