using System.Text;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Worker;

/// <summary>
/// What folded events tell others: whose a card is, and which transactions somebody should look at. Collected while folding and stored right behind it; as long as it cannot be stored no
/// checkpoint begins, so that replay brings it again whatever happens. One caller at a time.
/// </summary>
public sealed class FoldedFacts(int partition, SpeedPorts ports, BackgroundWork background)
{
    private readonly Pile<CardEntry> _cards = new((cards, _) => ports.Cards!.Put(cards), AtOnce);
    private readonly Pile<NewAlert> _alerts = new((alerts, nowMs) => ports.Cases!.Add(alerts, nowMs), background);

    /// <summary>Why the last try to store them failed; null once one did not.</summary>
    public StorageException? Fault => _cards.Fault ?? _alerts.Fault;

    public static bool IsOne(EventRow row) => row.Type == EventCatalog.Card || NewAlert.IsOne(row);

    public void Add(EventRow row)
    {
        if (row.Type == EventCatalog.Card && ports.Cards is not null) _cards.Add(CardOf(partition, row));
        else if (ports.Cases is not null && NewAlert.IsOne(row)) _alerts.Add(NewAlert.Of(partition, row));
    }

    public static CardEntry CardOf(int partition, EventRow row) => new(
        Encoding.UTF8.GetString(row.Text(EventCatalog.CardToken.Ordinal)), new CustomerId(row.CustomerId), row.Text(EventCatalog.CardStatus.Ordinal).SequenceEqual("active"u8), row.OccurredAtMicros, partition, row.Offset);

    /// <returns>Whether nothing is left.</returns>
    public bool TryFlush(long nowMs) => TryFlushCards(nowMs) & TryFlushAlerts(nowMs);

    /// <summary>In turn: when it returns true whoever asks finds them.</summary>
    public bool TryFlushCards(long nowMs) => _cards.TryFlush(nowMs);

    /// <summary>Begun; true when none is under way.</summary>
    public bool TryFlushAlerts(long nowMs) => _alerts.TryFlush(nowMs);

    /// <summary>What is to be stored, and what is being stored; one write at a time.</summary>
    private sealed class Pile<T>(Action<IReadOnlyList<T>, long> store, BackgroundWork run)
    {
        private readonly List<T> _items = [];
        private Task? _writing;
        private int _written;
        private long _retryAtMs;

        public StorageException? Fault { get; private set; }

        public void Add(T item) => _items.Add(item);

        public bool TryFlush(long nowMs)
        {
            Finish(nowMs);
            if (_items.Count > 0 && _writing is null && nowMs >= _retryAtMs)
            {
                var items = _items.ToArray();
                _written = items.Length;
                _writing = Begin(() => run(() => store(items, nowMs)));
                Finish(nowMs);
            }
            return _items.Count == 0;
        }

        private void Finish(long nowMs)
        {
            if (_writing is not { IsCompleted: true } writing) return;
            _writing = null;
            try
            {
                writing.GetAwaiter().GetResult();
                _items.RemoveRange(0, _written);
                Fault = null;
            }
            catch (StorageException e)
            {
                (Fault, _retryAtMs) = (e, nowMs + Limits.FactsRetryMs);
            }
        }
    }

    private static Task AtOnce(Action store)
    {
        store();
        return Task.CompletedTask;
    }

    /// <summary>What fails at once has failed like what fails later.</summary>
    private static Task Begin(Func<Task> begin)
    {
        try
        {
            return begin();
        }
        catch (StorageException e)
        {
            return Task.FromException(e);
        }
    }
}
