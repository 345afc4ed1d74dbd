using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Fraud.Rules;
using Lambda.Domain.Log;

namespace Lambda.Serving.Ports;

/// <summary>Decides transactions for the gateway.</summary>
public interface IAuthorizations
{
    /// <summary>Never later than the deadline, whatever fails.</summary>
    /// <param name="json">The request's body.</param>
    /// <param name="deadlineMs">0: what the body says, or the default.</param>
    /// <param name="began">Timestamp of the monotonic clock when the request came.</param>
    ValueTask<AuthorizationReply> AskAsync(ReadOnlyMemory<byte> json, int deadlineMs, long began, CancellationToken cancel);
}

public abstract record AuthorizationReply
{
    private AuthorizationReply() { }

    /// <param name="Judgement">Null where only the policy had a say.</param>
    /// <param name="Marks">Causes for which the policy answered, or had a say.</param>
    /// <param name="At">The record's position; null while it is not known to be durable: nothing stands behind this answer but the policy, or a record that may still come.</param>
    /// <param name="IsRepeat">It was decided before; the answer is the recorded one.</param>
    public sealed record Answered(
        string TransactionId, Decision Decision, Judgement? Judgement, IReadOnlyList<string> Marks, Position? At, bool IsRepeat, long LatencyMicros) : AuthorizationReply;

    /// <param name="Field">Offending field; empty when the whole is bad.</param>
    public sealed record Invalid(string Field, string Reason, string Detail) : AuthorizationReply;

    /// <summary>The id is known with another content.</summary>
    public sealed record Conflict(string Detail) : AuthorizationReply;
}
