using Lambda.BatchLayer.Privacy;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Cluster.Privacy;

/// <summary>Whose the customer's cards are, and what tokens they had.</summary>
internal sealed class CardErasure(ICardDirectory cards) : IErasable
{
    public string Store => "cards";

    public Task<Removal> RemoveAsync(ErasureTarget target, CancellationToken cancel) => Task.FromResult(new Removal(cards.Forget(target.Person, target.Offset)));
}
