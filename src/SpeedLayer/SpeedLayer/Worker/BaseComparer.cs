using Lambda.Domain.Events;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Worker;

/// <summary>
/// Holds a new base against base(e-1) ⊕ closed, customer by customer, from the stored entities: closed does not change once its barrier has
/// passed, so any checkpoint behind the barrier will do, and folding goes on meanwhile.
/// </summary>
/// <param name="at">The partition at the new base's barrier: served base, newest barrier, definition of the served base.</param>
/// <param name="candidate">Definition of the new base; when it is another one, metrics with equal fingerprints are compared.</param>
/// <param name="lastPrunedDay">Tiles up to this day are not in the new base.</param>
public sealed class BaseComparer(Epochs at, CompiledView candidate, int lastPrunedDay, IViewCatalog views)
{
    private readonly bool _sameDefinition = Epochs.Same(at.Active, candidate);

    // Where one definition keeps tiles longer than the other, both hold only the days that the shorter one keeps as of the new cut.
    private readonly int _lastDayOfOne =
        lastPrunedDay + candidate.Definition.TileRetentionDays - Math.Min(at.Active.Definition.TileRetentionDays, candidate.Definition.TileRetentionDays);

    /// <param name="entities">Stored entities, ascending, from a checkpoint behind the barrier.</param>
    /// <returns>Customers compared and those that differ.</returns>
    public (long Compared, List<CustomerId> Differing) Compare(
        IEnumerable<StoredEntity> served, IEnumerable<StoredEntity> entities, IEnumerable<StoredEntity> computed, CancellationToken cancel)
    {
        using var old = new Cursor(served);
        using var delta = new Cursor(entities);
        using var now = new Cursor(computed);
        long compared = 0;
        var differing = new List<CustomerId>();
        while (Least(old, delta, now) is { } customer)
        {
            if ((++compared & 0xfff) == 0) cancel.ThrowIfCancellationRequested();
            var before = old.Take(customer);
            var entity = delta.Take(customer) is { } stored ? Settled(customer, stored) : null;
            var after = now.Take(customer);
            if (entity is { IsErasedFromBase: true })
            {
                if (entity.ErasedIn > at.Current) continue; // behind the barrier: its delta is gone, and so will be what was computed
                before = null;                              // before the barrier: the new base holds what came behind it, as closed does
            }
            if (!Equal(before, entity?.Closed, after)) differing.Add(customer);
        }
        return (compared, differing);
    }

    private CustomerEntity Settled(CustomerId customer, ReadOnlyMemory<byte> stored)
    {
        var entity = CustomerEntity.Decode(customer, stored.Span, views);
        entity.Settle(at);
        return entity;
    }

    private bool Equal(ReadOnlyMemory<byte>? served, State? closed, ReadOnlyMemory<byte>? computed)
    {
        if (_sameDefinition && closed is null && served is { } a && computed is { } b && a.Span.SequenceEqual(b.Span)) return true;
        var expected = served is { } bytes ? State.Decode(bytes.Span) : new State();
        if (closed is not null) expected = State.Merge(expected, closed);
        var actual = computed is { } now ? State.Decode(now.Span) : new State();
        return Comparable(at.Active, expected).Equals(Comparable(candidate, actual));
    }

    // Both sides in the served definition's slots, of the shared metrics only, without tiles that either of them has pruned.
    private State Comparable(CompiledView of, State state)
    {
        var pruned = of.Prune(state, _lastDayOfOne);
        if (_sameDefinition) return pruned;
        return Epochs.Same(of, candidate)
            ? candidate.Project(pruned, at.Active.Definition)
            : candidate.Project(at.Active.Project(pruned, candidate.Definition), at.Active.Definition);
    }

    private static CustomerId? Least(params ReadOnlySpan<Cursor> cursors)
    {
        CustomerId? least = null;
        foreach (var cursor in cursors)
            if (cursor.Head is { } head && (least is null || head.Customer.CompareTo(least.Value) < 0)) least = head.Customer;
        return least;
    }

    private sealed class Cursor : IDisposable
    {
        private readonly IEnumerator<StoredEntity> _rows;

        public Cursor(IEnumerable<StoredEntity> rows)
        {
            _rows = rows.GetEnumerator();
            Advance();
        }

        public StoredEntity? Head { get; private set; }

        /// <summary>The row of this customer if it is next.</summary>
        public ReadOnlyMemory<byte>? Take(CustomerId customer)
        {
            if (Head is not { } head || !head.Customer.Equals(customer)) return null;
            Advance();
            return head.State;
        }

        public void Dispose() => _rows.Dispose();

        private void Advance() => Head = _rows.MoveNext() ? _rows.Current : null;
    }
}
