using Lambda.Domain.Events;
using Lambda.Domain.Log;

namespace Lambda.BatchLayer.Privacy;

/// <summary>A store that holds personal data, as physical removal sees it.</summary>
public interface IErasable
{
    /// <summary>What the certificate calls it.</summary>
    string Store { get; }

    /// <summary>
    /// Takes out what it holds of the person, of the time before the erasure, so that nothing of it is left in its files either. Repeatable: it may be cut short
    /// anywhere and is then called again.
    /// </summary>
    Task<Removal> RemoveAsync(ErasureTarget target, CancellationToken cancel);
}

/// <summary>Whose data, of before which erasure. Everybody who answers honours the erasure already, and the served base was computed behind it.</summary>
/// <param name="Customer">Null when the log does not hold the erasure's record any more: only the log itself may still have something to do.</param>
/// <param name="AppendedAtMs">Of the erasure.</param>
/// <param name="Served">Its cut lies behind the erasure.</param>
/// <param name="SunkBelow">Erasures below this offset are known to the warehouse.</param>
/// <param name="CleanedAtMs">When the store before this one was found clean.</param>
public sealed record ErasureTarget(CustomerId? Customer, int Partition, long Offset, long AppendedAtMs, Publication Served, long SunkBelow, long CleanedAtMs)
{
    /// <exception cref="InvalidOperationException">The log does not say any more who was erased.</exception>
    public CustomerId Person => Customer ?? throw new InvalidOperationException($"the log holds no erasure at {new Position(Partition, Offset)} any more, so nobody knows whose data to remove");
}

/// <param name="Removed">Things taken out now: rows, lines, records.</param>
/// <param name="Waits">Why it is not complete yet; null when it is.</param>
/// <param name="Note">What somebody who reads the certificate should know.</param>
/// <param name="DueAtMs">When it will be complete at the latest, if that is known.</param>
public sealed record Removal(long Removed, string? Waits = null, string Note = "", long? DueAtMs = null);
