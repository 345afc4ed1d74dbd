using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Log;

namespace Lambda.SpeedLayer.Authorizations;

/// <summary>A transaction that waits for its decision at the owner of its customer's partition.</summary>
/// <param name="Record">An encoded transaction record; its body begins with <see cref="AuthorizationRecord.RequestPrefix"/>.</param>
/// <param name="OlderTokens">Other tokens of the same card, of keys that were current before: a repeated question may have been recorded under one of them.</param>
/// <param name="PatienceMs">What was left of the deadline when it was sent.</param>
public sealed record AuthorizationRequest(CustomerId Customer, ReadOnlyMemory<byte> Record, IReadOnlyList<string> OlderTokens, CardStanding Card, int PatienceMs);

/// <summary>What came of it at the owner.</summary>
public abstract record AuthorizationOutcome
{
    private AuthorizationOutcome() { }

    /// <param name="Body">Of the record that decided: everything an answer says stands in it.</param>
    /// <param name="At">Where the record is; null while it is not known to be durable.</param>
    /// <param name="IsRepeat">It was decided before.</param>
    public sealed record Decided(Judgement Judgement, ReadOnlyMemory<byte> Body, Position? At, bool IsRepeat) : AuthorizationOutcome;

    /// <summary>The id is known with another content, or as an event that nobody asked a decision for.</summary>
    public sealed record Conflict(string Detail) : AuthorizationOutcome;

    /// <summary>It could not be decided, or not be made durable: the policy answers.</summary>
    public sealed record Failed(Failing Cause, string Detail) : AuthorizationOutcome;
}
