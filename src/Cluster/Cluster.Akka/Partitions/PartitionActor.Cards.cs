using Akka.Actor;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Cluster.Actors.Partitions;

/// <summary>What folded events say of cards, on its way to the directory: at once, and in any case before a checkpoint says that it need not be folded again.</summary>
internal sealed partial class PartitionActor
{
    private readonly List<CardEntry> _cards = [];
    private bool _puttingCards;

    private void PutCards()
    {
        if (_puttingCards || _cards.Count == 0) return;
        _puttingCards = true;
        var (cards, directory) = (_cards.ToArray(), _parts.Speed.Cards!);
        Background(() =>
        {
            directory.Put(cards);
            return Task.FromResult<object>(new CardsPut(cards.Length));
        }, e => new CardsPut(0) { Why = e });
    }

    private void OnCardsPut(CardsPut put)
    {
        _puttingCards = false;
        _cards.RemoveRange(0, put.Count);
        if (put.Why is { } why) _parts.OnError($"partition {_partition}: cards", why); // the next slice tries again, and the next checkpoint does
        else PutCards();
    }

    private sealed record CardsPut(int Count) : INoSerializationVerificationNeeded
    {
        public Exception? Why { get; init; }
    }
}
