namespace Lambda.SpeedLayer.Ports;

/// <summary>
/// Who owns a partition, durably. Each grant has a higher generation than all before it, and fences what they would still write. The store's clock alone
/// says when a lease has expired; the holder has one of its own (<see cref="Leases.HeldLease"/>) and stops trusting the lease earlier.
/// </summary>
public interface ILeaseStore
{
    /// <summary>Grants the lease when nobody holds it, it has expired, or the same owner asks again (under a new generation).</summary>
    /// <param name="owner">Names one run of one process: a node that starts again is another owner.</param>
    /// <param name="freeFor">How long another's must have been free before it is granted: leaves it to those who ask without waiting.</param>
    LeaseAnswer Acquire(int partition, string owner, TimeSpan freeFor = default);

    /// <summary>Prolongs these leases.</summary>
    /// <returns>For each, in order: false when a higher generation has overtaken it, or it was given back.</returns>
    IReadOnlyList<bool> Renew(IReadOnlyList<(int Partition, long Generation)> held);

    /// <summary>False: overtaken.</summary>
    bool Renew(int partition, long generation) => Renew([(partition, generation)])[0];

    /// <summary>Lets the next owner in at once. Nothing happens when it was overtaken.</summary>
    void Release(int partition, long generation);
}

/// <param name="Generation">What was granted; 0 when another owner holds it.</param>
/// <param name="HeldBy">That owner.</param>
/// <param name="FreeIn">When its lease expires unless it is renewed, and has been free for as long as was asked for.</param>
public readonly record struct LeaseAnswer(long Generation, string? HeldBy, TimeSpan FreeIn)
{
    public bool IsGranted => Generation > 0;
}
