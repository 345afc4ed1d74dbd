#if CLUSTER_RUNTIME && KAFKA
using System.Diagnostics;
using System.Globalization;

namespace Lambda.ClusterTests.Processes;

/// <summary>What came of reads. Thread-safe.</summary>
internal sealed class ReadCounts(int partitions)
{
    private readonly Lock _gate = new();
    private readonly long[] _refusedSince = new long[partitions]; // 0: its last read was answered

    /// <summary>Answered, and compared with what was acknowledged.</summary>
    public long Exact { get; private set; }

    /// <summary>503 with Retry-After.</summary>
    public long Refused { get; private set; }

    /// <summary>Begun and not answered: its node died of it.</summary>
    public long Lost { get; private set; }

    /// <summary>The node had gone before it was asked.</summary>
    public long NotTaken { get; private set; }

    /// <summary>The longest time from a partition's first refused read to its next answered one.</summary>
    public TimeSpan LongestRefusal { get; private set; }

    public void CountExact(int partition)
    {
        lock (_gate)
        {
            Exact++;
            if (_refusedSince[partition] is not 0 and var since && Stopwatch.GetElapsedTime(since) is var took && took > LongestRefusal) LongestRefusal = took;
            _refusedSince[partition] = 0;
        }
    }

    public void CountRefused(int partition)
    {
        lock (_gate)
        {
            Refused++;
            if (_refusedSince[partition] == 0) _refusedSince[partition] = Stopwatch.GetTimestamp();
        }
    }

    public void CountUnanswered(bool nobodyListens)
    {
        lock (_gate)
        {
            if (nobodyListens) NotTaken++;
            else Lost++;
        }
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Exact} exact, {Refused} refused (longest {LongestRefusal.TotalSeconds:0.0} s), {Lost} lost, {NotTaken} not taken");
}
#endif
