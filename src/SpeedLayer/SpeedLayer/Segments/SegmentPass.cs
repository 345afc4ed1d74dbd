using Lambda.Domain.Events;
using Lambda.Domain.Identity;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Segments;

/// <summary>The rows of one write, as far as segments are concerned. Of each only its bools are kept: a whole answer is some kilobytes.</summary>
public sealed class SegmentPass
{
    private readonly ISegmentJournal _journal;
    private readonly Func<int, SegmentSweep?> _sweepOf;
    private readonly long _nowMs;
    private readonly Dictionary<CustomerId, Seen> _seen = new(CustomerId.ByBytes.Comparer);

    internal SegmentPass(ISegmentJournal journal, Func<int, SegmentSweep?> sweepOf, long nowMs) => (_journal, _sweepOf, _nowMs) = (journal, sweepOf, nowMs);

    private readonly record struct Seen(int Partition, long Applied, ViewDefinition Definition, int Day, bool[] Segments, long OthersAt, long Linked, PersonChange Change);

    public PopulationRow See(PopulationRow row)
    {
        _seen[row.Customer] = new Seen(row.Partition, row.Applied, row.Answer.Definition, row.Answer.AsOfDay, row.IsGone ? new bool[row.Answer.Segments.Length] : row.Answer.Segments, row.OthersAt, row.Linked, row.Change);
        return row;
    }

    /// <summary>Journals what changed. Call it when the rows are written: who hears of a change finds it in the table.</summary>
    /// <param name="segmentsOn">What the same events would give on another day; null when that cannot be told any more.</param>
    public void Record(Func<CustomerId, int, bool[]?> segmentsOn, PartitionFence? fence)
    {
        if (_seen.Count == 0) return;
        var known = _journal.MembershipsOf(_seen.Keys);
        var changes = new List<SegmentChange>();
        foreach (var (customer, seen) in _seen) Compare(customer, seen, known.GetValueOrDefault(customer) ?? [], segmentsOn, changes);
        if (changes.Count > 0) _journal.Record(changes, fence);
    }

    private void Compare(CustomerId customer, Seen seen, IReadOnlyList<SegmentChange> before, Func<CustomerId, int, bool[]?> segmentsOn, List<SegmentChange> changes)
    {
        var segments = seen.Definition.Segments;
        var cause = new Lazy<Func<int, ChangeCause>>(() => CauseOf(customer, seen, segmentsOn));
        for (var i = 0; i < segments.Count; i++)
            if (seen.Segments[i] != before.Any(b => b.Segment == segments[i].Name)) changes.Add(Change(customer, seen, segments[i].Name, seen.Segments[i], cause.Value(i)));
        foreach (var gone in before.Where(b => segments.All(s => s.Name != b.Segment)))
            changes.Add(Change(customer, seen, gone.Segment, entered: false, ChangeCause.Definition));
    }

    private SegmentChange Change(CustomerId customer, Seen seen, string segment, bool entered, ChangeCause cause) =>
        new(customer, segment, entered, seen.Definition.Hash, new Position(seen.Partition, Math.Max(0, seen.Applied - 1)), seen.Day, cause, _nowMs) { OthersAt = seen.OthersAt, Linked = seen.Linked };

    /// <summary>
    /// A merge or its end, when the customers of the person are others than in the row before; the definition, when this is the first change under another than everybody was last looked at for; the day, when the same events would not have done it on the day
    /// of that look; else an event.
    /// </summary>
    private Func<int, ChangeCause> CauseOf(CustomerId customer, Seen seen, Func<CustomerId, int, bool[]?> segmentsOn)
    {
        if (seen.Change == PersonChange.Merge) return _ => ChangeCause.Merge;
        if (seen.Change == PersonChange.Unmerge) return _ => ChangeCause.Unmerge;
        if (_sweepOf(seen.Partition) is not { } sweep) return _ => ChangeCause.Definition;
        if (sweep.Definition != seen.Definition.Hash && _journal.LastDefinitionOf(customer) != seen.Definition.Hash) return _ => ChangeCause.Definition;
        if (sweep.Day >= seen.Day) return _ => ChangeCause.Event;
        var then = segmentsOn(customer, sweep.Day);
        return i => then is null || then.Length <= i || then[i] != seen.Segments[i] ? ChangeCause.Day : ChangeCause.Event;
    }
}
