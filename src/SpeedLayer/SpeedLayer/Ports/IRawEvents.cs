namespace Lambda.SpeedLayer.Ports;

/// <summary>The warehouse as the sink sees it: every log record ends up in raw events, at least once; reads remove repeats by (partition, offset).</summary>
public interface IRawEvents
{
    /// <summary>Inserts the event records of these frames (barriers are skipped), all or nothing per call as far as the warehouse can; durable when complete.</summary>
    /// <exception cref="RowRefusedException">The warehouse says a row is malformed: a bug of validation; retrying cannot help.</exception>
    Task InsertAsync(IReadOnlyList<LogFrame> frames, CancellationToken cancel);
}

public sealed class RowRefusedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// What the sink has handed over for one partition, counted from the log itself: the batch run holds the warehouse against it.
/// </summary>
/// <param name="Next">Next offset to hand over.</param>
/// <param name="Events">Event records before it.</param>
/// <param name="HashSum">Sum of their content hashes, modulo 2^64.</param>
/// <param name="BillingMinorSum">Sum of their billing_amount_minor, modulo 2^128.</param>
public sealed record SinkProgress(long Next, long Events, ulong HashSum, Int128 BillingMinorSum)
{
    public static readonly SinkProgress Zero = new(0, 0, 0, 0);
}

/// <summary>Where sink progress is kept: recorded after the insert, so that a crash repeats rows and never loses one. Remembers the totals at barriers too.</summary>
public interface ISinkProgressStore
{
    SinkProgress Load(int partition);

    /// <summary>
    /// Saves all given partitions in one durable transaction, with the totals at each barrier passed (by epoch). Of two barriers of an epoch the first counts: what is
    /// known of it stays.
    /// </summary>
    void Save(IReadOnlyList<(int Partition, SinkProgress Progress)> progress, IReadOnlyList<(int Partition, long Epoch, SinkProgress AtBarrier)> barriers);

    /// <summary>The totals at the barrier that ended this epoch, null if the sink has not passed it.</summary>
    SinkProgress? AtBarrier(int partition, long epoch);
}
