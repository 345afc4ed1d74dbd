using Lambda.Domain.Fraud;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Log;

namespace Lambda.BatchLayer.Ports;

/// <summary>A record of a customer's log as fraud features see it.</summary>
/// <param name="Customer"><see cref="FraudEvents.NameOf"/> of the customer's id.</param>
/// <param name="Decision">What was recorded with a transaction, where it was asked for; null for one on which nobody decided, or of a version with other features.</param>
/// <param name="Body">Of a decided transaction, where its decision was asked for: the event as it was recorded.</param>
public readonly record struct FraudRecord(long Offset, ulong Customer, FraudEvent Event, Judgement? Decision = null, ReadOnlyMemory<byte> Body = default)
{
    /// <param name="body">Of a transaction that says it was decided.</param>
    /// <returns>Null when a version with other features wrote it.</returns>
    public static Judgement? DecisionOf(ReadOnlyMemory<byte> body)
    {
        try
        {
            return AuthorizationJson.Read(body) is var decision && decision.Features.Length == FraudFeatures.Count ? decision : null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}

/// <summary>Decisions to read with the records: those at or behind both, and of these those that were made in a span.</summary>
public sealed record DecisionsFrom(long Offset, long OccurredAtMicros)
{
    /// <summary>By the deciding clock, microseconds since 1970: from …</summary>
    public long DecidedFromMicros { get; init; } = long.MinValue;

    /// <summary>… up to, without.</summary>
    public long DecidedToMicros { get; init; } = long.MaxValue;

    public bool HasSpan => DecidedFromMicros != long.MinValue || DecidedToMicros != long.MaxValue;

    public static readonly DecisionsFrom None = new(long.MaxValue, long.MaxValue), All = new(0, long.MinValue);
}

/// <summary>Raw events as the fraud part of the batch layer asks for them.</summary>
public interface IFraudHistory
{
    /// <summary>
    /// Customer by customer in any order, each with all its records below the cut in the order of the log: of each event the first copy, only what
    /// <see cref="FraudEvents.TryOf"/> takes, nothing from before the customer's newest erasure below the cut. The memory is used again for the next.
    /// </summary>
    IAsyncEnumerable<ReadOnlyMemory<FraudRecord>> CustomersAsync(int partition, long cutOffset, DecisionsFrom decisions, CancellationToken cancel);

    /// <summary>Transactions that some label below the cut calls fraud and the one that occurred last does not, by customer. Both are <see cref="FraudEvents.NameOf"/> of their ids.</summary>
    Task<IReadOnlySet<(ulong Customer, ulong Transaction)>> TakenBackAsync(int partition, long cutOffset, CancellationToken cancel);

    /// <summary>When the newest transaction below the cut occurred, microseconds since 1970; null without one.</summary>
    Task<long?> NewestTransactionAsync(Cut cut, CancellationToken cancel);
}
