using Lambda.SpeedLayer.Leases;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Memory;

/// <summary>Leases in memory, on the monotonic clock of <paramref name="time"/>.</summary>
public sealed class MemoryLeaseStore(TimeProvider time, LeaseTimes? times = null) : ILeaseStore
{
    private readonly TimeSpan _expiry = (times ?? LeaseTimes.Default).Expiry;
    private readonly Dictionary<int, Grant> _grants = [];

    public LeaseAnswer Acquire(int partition, string owner, TimeSpan freeFor = default)
    {
        lock (_grants)
        {
            var held = _grants.GetValueOrDefault(partition);
            var freeIn = held is null ? TimeSpan.Zero : (held.IsReleased ? TimeSpan.Zero : _expiry) + freeFor - time.GetElapsedTime(held.At);
            if (held is not null && held.Owner != owner && freeIn > TimeSpan.Zero) return new LeaseAnswer(0, held.Owner, freeIn);
            var grant = _grants[partition] = new Grant((held?.Generation ?? 0) + 1, owner, time.GetTimestamp(), false);
            return new LeaseAnswer(grant.Generation, null, TimeSpan.Zero);
        }
    }

    public IReadOnlyList<bool> Renew(IReadOnlyList<(int Partition, long Generation)> held)
    {
        lock (_grants) return [.. held.Select(h => Replace(h.Partition, h.Generation, false))];
    }

    public void Release(int partition, long generation)
    {
        lock (_grants) Replace(partition, generation, true);
    }

    private bool Replace(int partition, long generation, bool isReleased)
    {
        if (_grants.GetValueOrDefault(partition) is not { IsReleased: false } grant || grant.Generation != generation) return false;
        _grants[partition] = grant with { At = time.GetTimestamp(), IsReleased = isReleased };
        return true;
    }

    /// <param name="At">When it was granted, renewed or given back.</param>
    private sealed record Grant(long Generation, string Owner, long At, bool IsReleased);
}
