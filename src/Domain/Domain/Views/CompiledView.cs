using Lambda.Domain.Events;

namespace Lambda.Domain.Views;

/// <summary>
/// A definition compiled: the streaming fold, finish, pruning, and the SQL of the recompute (see <c>ViewSql</c>). Immutable, safe for concurrent use
/// except where a scratch row is passed in.
/// </summary>
public sealed class CompiledView(ViewDefinition definition)
{
    public ViewDefinition Definition { get; } = definition;

    /// <summary>
    /// Adds one distinct event to a delta owned by the caller, in place. Tiles are written only for days the retention keeps at the record's append
    /// time: occurred day &gt; append day − tile_retention_days.
    /// </summary>
    public void Fold(State delta, EventRow row) => throw new NotImplementedException();

    /// <summary>finish(a ⊕ b ⊕ c, as_of); nulls are empty. Inputs do not change. `asOfDay` in days since 1970-01-01.</summary>
    /// <exception cref="MetricOverflowException">A sum does not fit its result type.</exception>
    public Answer Finish(State? batch, State? closed, State? open, int asOfDay) => throw new NotImplementedException();

    /// <summary>The state without tiles of days ≤ <paramref name="lastPrunedDay"/>. A new state, or the same if nothing changes.</summary>
    public State Prune(State state, int lastPrunedDay) => throw new NotImplementedException();

    /// <summary>The state with only the slots of metrics whose fingerprints stand in both definitions, renumbered to <paramref name="other"/>'s slots: for comparing across definitions.</summary>
    public State Project(State state, ViewDefinition other) => throw new NotImplementedException();

    /// <summary>True when tiles answer this as_of for a state last touched at append day <paramref name="lastAppendDay"/>; else raw events must be recomputed.</summary>
    public bool TilesCover(int asOfDay, int lastAppendDay) =>
        Definition.LongestWindowDays == 0 || asOfDay - Definition.LongestWindowDays + 1 > lastAppendDay - Definition.TileRetentionDays;
}
