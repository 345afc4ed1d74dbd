using Lambda.Domain.Events;

namespace Lambda.Domain.Views;

/// <summary>
/// A definition compiled: the streaming fold, finish, pruning, and the SQL of the recompute (see <c>ViewSql</c>). Immutable, safe for
/// concurrent use except where a scratch row is passed in.
/// </summary>
public sealed class CompiledView(ViewDefinition definition)
{
    private readonly FoldPlan _fold = new(definition);
    private readonly FinishPlan _finish = new(definition);

    public ViewDefinition Definition { get; } = definition;

    /// <summary>
    /// Adds one distinct event to a delta owned by the caller, in place. Tiles are written only for days the retention keeps at the record's append
    /// time: occurred day &gt; append day − tile_retention_days.
    /// </summary>
    public void Fold(State delta, EventRow row)
    {
        var writer = StateWriter.Rent();
        var withTile = row.OccurredDay > Clock.DayOfMs(row.AppendedAtMs) - Definition.TileRetentionDays;
        delta.Add(_fold.WriteDelta(row, withTile, writer));
        StateWriter.Return(writer);
    }

    /// <summary>finish(a ⊕ b ⊕ c, as_of); nulls are empty. Inputs do not change. `asOfDay` in days since 1970-01-01.</summary>
    /// <exception cref="MetricOverflowException">A sum does not fit its result type.</exception>
    public Answer Finish(State? batch, State? closed, State? open, int asOfDay) =>
        Finish(batch is null ? [] : batch.Encoded, closed, open, asOfDay);

    /// <summary>The same with the batch part still encoded, as a base file holds it: nothing is decoded or copied.</summary>
    /// <param name="overflows">Given: a sum that does not fit is null in the answer and its output's name is added here. Absent: it throws.</param>
    /// <exception cref="MetricOverflowException">A sum does not fit its result type, and no list was given.</exception>
    public Answer Finish(ReadOnlySpan<byte> batch, State? closed, State? open, int asOfDay, ICollection<string>? overflows = null) =>
        _finish.Finish(batch, closed is null ? [] : closed.Encoded, open is null ? [] : open.Encoded, asOfDay, overflows);

    /// <summary>The state without tiles of days ≤ <paramref name="lastPrunedDay"/>. A new state, or the same if nothing changes.</summary>
    public State Prune(State state, int lastPrunedDay)
    {
        var tiles = new TileReader(state.Encoded);
        if (!tiles.MoveNext() || tiles.Day > lastPrunedDay) return state;
        var more = tiles.MoveNext();
        while (more && tiles.Day <= lastPrunedDay) more = tiles.MoveNext();
        var writer = StateWriter.Rent();
        writer.Begin();
        writer.Raw(tiles.AllTime);
        if (more) writer.LastTiles(tiles.Day, tiles.Block, tiles.Rest);
        var pruned = State.FromTrusted(writer.End());
        StateWriter.Return(writer);
        return pruned;
    }

    /// <summary>
    /// The state with only the slots of metrics whose fingerprints stand in both definitions, renumbered to <paramref name="other"/>'s slots: for comparing
    /// across definitions. Tiles stay only of metrics that have windows in both.
    /// </summary>
    public State Project(State state, ViewDefinition other) => Projection.Project(state, Definition, other);

    /// <summary>True when tiles answer this as_of for a state last touched at append day <paramref name="lastAppendDay"/>; else raw events must be recomputed.</summary>
    public bool TilesCover(int asOfDay, int lastAppendDay) =>
        Definition.LongestWindowDays == 0 || asOfDay - Definition.LongestWindowDays + 1 > lastAppendDay - Definition.TileRetentionDays;
}
