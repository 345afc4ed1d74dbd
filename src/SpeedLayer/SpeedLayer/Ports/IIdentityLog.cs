using Lambda.Domain.Identity;

namespace Lambda.SpeedLayer.Ports;

/// <summary>
/// The one log of who is one person with whom: ordered, without gaps, appended to by comparing. Whoever appends has folded it to its end and decided by that, so of
/// two who contradict each other the later one finds the log gone on. Faults come out as <see cref="StorageException"/>.
/// </summary>
public interface IIdentityLog
{
    /// <summary>Up to <paramref name="limit"/> records behind this number, ascending. Nobody ever sees a number before a lower one.</summary>
    IReadOnlyList<NumberedRecord> After(long number, int limit);

    /// <summary>Appends the record as number <paramref name="last"/> + 1, durable when it returns.</summary>
    /// <returns>False when the log does not end at <paramref name="last"/> any more: nothing was appended.</returns>
    bool TryAppend(long last, IdentityRecord record);

    /// <summary>Makes the records that tell of these links blank ones, those that only say that one is forgotten aside. Nothing of them is left in a file. Repeatable.</summary>
    /// <returns>Records made blank now.</returns>
    long Blank(IReadOnlyCollection<Guid> links);
}
