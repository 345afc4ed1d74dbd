using Akka.Actor;
using Lambda.Cluster.Actors.Customers;
using Lambda.Cluster.Actors.Messages;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Decisions;
using Lambda.SpeedLayer.Authorizations;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Cluster.Actors.Partitions;

/// <summary>The partition's desk: each customer is asked in its own turn, behind the events it was told; records are appended and read outside.</summary>
internal sealed partial class PartitionActor
{
    private static readonly TimeSpan ExpireEvery = TimeSpan.FromMilliseconds(10);
    private const int AnswerAheadMs = 12; // of the deadline: for the way back to who asked

    private readonly AuthorizationDesk _desk;

    private void OnAuthorize(Authorize ask, IActorRef asker)
    {
        var (partition, self) = (_partition, Self);
        var asked = new Asked(ask.Request, NowMs + ask.Request.PatienceMs, outcome => asker.Tell(Authorized.Of(partition, outcome), self));
        if (Refusal() is { } refusal)
        {
            asker.Tell(Authorized.Of(partition, new AuthorizationOutcome.Failed(Failing.Storage, refusal.Reason ?? "")), self);
            return;
        }
        _desk.Submit(asked);
        if (_desk.Pending > 0 && !Timers.IsTimerActive(Expire.Instance)) Timers.StartPeriodicTimer(Expire.Instance, Expire.Instance, ExpireEvery);
    }

    private void OnExpire()
    {
        _desk.Expire(NowMs + AnswerAheadMs);
        if (_desk.Pending == 0) Timers.Cancel(Expire.Instance);
    }

    private long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();

    private bool HandleAuthorization(object message)
    {
        switch (message)
        {
            case Authorize ask: OnAuthorize(ask, Sender); break;
            case LookedAt { Look: Look.Damaged damaged }: Stop(damaged.Why); break;
            case LookedAt looked: _desk.Looked(looked.Asked, looked.Look, NowMs); break;
            case RecordAppended appended: _desk.Appended(appended.Asked, appended.Offset); break;
            case RecordRefused refused: _desk.NotAppended(refused.Asked, refused.Why, NowMs); break;
            case RecordRead read: _desk.ReadBack(read.Asked, read.Offset, read.Body, NowMs); break;
            case Expire: OnExpire(); break;
            default: return false;
        }
        return true;
    }

    private sealed class Ground(PartitionActor owner) : IDeskGround
    {
        public long Applied => owner._stand.Applied;

        public void Look(Asked asked, bool decide)
        {
            var customer = asked.Request.Customer;
            if (!owner._residents.TryGetValue(customer, out var resident))
            {
                resident = new Resident(customer);
                owner._residents.Add(customer, resident);
                owner._toLoad.Add(resident);
            }
            if (resident.Actor is not null)
            {
                owner.Ask(resident, asked, decide);
                return;
            }
            (resident.Looks ??= []).Add((asked, decide));
            owner.LoadForReads();
        }

        public void Append(Asked asked, byte[] record)
        {
            if (owner.Refusal() is { } refusal)
            {
                owner._desk.NotAppended(asked, refusal.Reason ?? "", owner.NowMs);
                return;
            }
            var (log, partition) = (owner._parts.Speed.Log, owner._partition);
            owner.Background(async () =>
            {
                var batch = new AppendBatch(log.Partitions);
                batch.Add(partition, record);
                return new RecordAppended(asked, (await log.AppendAsync(batch, CancellationToken.None))[0].Offset);
            }, e => new RecordRefused(asked, e.Message));
        }

        public void Read(Asked asked, long offset)
        {
            var (log, partition) = (owner._parts.Speed.Log, owner._partition);
            owner.Background(() => Task.FromResult<object>(new RecordRead(asked, offset, LoggedEvents.BodyAt(log, partition, offset))), _ => new RecordRead(asked, offset, default));
        }
    }

    private void Ask(Resident resident, Asked asked, bool decide)
    {
        resident.TouchedAt = _images;
        resident.Actor!.Tell(new LookAt(asked, _parts.Speed.Basis(), _stand.Applied, _stand.LastAppendedAtMs, NowMs, decide), Self);
    }

    private void ServeLooks(Resident resident)
    {
        if (resident.Looks is not { } looks) return;
        resident.Looks = null;
        foreach (var (asked, decide) in looks) Ask(resident, asked, decide);
    }

    /// <summary>Of a customer who has no entity: nothing is known.</summary>
    private void LookWithoutActor(Resident resident, bool loaded)
    {
        if (resident.Looks is not { } looks) return;
        resident.Looks = null;
        foreach (var (asked, decide) in looks)
            if (loaded) _desk.Looked(asked, Look.At(asked, new SpeedLayer.Worker.CustomerEntity(resident.Id), _settings, _parts.Speed.Basis(), _stand.Applied, _stand.LastAppendedAtMs, NowMs, decide), NowMs);
            else _desk.NotAppended(asked, $"partition {_partition}: its checkpoints cannot be read now", NowMs);
    }

    private sealed record RecordAppended(Asked Asked, long Offset) : INoSerializationVerificationNeeded;

    private sealed record RecordRefused(Asked Asked, string Why) : INoSerializationVerificationNeeded;

    private sealed record RecordRead(Asked Asked, long Offset, ReadOnlyMemory<byte> Body) : INoSerializationVerificationNeeded;

    private sealed class Expire : INoSerializationVerificationNeeded { public static readonly Expire Instance = new(); }
}
