using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Log;

namespace Lambda.SpeedLayer.Authorizations;

/// <summary>What a desk wants done by the partition's owner; each answers by one call of the desk, at once or later.</summary>
public interface IDeskGround
{
    /// <summary>Everything below it is in the entities.</summary>
    long Applied { get; }

    /// <summary>Asks the customer, in its own turn: <see cref="AuthorizationDesk.Looked"/>.</summary>
    /// <param name="decide">False: it was appended and applied; what the customer now knows is wanted.</param>
    void Look(Asked asked, bool decide);

    /// <summary>Appends the record: <see cref="AuthorizationDesk.Appended"/> or <see cref="AuthorizationDesk.NotAppended"/>.</summary>
    void Append(Asked asked, byte[] record);

    /// <summary>Reads the record at the offset: <see cref="AuthorizationDesk.ReadBack"/>.</summary>
    void Read(Asked asked, long offset);
}

/// <summary>
/// Decides a partition's authorizations: a pure state machine whose calls come one at a time. A customer has one undecided authorization at a time, in the order they came; those of
/// different customers are under way together, and share the log's commits. What is answered is what the log holds first for the id: it is looked at again once it is
/// applied, so that an owner that was overtaken, or an event with the same id that came first, cannot make two answers to one question.
/// </summary>
public sealed class AuthorizationDesk(int partition, IDeskGround ground, int pendingMax)
{
    private readonly Dictionary<CustomerId, Queue<Asked>> _lanes = new(CustomerId.ByBytes.Comparer);
    private readonly List<Asked> _applying = [];

    /// <summary>Under way and waiting.</summary>
    public int Pending { get; private set; }

    public void Submit(Asked asked)
    {
        if (Pending >= pendingMax)
        {
            asked.Answer(new AuthorizationOutcome.Failed(Failing.Overload, $"partition {partition}: {Pending} authorizations are waiting"));
            return;
        }
        Pending++;
        if (_lanes.TryGetValue(asked.Request.Customer, out var lane))
        {
            lane.Enqueue(asked);
            return;
        }
        _lanes.Add(asked.Request.Customer, new Queue<Asked>([asked]));
        ground.Look(asked, decide: true);
    }

    public void Looked(Asked asked, Look look, long nowMs)
    {
        switch (look)
        {
            case Look.Fresh when asked.DeadlineMs < nowMs: // nobody waits for it any more: what the policy said holds
                Done(asked, new AuthorizationOutcome.Failed(Failing.Deadline, "its turn came behind the deadline"), nowMs);
                break;
            case Look.Fresh fresh:
                asked.Decide(new AuthorizationOutcome.Decided(fresh.Judgement, LoggedEvents.BodyOf(fresh.Record), null, IsRepeat: false));
                ground.Append(asked, fresh.Record);
                break;
            case Look.Known known when known.Offset == asked.Offset:
                Done(asked, asked.Tentative! with { At = new Position(partition, asked.Offset) }, nowMs);
                break;
            case Look.Known known:
                ground.Read(asked, known.Offset);
                break;
            case Look.Event:
                Done(asked, new AuthorizationOutcome.Conflict("an event with this id is known that is no authorization"), nowMs);
                break;
            case Look.Erased:
                Done(asked, new AuthorizationOutcome.Failed(Failing.Storage, "the customer was erased meanwhile"), nowMs);
                break;
            case Look.Damaged damaged:
                Done(asked, new AuthorizationOutcome.Failed(Failing.Model, damaged.Why.Message), nowMs);
                break;
        }
    }

    /// <summary>It is durable. The next of the customer waits until it is applied, too.</summary>
    public void Appended(Asked asked, long offset)
    {
        asked.Offset = offset;
        if (ground.Applied > offset) ground.Look(asked, decide: false);
        else _applying.Add(asked);
    }

    public void NotAppended(Asked asked, string why, long nowMs) => Done(asked, new AuthorizationOutcome.Failed(Failing.Storage, why), nowMs);

    /// <summary>Call when <see cref="IDeskGround.Applied"/> has gone on.</summary>
    public void Applied()
    {
        if (_applying.Count == 0) return;
        var applied = ground.Applied;
        for (var i = 0; i < _applying.Count;)
        {
            var asked = _applying[i];
            if (asked.Offset >= applied)
            {
                i++;
                continue;
            }
            _applying[i] = _applying[^1];
            _applying.RemoveAt(_applying.Count - 1);
            ground.Look(asked, decide: false);
        }
    }

    /// <param name="body">Of the record that decided; empty when it could not be read.</param>
    public void ReadBack(Asked asked, long offset, ReadOnlyMemory<byte> body, long nowMs)
    {
        if (body.IsEmpty)
        {
            Done(asked, new AuthorizationOutcome.Failed(Failing.Storage, $"it was decided at {new Position(partition, offset)}, which cannot be read now"), nowMs);
            return;
        }
        var recorded = AuthorizationJson.Read(body);
        Done(asked, Look.IsSame(asked, recorded)
            ? new AuthorizationOutcome.Decided(recorded, body, new Position(partition, offset), IsRepeat: true)
            : new AuthorizationOutcome.Conflict($"this id was decided at {new Position(partition, offset)} for another content"), nowMs);
    }

    /// <summary>Answers whoever cannot wait any longer with what is decided but not known to be durable. It goes on: the record may still come.</summary>
    public void Expire(long beforeMs)
    {
        foreach (var lane in _lanes.Values)
            if (lane.Peek() is { IsAnswered: false, Tentative: { } tentative } asked && asked.DeadlineMs < beforeMs) asked.Answer(tentative);
    }

    /// <summary>The owner stops, or may not speak for the partition.</summary>
    public void RefuseAll(string why)
    {
        foreach (var asked in _lanes.Values.SelectMany(l => l))
            asked.Answer(asked.Tentative is { } tentative && asked.Offset >= 0 ? tentative : new AuthorizationOutcome.Failed(Failing.Storage, why));
        _lanes.Clear();
        _applying.Clear();
        Pending = 0;
    }

    private void Done(Asked asked, AuthorizationOutcome outcome, long nowMs)
    {
        asked.Answer(outcome);
        if (!_lanes.TryGetValue(asked.Request.Customer, out var lane) || !ReferenceEquals(lane.Peek(), asked)) return; // refused meanwhile
        while (true)
        {
            lane.Dequeue();
            Pending--;
            if (!lane.TryPeek(out var next))
            {
                _lanes.Remove(asked.Request.Customer);
                return;
            }
            if (next.DeadlineMs >= nowMs)
            {
                ground.Look(next, decide: true);
                return;
            }
            next.Answer(new AuthorizationOutcome.Failed(Failing.Deadline, "others of the same customer took until its deadline"));
        }
    }
}
