namespace Lambda.SpeedLayer.Ports;

/// <summary>
/// The one source of truth: P partitions of records, durable, in order. A customer's partition is fixed (Partitioner); only Lambda appends.
/// </summary>
public interface IEventLog : IAsyncDisposable
{
    /// <summary>P: fixed for life, stored with the log, checked at start.</summary>
    int Partitions { get; }

    /// <summary>
    /// Appends the batch; when the task completes everything is durable (fsynced). All or nothing. Concurrent calls are committed in groups.
    /// The log stamps the append time (never decreasing within a partition) from its TimeProvider.
    /// </summary>
    /// <returns>One entry per partition that got records: its last offset.</returns>
    /// <exception cref="LogFullException">The bounded queue of pending appends is full; nothing was appended.</exception>
    /// <exception cref="LogWriteException">It could not be made durable (disk full, I/O error); later appends work when the cause is gone.</exception>
    ValueTask<IReadOnlyList<Lambda.Domain.Log.Position>> AppendAsync(AppendBatch batch, CancellationToken cancel);

    /// <summary>
    /// Appends likewise and calls one of the two instead of completing a task, on any thread, which must not be held up: for many small appends a task each costs more than the append.
    /// A log may call before readers see the records.
    /// </summary>
    void Append(AppendBatch batch, Action<IReadOnlyList<Lambda.Domain.Log.Position>> durable, Action<Exception> failed)
    {
        _ = AppendAsync();

        async Task AppendAsync()
        {
            IReadOnlyList<Lambda.Domain.Log.Position> positions;
            try
            {
                positions = await this.AppendAsync(batch, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception e) when (e is LogFullException or LogWriteException or ObjectDisposedException)
            {
                failed(e);
                return;
            }
            durable(positions);
        }
    }

    /// <summary>
    /// Frames from <paramref name="fromOffset"/> on, until about <paramref name="maxBytes"/> (at least one frame if there is one); empty at the end.
    /// The first frame may begin before fromOffset: skip its earlier records. Only durable records are seen.
    /// </summary>
    /// <exception cref="LogTruncatedException">fromOffset lies before the start of the log: the reader must stop, never skip.</exception>
    /// <exception cref="LogCorruptException">A frame's checksum or shape is wrong: names partition and offset.</exception>
    IReadOnlyList<LogFrame> Read(int partition, long fromOffset, int maxBytes);

    /// <summary>Completes when a record at or after <paramref name="offset"/> is durable.</summary>
    Task WaitAsync(int partition, long offset, CancellationToken cancel);

    /// <summary>First offset still kept.</summary>
    long StartOffset(int partition);

    /// <summary>One past the last durable record.</summary>
    long EndOffset(int partition);

    /// <summary>The append time, in ms since 1970, of the newest record; 0 when the partition never had one.</summary>
    long LastAppendedAtMs(int partition);

    /// <summary>The largest offset whose record, and every record before it, was appended at or before the given time; StartOffset if none. For the dedup horizon.</summary>
    long OffsetAtTime(int partition, long appendedAtMs);

    /// <summary>Forgets whole frames before <paramref name="offset"/>: retention. Never beyond EndOffset.</summary>
    Task TruncateAsync(int partition, long offset, CancellationToken cancel);
}

/// <summary>A log whose records can be taken out in place.</summary>
public interface IErasableLog
{
    /// <summary>
    /// Makes every event of the customer up to <paramref name="throughOffset"/> void, and then the erasure at that offset; the others keep their offsets. Nothing of them is
    /// left in the log's files then. Repeatable, and slow: it reads the partition.
    /// </summary>
    /// <param name="customer">Null when the erasure itself is void already: only the files are cleaned.</param>
    /// <returns>Records made void now.</returns>
    /// <exception cref="LogWriteException">It could not be made durable; what was done stays.</exception>
    Task<long> EraseAsync(int partition, Lambda.Domain.Events.CustomerId? customer, long throughOffset, CancellationToken cancel);
}

public sealed class LogFullException(string message) : Exception(message);

public sealed class LogWriteException(string log, string cause, Exception? inner = null) : Exception(
    $"{log}: the append was not made durable and counts as not done: {cause}", inner);

public sealed class LogTruncatedException(int partition, long wanted, long start) : Exception(
    $"partition {partition}: offset {wanted} is needed but the log begins at {start}; restore the log or rebuild from a checkpoint that lies after {start}");

public sealed class LogCorruptException(int partition, long offset, string what) : Exception(
    $"partition {partition}, offset {offset}: corrupt log frame: {what}. Restore the log file from a copy; nothing was skipped.");
