using System.Globalization;
using Lambda.Cluster.Actors.Customers;
using Lambda.Cluster.Actors.Messages;
using Lambda.Domain.Events;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Estimates;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Segments;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Actors.Partitions;

/// <summary>
/// Keeps this partition's rows of `customer_current`: about one insert a second with the customers that changed, and a throttled sweep of all after an
/// adoption, when a model was fitted anew, and at midnight. The partition reads them as anybody does, by a message to itself, and writes outside.
/// </summary>
internal sealed partial class PartitionActor
{
    private readonly List<Resident> _changed = [];
    private readonly Queue<CustomerId> _changedIds = new(); // of customers that need not be resident
    private PersonsAsked _answering = PersonsAsked.None;
    private IEnumerator<CustomerId[]>? _sweep;
    private string _sweepingFor = "";
    private CustomerId[]? _populating;
    private long _completeBelow;
    private long _populatedAt;
    private bool _sweepReading, _sweepEnded, _marksKnown, _segmentsSwept;
    private SegmentSweep _sweepingSegments = new("", 0);
    private PopulationMark _mark = new(0, "");

    private long PopulationBelow => _mark.Below;
    private string PopulationSwept => _mark.Swept;

    private int Today => Clock.DayOfMs(Time.GetUtcNow().ToUnixTimeMilliseconds());

    private string Wanted
    {
        get
        {
            var model = EstimatingPopulation.EpochOf(_parts.Model(), _stand.Epochs.Active.Definition);
            return string.Create(CultureInfo.InvariantCulture, $"e{_stand.Epochs.Published} d{Today}{(model > 0 ? $" m{model}" : "")}");
        }
    }

    private void MarkChanged(Resident customer)
    {
        if (customer.Changed) return;
        customer.Changed = true;
        _changed.Add(customer);
    }

    /// <summary>Queues the customers whose rows the last owner did not write any more: those of the records behind its mark.</summary>
    private void BeginPopulation()
    {
        var (log, applied) = (_parts.Speed.Log, _stand.Applied);
        Background(() =>
        {
            _parts.Persons?.Invoke()?.Identities.CatchUp(); // what the last owner knew of persons is in the rows it wrote
            var mark = _parts.PopulationMarks.Load(_partition);
            var ids = new HashSet<CustomerId>(CustomerId.ByBytes.Comparer);
            for (var next = Math.Max(mark.Below, log.StartOffset(_partition)); next < applied;)
            {
                var frames = log.Read(_partition, next, _limits.ReadBytes);
                if (frames.Count == 0) break;
                foreach (var frame in frames)
                    foreach (var (at, record) in frame)
                        if (at >= next && at < applied && RecordCodec.IsOfCustomer(record.Span)) ids.Add(new CustomerId(RecordCodec.CustomerIdOf(record.Span)));
                next = frames[^1].EndOffset;
            }
            return Task.FromResult<object>(new MarkLoaded(mark, [.. ids], _parts.Segments?.Load(_partition) ?? true));
        }, e =>
        {
            _parts.OnError($"partition {_partition}: population", e);
            return new MarkLoaded(new PopulationMark(0, ""), [], SegmentsSwept: false); // the sweep that follows writes everybody
        });
    }

    private void AdvancePopulation()
    {
        if (_phase != Phase.Running) return; // it has no place in the log yet, or none any more
        if (FreshnessMs() > _limits.FoldBehind.TotalMilliseconds || _sink!.WaitsMs > _limits.SinkBehind.TotalMilliseconds) _parts.Backlog.Tell();
        if (_parts.Persons is not null && _parts.Persons() is null) return;
        TellOthers();
        if (!_marksKnown || !_stand.CanAnswer || _populating is not null) return;
        StartSweepIfDue();
        var (every, rows) = _parts.Backlog.IsBehind ? (_limits.PopulationEveryBehind, _limits.PopulationRowsBehind) : (_limits.PopulationEvery, _limits.PopulationRows);
        if (Time.GetElapsedTime(_populatedAt) < every && _asks.Count == 0) return;
        _populatedAt = Time.GetTimestamp();
        var ids = new HashSet<CustomerId>(CustomerId.ByBytes.Comparer);
        var taken = Math.Min(_changed.Count, rows);
        foreach (var resident in _changed.GetRange(_changed.Count - taken, taken))
        {
            resident.Changed = false;
            ids.Add(resident.Id);
        }
        _changed.RemoveRange(_changed.Count - taken, taken);
        while (ids.Count < rows && _changedIds.TryDequeue(out var id)) ids.Add(id);
        var asked = AddPersons(ids);
        var below = _changed.Count == 0 && _changedIds.Count == 0 && !AwaitsOthers ? Math.Max(_mark.Below, FoldedBelow) : _mark.Below;
        if (ids.Count > 0)
        {
            _answering = asked;
            Populate([.. ids], below);
            return;
        }
        MoveMark(below);
        if (_sweep is not null && !_sweepReading) ReadSweep();
        else if (_sweep is null && _sweepEnded) EndSweep();
    }

    private void Populate(CustomerId[] ids, long completeBelow)
    {
        (_populating, _completeBelow) = (ids, completeBelow);
        OnRead(new ReadMany(_partition, [.. ids.Select(id => new ReadOne(id, -1, 0))]), Self);
    }

    private void OnPopulationMessage(object message)
    {
        switch (message)
        {
            case ReadManyReply reply: WriteRows(reply.Parts); break;
            case RowsWritten written: OnRowsWritten(written); break;
            case WritePersons ask: OnAsk(ask); break;
            case Told told: OnTold(told); break;
            case SweepRead read: OnSweepRead(read); break;
            case MarkLoaded loaded:
                (_mark, _marksKnown, _segmentsSwept) = (loaded.Mark, true, loaded.SegmentsSwept);
                foreach (var id in loaded.Changed) _changedIds.Enqueue(id);
                break;
            default: Unhandled(message); break;
        }
    }

    private void WriteRows(IReadOnlyList<ReadPart> parts)
    {
        var (ids, day, before, mark) = (_populating!, Today, _mark, _mark with { Below = Math.Max(_mark.Below, _completeBelow), Linked = Math.Max(_mark.Linked, _answering.Linked) });
        if (parts.Any(p => p.Outcome is PartOutcome.Unavailable or PartOutcome.Stopped))
        {
            Self.Tell(new RowsWritten(_mark, Again: true), Self);
            return;
        }
        var (segments, generation, persons, known) = (_parts.Segments?.Begin(), _lease!.Generation, new PersonBatch(_parts.Persons?.Invoke(), _mark.Linked), _answering.Known);
        Background(async () =>
        {
            await persons.ReadAsync(ids, known, _stop.Token);
            var rows = ids.Zip(parts, (id, part) => (First: id, Second: part)).Where(r => r.Second.Outcome is PartOutcome.Found or PartOutcome.Unknown && !persons.Postponed.Contains(r.First));
            foreach (var group in rows.GroupBy(r => persons.DefinitionOf(r.First, r.Second)))
            {
                var view = _parts.Speed.Views.ByHash(group.Key);
                await _parts.Population.EnsureAsync(view.Definition, _stop.Token);
                await _parts.Population.WriteAsync(view.Definition, group.Select(r => See(segments, persons.Row(r.First, _partition, r.Second, view, day, () => Row(r.First, r.Second, view, day)))), _stop.Token);
            }
            segments?.Record(SegmentsOn(ids, parts, persons), new PartitionFence(_partition, generation));
            if (persons.Postponed.Count > 0) return new RowsWritten(before, Again: false) { Postponed = persons.Postponed };
            if (mark != before) _parts.PopulationMarks.Save(_partition, mark);
            return new RowsWritten(mark, Again: false);
        }, e =>
        {
            _parts.OnError($"partition {_partition}: population", e);
            return new RowsWritten(_mark, Again: true);
        });
    }

    private static PopulationRow See(SegmentPass? segments, PopulationRow row) => segments?.See(row) ?? row;

    /// <summary>The same parts, finished for another day.</summary>
    private Func<CustomerId, int, bool[]?> SegmentsOn(CustomerId[] ids, IReadOnlyList<ReadPart> parts, PersonBatch persons)
    {
        var byCustomer = new Lazy<Dictionary<CustomerId, ReadPart>>(() => ids.Zip(parts).ToDictionary(r => r.Item1, r => r.Item2, CustomerId.ByBytes.Comparer));
        return (customer, day) =>
        {
            var part = byCustomer.Value[customer];
            var view = _parts.Speed.Views.ByHash(persons.DefinitionOf(customer, part));
            if (!view.TilesCover(day, Today)) return null;
            return persons.IsPerson(customer) ? persons.PersonOn(customer, view, day)?.Segments : Row(customer, part, view, day).Answer.Segments;
        };
    }

    /// <summary>A sum that overflows is null in the row; the API names the metric to who asks for this customer.</summary>
    private PopulationRow Row(CustomerId id, ReadPart part, CompiledView view, int day)
    {
        var answer = view.Finish(
            part.Batch ?? [], part.Closed is null ? null : State.Decode(part.Closed), part.Open is null ? null : State.Decode(part.Open), day, new List<string>());
        return new PopulationRow(id, _partition, part.Epoch, part.Applied, answer) { IsGone = part.Outcome == PartOutcome.Unknown };
    }

    private void OnRowsWritten(RowsWritten written)
    {
        if (written.Again) foreach (var id in _populating ?? []) _changedIds.Enqueue(id);
        else _mark = _mark with { Below = written.Mark.Below, Linked = written.Mark.Linked };
        foreach (var id in written.Postponed) _changedIds.Enqueue(id);
        AnswerAsks(isWritten: !written.Again && written.Postponed.Count == 0);
        _populating = null;
    }

    // --- sweep ------------------------------------------------------------------------------------------------------------------

    private void StartSweepIfDue()
    {
        if (_sweep is not null || _sweepReading || _sweepEnded || (_mark.Swept == Wanted && _segmentsSwept)) return;
        (_sweepingFor, _sweepingSegments) = (Wanted, new SegmentSweep(_stand.Epochs.Active.Definition.Hash, Today));
        foreach (var resident in _dirty.Concat(_image?.Customers ?? [])) MarkChanged(resident); // those that no checkpoint names yet
        var view = _base;
        _sweep = CustomerScan.Of(() => view is not null && view.TryAcquire() ? view : null, _parts.Speed.Checkpoints.Scan(_partition)).Chunk(_limits.SweepLook).GetEnumerator();
    }

    private void ReadSweep()
    {
        _sweepReading = true;
        var sweep = _sweep!;
        Background(() => Task.FromResult<object>(new SweepRead(sweep.MoveNext() ? sweep.Current : null)), e =>
        {
            _parts.OnError($"partition {_partition}: sweep", e);
            return new SweepRead(null) { Failed = true };
        });
    }

    private void OnSweepRead(SweepRead read)
    {
        _sweepReading = false;
        if (read.Customers is { } customers)
        {
            foreach (var id in customers) _changedIds.Enqueue(id);
            return;
        }
        _sweep!.Dispose();
        _sweep = null;
        _sweepEnded = !read.Failed; // else begun again
    }

    /// <summary>Everybody it named is written.</summary>
    private void EndSweep()
    {
        (_sweepEnded, _segmentsSwept) = (false, true);
        _mark = _mark with { Swept = _sweepingFor };
        var (mark, segments) = (_mark, _sweepingSegments);
        _ = _parts.Background.Run(() =>
        {
            _parts.Segments?.Swept(_partition, segments);
            _parts.PopulationMarks.Save(_partition, mark);
        }); // lost, it is swept again
    }

    private sealed record MarkLoaded(PopulationMark Mark, CustomerId[] Changed, bool SegmentsSwept);

    private sealed record RowsWritten(PopulationMark Mark, bool Again)
    {
        public IReadOnlyList<CustomerId> Postponed { get; init; } = [];
    }

    private sealed record SweepRead(CustomerId[]? Customers)
    {
        public bool Failed { get; init; }
    }
}
