using Lambda.BatchLayer.Privacy;
using Lambda.Domain.Events;
using Lambda.Serving.Ports;

namespace Lambda.SystemTests.Http;

/// <summary>Erasures of an engine of dictionaries: one is complete from the beginning.</summary>
internal sealed class MemoryErasures(Func<CustomerId, bool> isKnown) : IErasures
{
    private readonly List<Erasure> _all =
    [
        new Erasure(new Guid(1, 0, 0, new byte[8]), "c:1", 0, 5, 1_700_000_000_000, 5, 1_700_000_000_000)
        {
            State = ErasureState.Removed, RemovedAtMs = 1_700_000_009_000,
            Steps = [new ErasureStep("warehouse", 3, 1_700_000_008_000, "counted"), new ErasureStep("log", 4, 1_700_000_009_000, "")],
        },
    ];

    public ValueTask<Erasure?> EraseAsync(CustomerId customer, bool evenIfUnknown, CancellationToken cancel)
    {
        if (!evenIfUnknown && !isKnown(customer)) return new((Erasure?)null);
        _all.Add(new Erasure(Guid.NewGuid(), "c:2", 0, 6, 1_700_000_010_000, 6, 1_700_000_010_000, ErasureState.Hidden, "the next run", 1_700_000_020_000));
        return new(_all[^1]);
    }

    public IReadOnlyList<Erasure> List() => _all;

    public Erasure? Find(Guid request) => _all.Find(e => e.Request == request);
}
