using Lambda.BatchLayer.Privacy;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Identity;

namespace Lambda.Cluster.Privacy;

/// <summary>
/// The links of somebody who was erased: whoever gets the id later is not of that person. Who asks for the erasure cuts them; here they are cut where that was cut short.
/// </summary>
internal sealed class MergesErasure(Identities identities, TimeProvider time) : IErasable
{
    public string Store => "merges";

    public Task<Removal> RemoveAsync(ErasureTarget target, CancellationToken cancel) =>
        Task.FromResult(new Removal(identities.ForgetLinksOf(target.Person, new Position(target.Partition, target.Offset), time.GetUtcNow().ToUnixTimeMilliseconds())));
}

/// <summary>What the identity log's records said of links that were cut so.</summary>
internal sealed class IdentityLogErasure(Identities identities, TimeProvider time) : IErasable
{
    public string Store => "identity log";

    public Task<Removal> RemoveAsync(ErasureTarget target, CancellationToken cancel)
    {
        identities.ForgetLinksOf(target.Person, new Position(target.Partition, target.Offset), time.GetUtcNow().ToUnixTimeMilliseconds());
        return Task.FromResult(new Removal(identities.BlankForgotten()));
    }
}
