using Lambda.BatchLayer.Ports;
using Lambda.Serving.Audit;
using Lambda.Serving.Ports;
using Lambda.Serving.Cases;
using Lambda.Serving.Segments;
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
public sealed class PostgresApiKeysTests(PostgresServer server) : ApiKeysSuite
{
    private readonly List<PostgresDatabase> _open = [];
    private string? _schema;

    protected override IApiKeys Open()
    {
        _open.Add(server.Open(_schema ??= server.NewSchema()));
        return new PostgresApiKeys(_open[^1]);
    }

    public override void Dispose()
    {
        foreach (var database in _open) database.DisposeAsync().AsTask().Wait();
    }
}

[Collection(PostgresTests.Name)]
public sealed class PostgresCaseStoreTests(PostgresServer server) : CaseStoreSuite
{
    private readonly List<PostgresDatabase> _open = [];
    private string? _schema;

    protected override ISegmentDatabase OpenDatabase()
    {
        lock (_open)
        {
            _open.Add(server.Open(_schema ??= server.NewSchema()));
            return new PostgresSegments(_open[^1]);
        }
    }

    public override void Dispose()
    {
        foreach (var database in _open) database.DisposeAsync().AsTask().Wait();
    }
}

[Collection(PostgresTests.Name)]
public sealed class PostgresSegmentStoreTests(PostgresServer server) : SegmentStoreSuite
{
    private readonly List<PostgresDatabase> _open = [];
    private string? _schema;

    protected override SegmentStore Open()
    {
        lock (_open)
        {
            _open.Add(server.Open(_schema ??= server.NewSchema()));
            return new SegmentStore(new PostgresSegments(_open[^1]));
        }
    }

    public override void Dispose()
    {
        foreach (var database in _open) database.DisposeAsync().AsTask().Wait();
    }

    [SkippableFact]
    public void Record_WhenTheOwnerWasOvertaken_IsRefusedWhole()
    {
        var store = Open();
        var lease = new PostgresLease(_open[0]);
        var mine = lease.Acquire(1, "one").Generation;
        store.Record([Change("zoë", "a", true)], new PartitionFence(1, mine));
        lease.Release(1, mine);
        var theirs = lease.Acquire(1, "two").Generation;
        Assert.Throws<FencedException>(void () => store.Record([Change("bob", "a", true)], new PartitionFence(1, mine)));
        store.Record([Change("ann", "a", true)], new PartitionFence(1, theirs));
        Assert.Equal(["zoë", "ann"], store.After(0, 9).Select(c => c.Change.Customer.ToString()));
    }
}

[Collection(PostgresTests.Name)]
public sealed class PostgresAuditStoreTests(PostgresServer server) : AuditStoreSuite
{
    private PostgresDatabase? _database;

    protected override IAuditStore Open() => new PostgresAuditStore(_database ??= server.Open(), "node:1");

    [SkippableFact]
    public async Task Log_WhenTwoProcessesTakeThemselvesForTheSameNode_IsOneChainOfBoth()
    {
        var (one, two) = (new AuditLog(Open(), null, TimeProvider.System, Fail), new AuditLog(Open(), null, TimeProvider.System, Fail));
        for (var i = 0; i < 20; i++) await Task.WhenAll(one.RecordAsync(Entry("one")), two.RecordAsync(Entry("two")));
        await one.DisposeAsync();
        await two.DisposeAsync();
        var verdict = AuditVerifier.Verify(Open(), "node:1", null, [], default);
        Assert.Equal((null, 40), (verdict.Fault, verdict.Entries));
    }

    [SkippableFact]
    public async Task Verifier_WhenARowWasChangedMovedOrDeleted_Notices()
    {
        await using (var log = new AuditLog(Open(), null, TimeProvider.System, Fail))
            for (var i = 0; i < 5; i++) await log.RecordAsync(Entry("ann"));
        var audit = $"{_database!.Schema}.audit";
        foreach (var (sql, undo, told) in new[]
        {
            ($"UPDATE {audit} SET bytes = set_byte(bytes, 30, get_byte(bytes, 30) # 1) WHERE first = 3", null, "entry 3"),
            ($"UPDATE {audit} SET first = 33 WHERE first = 3", $"UPDATE {audit} SET first = 3 WHERE first = 33", "expected 3"),
            ($"UPDATE {audit} SET chain = 'x' WHERE first = 2", $"UPDATE {audit} SET chain = 'node:1' WHERE first = 2", "expected 2"),
        })
        {
            Assert.Equal(1, server.Execute(sql));
            Assert.Contains(told, AuditVerifier.Verify(Open(), "node:1", null, [], default).Fault, StringComparison.Ordinal);
            Assert.Equal(1, server.Execute(undo ?? sql));
            Assert.Null(AuditVerifier.Verify(Open(), "node:1", null, [], default).Fault);
        }
    }

    public override async Task DisposeAsync()
    {
        if (_database is not null) await _database.DisposeAsync();
    }

    private static AuditRecord Entry(string caller) => new("", caller, "getCustomer", "c:1", 200, true, "", "");

    private static void Fail(string what, Exception e) => Assert.Fail($"{what}: {e}");
}

[Collection(PostgresTests.Name)]
public sealed class PostgresImportJournalTests(PostgresServer server) : ImportJournalSuite
{
    private PostgresDatabase? _database;

    protected override IImportJournal Open() => new PostgresImportJournal(_database ??= server.Open());

    public override void Dispose() => _database?.DisposeAsync().AsTask().Wait();
}

[Collection(PostgresTests.Name)]
public sealed class PostgresIdentityLogTests(PostgresServer server) : IdentityLogSuite
{
    private readonly List<PostgresDatabase> _open = [];
    private string? _schema;

    protected override IIdentityLog Open()
    {
        _open.Add(server.Open(_schema ??= server.NewSchema()));
        return new PostgresIdentityLog(_open[^1]);
    }

    public override void Dispose()
    {
        foreach (var database in _open) database.DisposeAsync().AsTask().Wait();
    }
}

[Collection(PostgresTests.Name)]
public sealed class PostgresCardDirectoryTests(PostgresServer server) : CardDirectorySuite, IAsyncLifetime
{
    private PostgresDatabase? _database;

    protected override ICardDirectory Open() => new PostgresCardDirectory(_database ??= server.Open());

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_database is not null) await _database.DisposeAsync();
    }
}

[Collection(PostgresTests.Name)]
public sealed class PostgresCardDigitsTests(PostgresServer server) : CardDigitsSuite, IAsyncLifetime
{
    private PostgresDatabase? _database;

    protected override ICardDigits Open() => new PostgresCardDigits(_database ??= server.Open());

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_database is not null) await _database.DisposeAsync();
    }
}
