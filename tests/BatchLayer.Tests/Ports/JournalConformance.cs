using Lambda.BatchLayer.Memory;
using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Sqlite;
using Lambda.TestKit;
using Lambda.TestKit.Conformance;

namespace Lambda.BatchLayer.Tests.Ports;

public sealed class MemoryRunJournalTests : RunJournalSuite
{
    private readonly MemoryRunJournal _journal = new();

    protected override IRunJournal Open() => _journal;
}

public sealed class MemoryFactsTests : FactsSuite
{
    private readonly MemoryRunJournal _journal = new();

    protected override (IFacts Facts, IDefinitionStore Definitions) Open() => (_journal, _journal);
}

public sealed class SqliteRunJournalTests : RunJournalSuite
{
    private readonly TempFolder _folder = new();

    protected override IRunJournal Open() => new SqliteRunJournal(_folder.File("runs.db"));

    public override void Dispose() => _folder.Dispose();
}

public sealed class SqliteFactsTests : FactsSuite
{
    private readonly TempFolder _folder = new();

    protected override (IFacts Facts, IDefinitionStore Definitions) Open()
    {
        var journal = new SqliteRunJournal(_folder.File("runs.db"));
        return (journal, journal);
    }

    public override void Dispose() => _folder.Dispose();
}
