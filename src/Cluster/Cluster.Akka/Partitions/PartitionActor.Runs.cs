using Akka.Actor;
using Lambda.BatchLayer.Runs;
using Lambda.Cluster.Actors.Messages;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Actors.Partitions;

/// <summary>What a batch run wants of a partition: base files, comparison, adoption. All repeatable; a question that came twice is worked on once.</summary>
internal sealed partial class PartitionActor
{
    private static readonly TimeSpan RetentionEvery = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, List<IActorRef>> _asked = [];
    private Publication? _served;
    private long _retainedAt;
    private long _logStart; // as of the last look at retention: asking may wait for a broker
    private bool _retaining;

    private void OnRunMessage(object message)
    {
        switch (message)
        {
            case AdoptBase adopt: OnAdopt(adopt); break;
            case BuildBase build: Once($"build {build.Epoch} {build.Definition}", () => BuildAsync(build)); break;
            case CompareBase compare: Once($"compare {compare.Epoch} {compare.File.Hash}", () => CompareAsync(compare)); break;
            case Answer answer: OnAnswer(answer); break;
            case WriteCheckpoint: _checkpointWanted = true; AdvanceCheckpoint(); Sender.Tell(new Done(_partition)); break;
            case FlushSink: _sink?.Hurry(); break;
            case Retained retained: (_retaining, _logStart) = (false, retained.LogStart); break;
            default: OnPopulationMessage(message); break;
        }
    }

    /// <summary>Works on the question outside, once however often it is asked, and answers all who asked.</summary>
    private void Once(string key, Func<Task<object>> work)
    {
        if (_phase != Phase.Running)
        {
            Sender.Tell(NotRunning());
            return;
        }
        if (_asked.TryGetValue(key, out var askers))
        {
            askers.Add(Sender);
            return;
        }
        _asked.Add(key, [Sender]);
        Background(async () => new Answer(key, await work()), e => new Answer(key, new Refused(_partition, $"{e.GetType().Name}: {e.Message}")));
    }

    private Refused NotRunning() => new(_partition, _fault?.Message ?? $"it is {Name(_phase)}", Moving: _phase != Phase.Stopped);

    private void OnAnswer(Answer answer)
    {
        if (!_asked.Remove(answer.Key, out var askers)) return;
        var message = answer.Message is BaseOpened opened ? Adopt(opened) : answer.Message; // what changes the actor is done in it
        foreach (var asker in askers) asker.Tell(message);
    }

    // --- base files -------------------------------------------------------------------------------------------------------------

    private async Task<object> BuildAsync(BuildBase build)
    {
        var view = _parts.Speed.Views.ByHash(build.Definition);
        var states = _parts.Warehouse.ReadComputedAsync(view, build.Epoch, _partition, _stop.Token);
        return new BaseBuilt(_partition, build.Epoch, await _parts.Bases.BuildAsync(build.Epoch, build.Definition, _partition, states, _stop.Token));
    }

    private async Task<IBaseView?> BaseOfAsync(Publication publication, CancellationToken cancel) =>
        publication.Epoch == 0 ? null : await OpenAsync(publication.Artefacts[_partition], publication.Epoch, publication.DefinitionHash, cancel);

    /// <summary>A base file that was built; one that is not on this node (the partition has moved since), or damaged, is streamed out of the warehouse again.</summary>
    private async Task<IBaseView> OpenAsync(Artefact file, long epoch, string definition, CancellationToken cancel)
    {
        try
        {
            return _parts.Bases.Open(file);
        }
        catch (BaseCorruptException)
        {
            var states = _parts.Warehouse.ReadComputedAsync(_parts.Speed.Views.ByHash(definition), epoch, _partition, cancel);
            var again = await _parts.Bases.BuildAsync(epoch, definition, _partition, states, cancel);
            return again.Hash == file.Hash
                ? _parts.Bases.Open(file)
                : throw new BaseCorruptException(file.Name, "what the warehouse streams is not what was built before; run the batch again");
        }
    }

    private async Task<object> CompareAsync(CompareBase compare)
    {
        if (_stand.Epochs.Published != compare.Served.Epoch)
            throw new InvalidOperationException($"it serves epoch {_stand.Epochs.Published}, the run compares with {compare.Served.Epoch}");
        // Built where the partition was then, which may be another node.
        _parts.Bases.Retire(await OpenAsync(compare.File, compare.Epoch, compare.Definition, _stop.Token));
        var view = _parts.Speed.Views.ByHash(compare.Definition);
        // The base of now: a run that compares is the only one that could replace it.
        var compared = BaseComparisons.Compare(
            _parts.Speed, _parts.Bases, _base, _partition, compare.Epoch, compare.Served, view, compare.File, compare.LastPrunedDay, _stop.Token);
        return new BaseCompared(_partition, compare.Epoch, compared.Compared, [.. compared.Differing.Select(c => c.Utf8.ToArray())]);
    }

    // --- publication ------------------------------------------------------------------------------------------------------------

    private void OnAdopt(AdoptBase adopt)
    {
        if (_phase == Phase.Running && _stand.Epochs.Published >= adopt.Publication.Epoch) Sender.Tell(new Done(_partition));
        else Once($"adopt {adopt.Publication.Epoch}", async () => new BaseOpened(adopt.Publication, await BaseOfAsync(adopt.Publication, _stop.Token)));
    }

    /// <summary>Reads in progress keep the old base until they end.</summary>
    private object Adopt(BaseOpened opened)
    {
        if (_phase != Phase.Running || _stand.Epochs.Published >= opened.Publication.Epoch)
        {
            if (opened.Base is not null) _parts.Bases.Retire(opened.Base);
            return _phase == Phase.Running ? new Done(_partition) : NotRunning();
        }
        TellSnapshots(int.MaxValue);
        _stand.Adopt(opened.Publication.Epoch, _parts.Speed.Views.ByHash(opened.Publication.DefinitionHash));
        (var old, _base) = (_base, opened.Base);
        _served = opened.Publication;
        if (old is not null) _parts.Bases.Retire(old);
        _parts.Bases.DeleteExcept([.. opened.Publication.Artefacts.Select(a => a.Name)]);
        return new Done(_partition);
    }

    // --- retention --------------------------------------------------------------------------------------------------------------

    private void AdvanceRetention()
    {
        if (_retaining || _phase != Phase.Running || _served is null || Time.GetElapsedTime(_retainedAt) < RetentionEvery) return;
        (_retaining, _retainedAt) = (true, Time.GetTimestamp());
        var (log, served, stored, sunk) = (_parts.Speed.Log, _served, _storedAtOffset, Math.Min(_sink!.Next, PopulationBelow));
        Background(async () =>
        {
            var keep = Math.Min(Retention.KeepFrom(log, _partition, served, _settings.HorizonMs, stored, sunk), _parts.NeededFrom(_partition));
            if (keep > log.StartOffset(_partition)) await log.TruncateAsync(_partition, keep, _stop.Token);
            return new Retained(log.StartOffset(_partition));
        }, e =>
        {
            _parts.OnError($"partition {_partition}: retention", e);
            return new Retained(_logStart);
        });
    }

    // --- report -----------------------------------------------------------------------------------------------------------------

    private PartitionReport Report()
    {
        var state = _phase == Phase.Running && (_stand.Applied < _endAtStart || !_stand.CanAnswer) ? "replaying" : Name(_phase);
        if (_phase == Phase.Starting || _sink is null)
            return new PartitionReport(_partition, state, _fault?.Message, _parts.Node, _lease?.Generation ?? 0, 0, 0, "", null, 0, 0, 0, 0, 0, null, 0, "", 0, 0, 0, default);
        var log = _parts.Speed.Log;
        var epochs = _stand.Epochs;
        return new PartitionReport(
            _partition, state, _fault?.Message, _parts.Node, _lease?.Generation ?? 0, epochs.Published, epochs.Current, epochs.Active.Definition.Hash, epochs.Next?.Definition.Hash, _logStart,
            log.EndOffset(_partition), _stand.Applied, _storedAtOffset, _sink.Next, _sink.Stopped?.Message, PopulationBelow, PopulationSwept, _residents.Count,
            _base?.Customers ?? 0, FreshnessMs(), _stand.Counters);
    }

    private static string Name(Phase phase) => phase switch
    {
        Phase.Starting => "starting",
        Phase.Running => "ready",
        Phase.Leaving => "leaving",
        Phase.Stopped => "stopped",
        _ => throw new ArgumentOutOfRangeException(nameof(phase), phase, null),
    };

    private sealed record BaseOpened(Publication Publication, IBaseView? Base);

    private sealed record Answer(string Key, object Message);

    private sealed record Retained(long LogStart);
}
