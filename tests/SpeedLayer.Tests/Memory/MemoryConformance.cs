using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Ports;
using Lambda.TestKit;
using Lambda.TestKit.Conformance;

namespace Lambda.SpeedLayer.Tests.Memory;

public sealed class MemoryLogTests : EventLogSuite
{
    private MemoryLog? _log;

    protected override ValueTask<IEventLog> OpenAsync() => new(_log ??= new MemoryLog(P, Time));
}

public sealed class MemoryCheckpointStoreTests : CheckpointStoreSuite
{
    private readonly MemoryCheckpointStore _store = new();

    protected override ValueTask<ICheckpointStore> OpenAsync() => new(_store);
}

public sealed class MemoryQuarantineTests : QuarantineSuite
{
    private readonly MemoryQuarantine _quarantine = new();

    protected override ValueTask<IQuarantine> OpenAsync() => new(_quarantine);
}

public sealed class MemorySinkProgressStoreTests : SinkProgressStoreSuite
{
    private readonly MemorySinkProgressStore _store = new();

    protected override ISinkProgressStore Open() => _store;
}

public sealed class MemoryBaseViewTests : BaseViewSuite
{
    protected override IBaseView Create(long epoch, string definitionHash, IReadOnlyList<StoredEntity> entities) => new MemoryBaseView(epoch, definitionHash, entities);
}

public sealed class MemoryLeaseStoreTests : LeaseStoreSuite
{
    private readonly ManualTime _time = new();

    protected override ILeaseStore Open() => new MemoryLeaseStore(_time, Times);

    protected override void Pass(TimeSpan time) => _time.Advance(time);
}
