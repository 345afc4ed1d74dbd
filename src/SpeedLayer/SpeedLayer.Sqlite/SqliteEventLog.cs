using System.Collections.Concurrent;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Log;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite.Log;
using Lambda.SpeedLayer.Sqlite.Raw;

namespace Lambda.SpeedLayer.Sqlite;

/// <summary>
/// The event log in one SQLite file of its own: WAL, every commit fsynced, one writer thread with group commit, a row per frame of records.
/// Readers come from any thread; the tail is read from memory.
/// </summary>
public sealed class SqliteEventLog : IEventLog, IErasableLog
{
    private const int ReadersKept = 8;
    private const int EraseReadBytes = 16 << 20;

    private readonly LogFile _file;
    private readonly FrameTable _table;
    private readonly LogTail _tail;
    private readonly AppendQueue _queue;
    private readonly LogWriter _writer;
    private readonly ConcurrentBag<(Database Database, FrameTable Table)> _readers = [];
    private int _disposed;

    private SqliteEventLog(LogFile file, int partitions, TimeProvider time, LogLimits limits)
    {
        (_file, Partitions, _table) = (file, partitions, new FrameTable(file.Writer));
        _tail = new LogTail([.. Enumerable.Range(0, partitions).Select(_table.Bounds)], limits.RecentBytesMax);
        _queue = new AppendQueue(limits);
        _writer = new LogWriter(file, _table, _tail, _queue, time, limits);
    }

    public int Partitions { get; }

    /// <summary>Opens the log at <paramref name="path"/>, or makes it with so many partitions.</summary>
    /// <exception cref="StorageException">In use by another process, no log, damaged, of a newer format, or of another number of partitions.</exception>
    public static SqliteEventLog Open(string path, int partitions, TimeProvider time, LogLimits? limits = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(partitions);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(partitions, FrameTable.PartitionsMax);
        LogFile? file = null;
        try
        {
            file = LogFile.Open(path, partitions, limits ?? LogLimits.Default);
            return new SqliteEventLog(file, partitions, time, limits ?? LogLimits.Default);
        }
        catch (Exception e) when (e is SqliteFault or LogCorruptException)
        {
            file?.Dispose();
            throw new StorageException(path, $"the event log is damaged: {e.Message} Restore it from a copy.", e);
        }
    }

    /// <summary>As the port says. Cancellation counts until the batch is queued; after that it is appended.</summary>
    public ValueTask<IReadOnlyList<Position>> AppendAsync(AppendBatch batch, CancellationToken cancel)
    {
        if (batch.Partitions != Partitions)
            throw new ArgumentException($"batch is of {batch.Partitions} partitions, the log has {Partitions}", nameof(batch));
        cancel.ThrowIfCancellationRequested();
        return batch.Count == 0 ? new([]) : new(_queue.Add(batch));
    }

    public void Append(AppendBatch batch, Action<IReadOnlyList<Position>> durable, Action<Exception> failed)
    {
        try
        {
            _queue.Add(batch, durable, failed);
        }
        catch (Exception e) when (e is LogFullException or ObjectDisposedException)
        {
            failed(e);
        }
    }

    public IReadOnlyList<LogFrame> Read(int partition, long fromOffset, int maxBytes)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        var bounds = _tail[partition];
        if (fromOffset < bounds.Start) throw new LogTruncatedException(partition, fromOffset, bounds.Start);
        if (fromOffset >= bounds.End) return [];
        if (_tail.Read(partition, fromOffset, maxBytes) is { } recent) return recent;
        try
        {
            return WithReader(table => table.Read(partition, fromOffset, bounds.End, maxBytes));
        }
        catch (LogCorruptException) when (_tail[partition].Start > fromOffset)
        {
            throw new LogTruncatedException(partition, fromOffset, _tail[partition].Start); // truncated while we read
        }
    }

    public Task WaitAsync(int partition, long offset, CancellationToken cancel) => _tail.WaitAsync(partition, offset, cancel);

    public long StartOffset(int partition) => _tail[partition].Start;

    public long EndOffset(int partition) => _tail[partition].End;

    public long LastAppendedAtMs(int partition) => _tail[partition].LastAppendedAtMs;

    public long OffsetAtTime(int partition, long appendedAtMs)
    {
        var bounds = _tail[partition];
        var found = bounds.LastAppendedAtMs <= appendedAtMs && bounds.End > bounds.Start
            ? bounds.End - 1
            : WithReader(table => table.OffsetAtTime(partition, bounds.Start, bounds.End, appendedAtMs));
        return found ?? bounds.Start;
    }

    public Task TruncateAsync(int partition, long offset, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, _tail[partition].End);
        return _queue.Add(new PendingTruncation(partition, offset, cancel));
    }

    /// <summary>
    /// Frames are read here, a few at a time, and written by the one writer, which then writes the whole file anew.
    /// </summary>
    public async Task<long> EraseAsync(int partition, CustomerId? customer, long throughOffset, CancellationToken cancel)
    {
        var erased = 0L;
        for (var next = _tail[partition].Start; customer is not null && next <= throughOffset;)
        {
            cancel.ThrowIfCancellationRequested();
            next = Math.Max(next, _tail[partition].Start);
            var end = _tail[partition].End;
            var frames = next < end ? WithReader(table => table.Read(partition, next, end, EraseReadBytes)) : [];
            if (frames.Count == 0) break;
            var changed = frames.Where(f => f.FirstOffset <= throughOffset).Select(f => FrameErasure.Erase(f, customer, throughOffset)).OfType<(LogFrame Frame, int Records)>().ToList();
            if (changed.Count > 0) await _queue.Add(new PendingRewrite(changed.Select(c => c.Frame), cancel));
            erased += changed.Sum(c => c.Records);
            next = frames[^1].EndOffset;
        }
        await _queue.Add(new PendingCleaning(cancel)); // also when nothing was found: an earlier pass may have been cut short before
        _tail.Forget();
        return erased;
    }

    /// <summary>Writes what was queued, then closes.</summary>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return ValueTask.CompletedTask;
        _queue.Close();
        _writer.Join();
        _tail.Close();
        while (_readers.TryTake(out var reader)) Close(reader);
        _table.Dispose();
        _file.Dispose();
        return ValueTask.CompletedTask;
    }

    private T WithReader<T>(Func<FrameTable, T> read)
    {
        (Database Database, FrameTable Table)? reader = null;
        try
        {
            reader = _readers.TryTake(out var kept) ? kept : OpenReader();
            return read(reader.Value.Table);
        }
        catch (SqliteFault fault)
        {
            throw new StorageException(fault.File, $"the log cannot be read: {fault.Cause}", fault);
        }
        finally
        {
            if (reader is { } used && _readers.Count < ReadersKept && _disposed == 0) _readers.Add(used);
            else if (reader is { } extra) Close(extra);
        }
    }

    private (Database, FrameTable) OpenReader()
    {
        var database = _file.OpenReader();
        return (database, new FrameTable(database));
    }

    private static void Close((Database Database, FrameTable Table) reader)
    {
        reader.Table.Dispose();
        reader.Database.Dispose();
    }
}
