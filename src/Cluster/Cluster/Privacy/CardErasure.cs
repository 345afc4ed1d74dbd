using Lambda.BatchLayer.Privacy;
using Lambda.SpeedLayer.Cards;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Cluster.Privacy;

/// <summary>Whose the customer's cards are, what tokens they had, and the digits kept of them: those first, for the directory says which they are.</summary>
internal sealed class CardErasure(ICardDirectory cards, CardVault vault) : IErasable
{
    public string Store => "cards";

    public Task<Removal> RemoveAsync(ErasureTarget target, CancellationToken cancel) 
    {
        var removed = vault.Remove(cards.TokensOf(target.Person, target.Offset));
        return Task.FromResult(new Removal(removed + cards.Forget(target.Person, target.Offset)));
    }
}
