using Akka.Actor;
using Lambda.Cluster.Actors.Customers;
using Lambda.Cluster.Actors.Messages;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Actors.Partitions;

/// <summary>Reads: each customer gives its parts in its own turn, behind the events it was told, so the position of the reply is exact.</summary>
internal sealed partial class PartitionActor
{
    private readonly List<PositionWait> _positions = [];
    private readonly List<Resident> _toLoad = [];
    private bool _loadingReads;

    private sealed record PositionWait(long Offset, long Since, int WaitMs, ReadReply Reply, int Index, CustomerId Customer);

    private void OnRead(ReadMany read, IActorRef asker)
    {
        var reply = new ReadReply(_partition, read.Reads.Count, asker, Self, _lease);
        for (var i = 0; i < read.Reads.Count; i++)
        {
            var (customer, atLeast, waitMs) = read.Reads[i];
            if (_lease is not null && _phase is (Phase.Running or Phase.Leaving) && atLeast >= _stand.Applied)
                _positions.Add(new PositionWait(atLeast, Time.GetTimestamp(), waitMs, reply, i, customer));
            else ReadOne(customer, reply, i);
        }
    }

    private void ReadOne(CustomerId customer, ReadReply reply, int index)
    {
        if (Refusal() is { } refusal)
        {
            reply.Put(index, refusal);
            return;
        }
        if (!_residents.TryGetValue(customer, out var resident))
        {
            resident = new Resident(customer);
            _residents.Add(customer, resident);
            _toLoad.Add(resident);
        }
        if (resident.Actor is null)
        {
            (resident.Waiting ??= []).Add((reply, index));
            LoadForReads();
            return;
        }
        resident.TouchedAt = _images;
        resident.Actor.Tell(Parts(customer, reply, index));
    }

    /// <summary>A message that asks for the customer's parts as of now; it holds the base.</summary>
    private ReadParts Parts(CustomerId customer, ReadReply reply, int index)
    {
        var held = _base is not null && _base.TryAcquire() ? _base : null;
        if (held is null && _stand.Epochs.Published > 0) throw new InvalidOperationException($"partition {_partition}: base {_stand.Epochs.Published} is not open");
        var stamp = new ReadPart(
            PartOutcome.Found, _stand.Epochs.Published, _stand.Applied, _stand.LastAppendedAtMs, _stand.Epochs.Active.Definition.Hash, FreshnessMs(), null, null, null, null);
        return new ReadParts(new ReadReply.Slot(reply, index, stamp), customer, _stand.Epochs, held);
    }

    /// <summary>Why nobody is answered now; null when reads are.</summary>
    private ReadPart? Refusal()
    {
        if (_fault is FencedException or LeaseLostException) return ReadPart.Not(PartOutcome.Unavailable, 0, $"partition {_partition} has moved");
        if (_phase == Phase.Stopped) return ReadPart.Not(PartOutcome.Stopped, 0, $"partition {_partition} has stopped: {_fault!.Message}");
        if (_phase == Phase.Starting) return ReadPart.Not(PartOutcome.Unavailable, 0, $"partition {_partition} is being started");
        if (_lease is null) return ReadPart.Not(PartOutcome.Unavailable, 0, $"partition {_partition} is moving"); // it may never have been recovered here
        if (!_stand.CanAnswer) return ReadPart.Not(PartOutcome.Unavailable, _stand.Applied, $"partition {_partition} is replaying its log");
        return IsSilent
            ? ReadPart.Not(PartOutcome.Unavailable, _stand.Applied, $"partition {_partition}: its owner has not heard of the log or of its lease for {_limits.Silence.TotalSeconds:0} s")
            : null;
    }

    // --- customers that are not resident ----------------------------------------------------------------------------------------

    private void LoadForReads()
    {
        if (_loadingReads || _toLoad.Count == 0) return;
        _loadingReads = true;
        Resident[] residents = [.. _toLoad];
        _toLoad.Clear();
        CustomerId[] ids = [.. residents.Select(r => r.Id)];
        Background(
            () => Task.FromResult<object>(new ReadsLoaded(residents, LoadEntities(ids))),
            e => e is CheckpointCorruptException or InvalidDataException or UnknownDefinitionException ? new Failed(e) : new ReadsLoaded(residents, null) { Why = e });
    }

    private void OnReadsLoaded(ReadsLoaded loaded)
    {
        _loadingReads = false;
        if (loaded.Why is { } why) _parts.OnError($"partition {_partition}: loading entities for reads", why);
        foreach (var resident in loaded.Residents)
        {
            if (resident.Actor is not null || (resident.Waiting is null && resident.Looks is null)) continue; // a slice was quicker
            if (loaded.Entities?.GetValueOrDefault(resident.Id) is { } entity)
            {
                Create(resident, entity);
                ServeWaiting(resident);
            }
            else if (resident.Next is null) AnswerWithoutActor(resident, loaded.Entities is not null);
        }
        LoadForReads();
    }

    /// <summary>It has no speed state and is not kept: a scan of made-up ids must not fill the memory.</summary>
    private void AnswerWithoutActor(Resident resident, bool loaded)
    {
        _residents.Remove(resident.Id);
        LookWithoutActor(resident, loaded);
        foreach (var (reply, index) in resident.Waiting ?? [])
            if ((loaded ? Refusal() : ReadPart.Not(PartOutcome.Unavailable, _stand.Applied, $"partition {_partition}: its checkpoints cannot be read now")) is { } refusal) reply.Put(index, refusal);
            else CustomerActor.Answer(Parts(resident.Id, reply, index), null, null);
        resident.Waiting = null;
    }

    private void ServeWaiting(Resident resident)
    {
        ServeLooks(resident);
        if (resident.Waiting is not { } waiting) return;
        resident.Waiting = null;
        foreach (var (reply, index) in waiting) ReadOne(resident.Id, reply, index);
    }

    // --- positions --------------------------------------------------------------------------------------------------------------

    private void ServePositions()
    {
        if (_positions.Count == 0) return;
        var reached = _positions.FindAll(w => w.Offset < _stand.Applied);
        if (reached.Count == 0) return;
        _positions.RemoveAll(w => w.Offset < _stand.Applied);
        foreach (var wait in reached) ReadOne(wait.Customer, wait.Reply, wait.Index);
    }

    private void ExpireWaiting()
    {
        if (_positions.Count == 0) return;
        var expired = _positions.FindAll(w => Time.GetElapsedTime(w.Since).TotalMilliseconds >= w.WaitMs);
        _positions.RemoveAll(expired.Contains);
        foreach (var wait in expired) wait.Reply.Put(wait.Index, Refusal() ?? ReadPart.Not(PartOutcome.NotReached, _stand.Applied, ""));
    }

    private void RefuseWaiting()
    {
        var refusal = Refusal() ?? ReadPart.Not(PartOutcome.Unavailable, 0, $"partition {_partition} is moving");
        foreach (var wait in _positions) wait.Reply.Put(wait.Index, refusal);
        _positions.Clear();
        _desk.RefuseAll(refusal.Reason ?? "");
        foreach (var resident in _residents.Values)
        {
            resident.Looks = null;
            foreach (var (reply, index) in resident.Waiting ?? []) reply.Put(index, refusal);
            resident.Waiting = null;
        }
    }

    /// <summary>Age of the oldest record that no customer was told; 0 if there is none.</summary>
    private long FreshnessMs()
    {
        var now = Time.GetUtcNow().ToUnixTimeMilliseconds();
        if (_loading?.Folds is [var first, ..]) return Math.Max(0, now - first.Records[0].AppendedAtMs);
        if (Head() is { } frame) return Math.Max(0, now - frame.AppendedAtMs);
        if (_logEnd > _stand.Applied) return Math.Max(1, now - _stand.LastAppendedAtMs); // there was more than one look takes: none of it is older than this
        var looked = (long)SinceLogRead.TotalMilliseconds;
        if (_parts.Speed.Log.EndOffset(_partition) > _stand.Applied) return Math.Max(1, looked); // it came after the last look at the log
        return SinceLogRead > _limits.Silence ? looked : 0; // who leaves looks no more
    }

    private sealed record ReadsLoaded(IReadOnlyList<Resident> Residents, Dictionary<CustomerId, CustomerEntity>? Entities)
    {
        public Exception? Why { get; init; }
    }
}
