using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
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

public sealed class MemoryBaseStoreTests : BaseStoreSuite
{
    private readonly MemoryBaseStore _store = new();

    protected override IBaseStore Open() => _store;

    /// <summary>The memory store is the simulation's: for one thread.</summary>
    protected override IBaseStore OneAtATime(IBaseStore store) => new Locked(store);

    private sealed class Locked(IBaseStore store) : IBaseStore
    {
        public Task<Artefact> BuildAsync(
            long epoch, string definitionHash, int partition, IAsyncEnumerable<(CustomerId Customer, State State)> states, CancellationToken cancel)
        {
            lock (store) return Task.FromResult(store.BuildAsync(epoch, definitionHash, partition, states, cancel).GetAwaiter().GetResult());
        }

        public IBaseView Open(Artefact file) => store.Open(file);
        public void Retire(IBaseView view) => store.Retire(view);
        public void DeleteExcept(IReadOnlyCollection<string> names) => store.DeleteExcept(names);
    }
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

public sealed class MemoryCardDirectoryTests : CardDirectorySuite
{
    private readonly MemoryCardDirectory _cards = new();

    protected override ICardDirectory Open() => _cards;
}

public sealed class MemoryCardDigitsTests : CardDigitsSuite
{
    private readonly MemoryCardDigits _digits = new();

    protected override ICardDigits Open() => _digits;
}
