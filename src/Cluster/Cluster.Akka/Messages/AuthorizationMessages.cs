using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Authorizations;

namespace Lambda.Cluster.Actors.Messages;

/// <summary>Decide this transaction of one of the partition's customers.</summary>
public sealed record Authorize(int Partition, AuthorizationRequest Request) : IPartitionMessage, IClusterMessage;

/// <summary>What came of it. Written to the wire by number: never renumber.</summary>
public enum AuthorizedKind { Decided = 1, Conflict = 2, Failed = 3 }

/// <param name="Body">Of the record that decided; empty when none did.</param>
/// <param name="Offset">Of that record; -1 while it is not known to be durable.</param>
/// <param name="Cause">Why not, when it failed.</param>
public sealed record Authorized(int Partition, AuthorizedKind Kind, ReadOnlyMemory<byte> Body, long Offset, bool IsRepeat, Failing Cause, string Detail) : IClusterMessage
{
    public static Authorized Of(int partition, AuthorizationOutcome outcome) => outcome switch
    {
        AuthorizationOutcome.Decided decided => new Authorized(partition, AuthorizedKind.Decided, decided.Body, decided.At?.Offset ?? -1, decided.IsRepeat, default, ""),
        AuthorizationOutcome.Conflict conflict => new Authorized(partition, AuthorizedKind.Conflict, default, -1, false, default, conflict.Detail),
        AuthorizationOutcome.Failed failed => new Authorized(partition, AuthorizedKind.Failed, default, -1, false, failed.Cause, failed.Detail),
        _ => throw new InvalidOperationException($"unknown outcome {outcome}"),
    };

    /// <exception cref="InvalidDataException">The body is no decided transaction's.</exception>
    public AuthorizationOutcome Outcome() => Kind switch
    {
        AuthorizedKind.Decided => new AuthorizationOutcome.Decided(AuthorizationJson.Read(Body), Body, Offset < 0 ? null : new Position(Partition, Offset), IsRepeat),
        AuthorizedKind.Conflict => new AuthorizationOutcome.Conflict(Detail),
        _ => new AuthorizationOutcome.Failed(Cause, Detail),
    };
}
