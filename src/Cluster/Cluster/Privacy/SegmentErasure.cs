using Lambda.BatchLayer.Privacy;
using Lambda.Serving.Segments;

namespace Lambda.Cluster.Privacy;

/// <summary>Memberships, the feed, and what webhooks are told. That the customer left its segments is told first.</summary>
internal sealed class SegmentErasure(SegmentStore segments) : IErasable
{
    public string Store => "segments";

    public Task<Removal> RemoveAsync(ErasureTarget target, CancellationToken cancel) => Task.FromResult(
        segments.Forget(target.Person, target.Offset) is { } removed ? new Removal(removed) : new Removal(0, "webhooks are being told that the customer left its segments"));
}
