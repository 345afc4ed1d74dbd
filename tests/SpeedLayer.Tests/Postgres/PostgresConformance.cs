using Lambda.BatchLayer.Ports;
using Lambda.Serving.Ports;
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

[Collection(PostgresTests.Name)]
public sealed class PostgresQuarantineTests(PostgresServer server) : QuarantineSuite
{
    private PostgresDatabase? _database;

    protected override ValueTask<IQuarantine> OpenAsync() => new(new PostgresQuarantine(_database ??= server.Open()));

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        if (_database is not null) await _database.DisposeAsync();
    }
}

[Collection(PostgresTests.Name)]
public sealed class PostgresSinkProgressStoreTests(PostgresServer server) : SinkProgressStoreSuite, IAsyncDisposable
{
    private PostgresDatabase? _database;

    protected override ISinkProgressStore Open() => new PostgresSinkProgressStore(_database ??= server.Open());

    public ValueTask DisposeAsync() => _database?.DisposeAsync() ?? default;
}

[Collection(PostgresTests.Name)]
public sealed class PostgresFactsTests(PostgresServer server) : FactsSuite
{
    private PostgresDatabase? _database;

    protected override (IFacts Facts, IDefinitionStore Definitions) Open()
    {
        var facts = new PostgresFacts(_database ??= server.Open());
        return (facts, facts);
    }

    public override void Dispose() => _database?.DisposeAsync().AsTask().Wait();
}

[Collection(PostgresTests.Name)]
public sealed class PostgresRunJournalTests(PostgresServer server) : RunJournalSuite
{
    private PostgresDatabase? _database;

    protected override IRunJournal Open() => new PostgresRunJournal(_database ??= server.Open());

    public override void Dispose() => _database?.DisposeAsync().AsTask().Wait();
}

[Collection(PostgresTests.Name)]
public sealed class PostgresImportJournalTests(PostgresServer server) : ImportJournalSuite
{
    private PostgresDatabase? _database;

    protected override IImportJournal Open() => new PostgresImportJournal(_database ??= server.Open());

    public override void Dispose() => _database?.DisposeAsync().AsTask().Wait();
}
