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

    private readonly record struct Seen(
        int Partition, long Applied, ViewDefinition Definition, int Day, bool[] Segments, PurposeSet? Agreed, long OthersAt, long Linked, PersonChange Change);

    public PopulationRow See(PopulationRow row)
    {
        var (answer, isGone) = (row.Answer, row.IsGone);
        _seen[row.Customer] = new Seen(
            row.Partition, row.Applied, answer.Definition, answer.AsOfDay, isGone ? new bool[answer.Segments.Length] : answer.Segments, isGone ? null : PurposeSet.AgreedTo(answer),
            row.OthersAt, row.Linked, row.Change);
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
        {
            var was = before.FirstOrDefault(b => b.Segment == segments[i].Name);
            if (was is not null) Consent(customer, seen, was, staysIn: seen.Segments[i], changes);
            if (seen.Segments[i] == (was is not null)) continue;
            changes.Add(Change(customer, seen, segments[i].Name, seen.Segments[i], cause.Value(i)) with { Purposes = was is null ? seen.Agreed ?? default : Still(seen, was) });
        }
        foreach (var gone in before.Where(b => segments.All(s => s.Name != b.Segment)))
        {
            Consent(customer, seen, gone, staysIn: false, changes);
            changes.Add(Change(customer, seen, gone.Segment, entered: false, ChangeCause.Definition) with { Purposes = Still(seen, gone) });
        }
    }

    /// <summary>Who agrees to a purpose no more leaves for those who follow for it, whatever the rule says; who agrees anew and is in enters for them.</summary>
    private void Consent(CustomerId customer, Seen seen, SegmentChange was, bool staysIn, List<SegmentChange> changes)
    {
        if (seen.Agreed is not { } agreed || agreed == was.Purposes) return;
        var (withdrawn, granted) = (was.Purposes.Without(agreed), staysIn ? agreed.Without(was.Purposes) : default);
        if (!withdrawn.IsEmpty) changes.Add(Change(customer, seen, was.Segment, entered: false, ChangeCause.Consent) with { Purposes = withdrawn });
        if (!granted.IsEmpty) changes.Add(Change(customer, seen, was.Segment, entered: true, ChangeCause.Consent) with { Purposes = granted });
    }

    /// <summary>Purposes for which the customer counted as being in, and for which leaving is news therefore. Who was erased is told of to all of them.</summary>
    private static PurposeSet Still(Seen seen, SegmentChange was) => seen.Agreed is { } agreed ? was.Purposes.And(agreed) : was.Purposes;

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
