using Lambda.Cluster.Embedded;
using Lambda.Cluster.Import;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;
using Lambda.TestKit;
using Lambda.TestKit.Conformance;

namespace Lambda.ClusterTests;

public sealed class FileBaseStoreTests : BaseStoreSuite
{
    private readonly TempFolder _folder = new();

    protected override IBaseStore Open() => new FileBaseStore(_folder.Path);

    public override void Dispose() => _folder.Dispose();
}

public sealed class FileImportJournalTests : ImportJournalSuite
{
    private readonly TempFolder _folder = new();

    protected override IImportJournal Open() => new FileImportJournal(_folder.Path);

    public override void Dispose() => _folder.Dispose();
}
