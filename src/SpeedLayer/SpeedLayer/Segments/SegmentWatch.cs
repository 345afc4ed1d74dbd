using System.Collections.Concurrent;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Segments;

/// <summary>
/// Finds who entered or left a segment, where every change passes anyhow: at the rows of `customer_current`, which are written when something happened to a customer, when a
/// day begins and when a definition takes over. What was known before is the journal's. A row that is written again, after a crash or by the partition's next owner,
/// differs from nothing that is known and so tells nothing twice.
/// </summary>
public sealed class SegmentWatch(ISegmentJournal journal, TimeProvider time)
{
    private readonly ConcurrentDictionary<int, SegmentSweep> _sweeps = [];

    /// <summary>What the partition was last swept for, by whoever owned it. Call it before the first <see cref="Begin"/> of an owner.</summary>
    /// <returns>False when nobody was looked at yet: a sweep is due.</returns>
    public bool Load(int partition)
    {
        if (journal.SweepOf(partition) is not { } stored) return false;
        _sweeps[partition] = stored;
        return true;
    }

    /// <summary>Everybody in the partition was looked at.</summary>
    public void Swept(int partition, SegmentSweep sweep)
    {
        journal.SetSweep(partition, sweep);
        _sweeps[partition] = sweep;
    }

    /// <summary>For the rows of one write.</summary>
    public SegmentPass Begin() => new(journal, partition => _sweeps.GetValueOrDefault(partition), time.GetUtcNow().ToUnixTimeMilliseconds());
}
