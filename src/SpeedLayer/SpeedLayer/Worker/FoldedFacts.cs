using System.Text;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Worker;

/// <summary>
/// What folded events tell others: whose a card is. Collected while folding and stored right behind it; as long as it cannot be stored no checkpoint begins, so that replay
/// brings it again whatever happens. One caller at a time.
/// </summary>
public sealed class FoldedFacts(int partition, SpeedPorts ports)
{
    private readonly List<CardEntry> _cards = [];
    private long _retryAtMs;

    /// <summary>Why the last try to store them failed; null once one did not.</summary>
    public StorageException? Fault { get; private set; }

    public static bool IsOne(EventRow row) => row.Type == EventCatalog.Card;

    public void Add(EventRow row)
    {
        if (row.Type == EventCatalog.Card && ports.Cards is not null) _cards.Add(CardOf(partition, row));
    }

    public void Add(CardEntry card) => _cards.Add(card);

    public static CardEntry CardOf(int partition, EventRow row) => new(
        Encoding.UTF8.GetString(row.Text(EventCatalog.CardToken.Ordinal)), new CustomerId(row.CustomerId), row.Text(EventCatalog.CardStatus.Ordinal).SequenceEqual("active"u8), row.OccurredAtMicros, partition, row.Offset);

    /// <returns>Whether nothing is left.</returns>
    public bool TryFlush(long nowMs)
    {
        if (_cards.Count == 0) return true;
        if (nowMs < _retryAtMs) return false;
        try
        {
            ports.Cards!.Put(_cards);
            _cards.Clear();
            Fault = null;
            return true;
        }
        catch (StorageException e)
        {
            (Fault, _retryAtMs) = (e, nowMs + Limits.FactsRetryMs);
            return false;
        }
    }
}
