namespace Lambda.Cluster.Actors.Partitions;

/// <summary>Whether the partitions of a node keep up: one that does not has the processor to itself as far as work can wait, whichever partition's it is.</summary>
public sealed class Backlog(TimeProvider time)
{
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(1);

    private long _toldAt = long.MinValue;

    /// <summary>By a partition that is behind, as long as it is.</summary>
    public void Tell() => Volatile.Write(ref _toldAt, time.GetTimestamp());

    /// <summary>One was a moment ago.</summary>
    public bool IsBehind => Volatile.Read(ref _toldAt) is var at && at != long.MinValue && time.GetElapsedTime(at) < Remembered;
}
