using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Decisions;
using Lambda.SpeedLayer.Worker;

namespace Lambda.SpeedLayer.Authorizations;

/// <summary>What the customer's entity says to a question. Made in the customer's own turn: between two of its events.</summary>
public abstract record Look
{
    private Look() { }

    /// <summary>Decided now: this record is to be appended.</summary>
    public sealed record Fresh(Judgement Judgement, byte[] Record) : Look;

    /// <summary>The record at this offset has decided it.</summary>
    public sealed record Known(long Offset) : Look;

    /// <summary>An event with this id is there, and it is no authorization.</summary>
    public sealed record Event : Look;

    /// <summary>It was decided, and the customer was erased before it could be answered.</summary>
    public sealed record Erased : Look;

    /// <summary>It cannot be said: damaged storage, which is not this customer's affair.</summary>
    public sealed record Damaged(Exception Why) : Look;

    [ThreadStatic]
    private static (Judge Judge, AuthorizationRecord Record)? _scratch;

    /// <param name="stateOffset">Records below it are in the entity.</param>
    /// <param name="logMs">Append time of the newest of them: the horizon of ids is the log's, no clock's.</param>
    /// <param name="nowMs">The clock, for the decision.</param>
    /// <param name="decide">False: only whether it is decided.</param>
    public static Look At(Asked asked, CustomerEntity entity, WorkerSettings settings, DecisionBasis basis, long stateOffset, long logMs, long nowMs, bool decide)
    {
        var id = asked.Row.EventId;
        if (entity.DecidedOf(id, logMs, settings) is { } decided) return new Known(decided.Offset);
        if (entity.HasSeen(id, logMs, settings)) return new Event();
        return decide ? Decide(asked, entity, settings, basis, stateOffset, nowMs) : new Erased();
    }

    private static Look Decide(Asked asked, CustomerEntity entity, WorkerSettings settings, DecisionBasis basis, long stateOffset, long nowMs)
    {
        var (judge, record) = _scratch ??= (new Judge(), new AuthorizationRecord());
        try
        {
            var judgement = judge.Of(asked.Row, entity.FraudMemory, basis, asked.Request.Card, nowMs * Clock.MicrosPerMs) with
            {
                Partition = settings.Partition, StateOffset = stateOffset, RequestHash = asked.Row.ContentHash,
            };
            return new Fresh(judgement, record.Encode(asked.Row, judgement));
        }
        catch (InvalidDataException e)
        {
            return new Damaged(e);
        }
    }

    /// <summary>Whether a recorded decision answered the same question, its card's token apart.</summary>
    public static bool IsSame(Asked asked, Judgement recorded)
    {
        if (recorded.RequestHash == asked.Row.ContentHash) return true;
        var record = new AuthorizationRecord();
        return asked.Request.OlderTokens.Any(t => record.HashWith(asked.Row, System.Text.Encoding.UTF8.GetBytes(t)) == recorded.RequestHash);
    }
}
