using Lambda.Domain.Events;

namespace Lambda.Serving.Ports;

/// <summary>Recorded decisions and what became of them, out of the raw events: erasure and repeats are theirs. The newest second or two may be missing.</summary>
public interface IAuthorizationRecords
{
    /// <summary>Of every customer that has an authorization with this id, or of one.</summary>
    /// <param name="partition">Of the customer; meaningless without one.</param>
    /// <exception cref="EngineUnavailableException">They cannot be asked now.</exception>
    Task<IReadOnlyList<AuthorizationRecordRow>> OfAsync(string transactionId, int partition, CustomerId? customer, CancellationToken cancel);
}

/// <param name="Body">Of the record that decided it.</param>
/// <param name="Changes">Settlements and reversals, in the order of the log.</param>
public sealed record AuthorizationRecordRow(CustomerId Customer, int Partition, long Offset, long AppendedAtMs, long BillingMinor, byte[] Body, IReadOnlyList<AuthorizationChange> Changes)
{
    public long SettledMinor => Changes.Where(c => !c.IsReversal).Sum(c => c.BillingMinor);
    public long ReversedMinor => Changes.Where(c => c.IsReversal).Sum(c => c.BillingMinor);
}

/// <param name="BillingMinor">In the account's currency.</param>
public sealed record AuthorizationChange(bool IsReversal, long OccurredAtMicros, long BillingMinor);
