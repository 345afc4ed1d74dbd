using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Worker;

/// <summary>How far back a partition's log is needed: by rebuild (published cut and one horizon before it), checkpoint and sink.</summary>
public static class Retention
{
    /// <summary>Records before this offset may be forgotten.</summary>
    public static long KeepFrom(IEventLog log, int partition, Publication published, long horizonMs, long checkpointed, long sunk)
    {
        var cut = published.Cut[partition];
        if (cut == 0) return 0;
        var horizon = log.OffsetAtTime(partition, HorizonStartMs(published, partition, horizonMs));
        return Math.Min(Math.Min(cut, horizon), Math.Min(checkpointed, sunk));
    }

    /// <summary>Ids appended from here on may come again behind the cut and still count as repeats.</summary>
    public static long HorizonStartMs(Publication published, int partition, long horizonMs) => published.CutAppendedAtMs[partition] - horizonMs - 1000;
}
