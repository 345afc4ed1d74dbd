using Akka.Actor;
using Lambda.Cluster.Actors.Customers;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Actors.Partitions;

/// <summary>
/// Checkpoints by barrier: every dirty customer is told to give its state, as a message among its events, before anything of later. When all have answered,
/// states and position are written in one transaction. Folding goes on meanwhile.
/// </summary>
internal sealed partial class PartitionActor
{
    private List<Resident> _dirty = [];
    private List<QuarantineEntry> _conflicts = [];
    private Image? _image;
    private bool _writing;
    private long _images;
    private long _storedAtOffset;
    private long _storedAt;
    private bool _checkpointWanted;

    private sealed class Image(long id, long applied, WorkerHeader header, List<Resident> customers, Epochs at, long atMs, Snapshots states)
    {
        public long Id => id;
        public long Applied => applied;
        public List<Resident> Customers => customers;
        public Epochs At => at;
        public long AtMs => atMs;
        public Snapshots States => states;

        /// <summary>Those before it were told, or need not be.</summary>
        public int Next { get; set; }

        /// <summary>Of the records before the barrier; the last of them are still being folded when it begins.</summary>
        public WorkerCounters Counters = header.Counters;

        public Checkpoint Checkpoint(long generation) => new(applied, generation, (header with { Counters = Counters }).Encode());
    }

    private void AdvanceCheckpoint()
    {
        if (_image is not null || _lease is null || _phase is not (Phase.Running or Phase.Leaving)) return;
        if (_phase == Phase.Leaving)
        {
            // A slice that waits for its entities is told first: its customers already wait for it.
            if (_loading is not null) return;
            if (_stand.Applied == _storedAtOffset && _dirty.Count == 0 && _inFlight == 0 && !_checkpointWanted) EndLeave();
            else BeginCheckpoint();
        }
        else if (IsCheckpointDue()) BeginCheckpoint();
    }

    private bool IsCheckpointDue()
    {
        if (_checkpointWanted) return true;
        var behind = _stand.Applied - _storedAtOffset;
        return behind >= _settings.CheckpointRecords || (behind > 0 && Time.GetElapsedTime(_storedAt).TotalMilliseconds >= _settings.CheckpointIntervalMs);
    }

    private void BeginCheckpoint()
    {
        _checkpointWanted = false;
        _image = new Image(++_images, _stand.Applied, _stand.Header(), _dirty, _stand.Epochs, _stand.LastAppendedAtMs, new Snapshots(Self, _images, _dirty.Count));
        foreach (var resident in _dirty) (resident.Dirty, resident.InImage) = (false, true);
        _dirty = [];
        if (_image.Customers.Count == 0) Write();
        else Self.Tell(GoOn.Instance, Self);
    }

    /// <summary>
    /// Tells up to so many more customers of the image. A customer who is to change is told before it does, and all are before epochs do: so the image is of
    /// one moment however long it takes, and reads wait for a part of it only.
    /// </summary>
    private void TellSnapshots(int count)
    {
        if (_image is null || _image.Next == _image.Customers.Count) return;
        for (; count > 0 && _image.Next < _image.Customers.Count; count--, _image.Next++)
            if (_image.Customers[_image.Next] is { InImage: true } resident) TellSnapshot(resident);
        if (_image.Next < _image.Customers.Count) Self.Tell(GoOn.Instance, Self);
    }

    private void TellSnapshot(Resident resident)
    {
        resident.InImage = false;
        resident.Actor!.Tell(new TakeSnapshot(_image!.States, resident.Id, _image.At, _image.AtMs), Self);
    }

    private void OnSnapshots(Snapshots states)
    {
        if (_image is not null && states.Image == _image.Id) Write();
    }

    private void Write()
    {
        if (_writing) return;
        _writing = true;
        var (image, conflicts, generation, ports, cards, alerts) = (_image!, _conflicts, _lease!.Generation, _parts.Speed, _cards.ToArray(), _alerts.ToArray());
        _conflicts = [];
        var nowMs = ports.Time.GetUtcNow().ToUnixTimeMilliseconds();
        Background(() =>
        {
            if (conflicts.Count > 0) ports.Quarantine.Add(conflicts, once: true); // replay after a crash meets them again
            if (cards.Length > 0) ports.Cards!.Put(cards); // likewise
            if (alerts.Length > 0) ports.Cases!.Add(alerts, nowMs); // likewise
            ports.Checkpoints.Write(_partition, image.Checkpoint(generation), image.States.Rows);
            return Task.FromResult<object>(new CheckpointWritten(image.Id));
        }, e => e is FencedException ? new Failed(e) : new CheckpointWritten(image.Id) { Why = e, Conflicts = conflicts });
    }

    private void OnWritten(CheckpointWritten written)
    {
        if (_image is null || written.Image != _image.Id) return;
        _writing = false;
        if (written.Why is { } why)
        {
            // The store is away for the moment: folding goes on, replay only grows longer.
            _parts.OnError($"partition {_partition}: checkpoint", why);
            _conflicts.AddRange(written.Conflicts);
            Timers.StartSingleTimer("write again", WriteAgain.Instance, _limits.RetryPause);
            return;
        }
        (_storedAtOffset, _storedAt) = (_image.Applied, Time.GetTimestamp());
        _image = null;
        Passivate();
        AdvanceCheckpoint();
    }

    private static readonly TimeSpan PassivateEvery = TimeSpan.FromSeconds(1);
    private long _passivatedAt;

    /// <summary>Reads make customers resident, too, and bring no checkpoint: above the limit they leave without one.</summary>
    private void PassivateReaders()
    {
        if (_image is null && _residents.Count > _limits.Residents && Time.GetElapsedTime(_passivatedAt) >= PassivateEvery) Passivate();
    }

    /// <summary>Stops clean customers: idle ones, and above the limit those longest untouched. What they knew is stored.</summary>
    private void Passivate()
    {
        if (_phase != Phase.Running) return;
        _passivatedAt = Time.GetTimestamp();
        var idleSince = _images - _limits.IdleCheckpoints;
        var clean = _residents.Values.Where(r => r is { Dirty: false, Actor: not null, Next: null });
        var surplus = _residents.Count - _limits.Residents;
        var leaving = surplus > 0 ? clean.OrderBy(r => r.TouchedAt).Take(surplus).ToList() : clean.Where(r => r.TouchedAt < idleSince).ToList();
        foreach (var resident in leaving)
        {
            resident.Actor!.Tell(PoisonPill.Instance); // behind the reads it was asked for
            _residents.Remove(resident.Id);
        }
    }

    private sealed class GoOn : INoSerializationVerificationNeeded { public static readonly GoOn Instance = new(); }

    private sealed class WriteAgain : INoSerializationVerificationNeeded { public static readonly WriteAgain Instance = new(); }

    private sealed record CheckpointWritten(long Image)
    {
        public Exception? Why { get; init; }
        public IReadOnlyList<QuarantineEntry> Conflicts { get; init; } = [];
    }
}
