using System.Runtime.InteropServices;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite.Raw;

namespace Lambda.SpeedLayer.Sqlite.Log;

/// <summary>
/// The one thread that writes the log. All appends waiting at a moment go into one transaction, a frame per partition; nobody waits for company, so a
/// lone append costs one fsync. Acknowledged after the commit, in the order: durable, visible to readers, answered.
/// </summary>
internal sealed class LogWriter
{
    private const int WalWaitMs = 200; // appends wait as long

    private readonly LogFile _file;
    private readonly LogTail _tail;
    private readonly AppendQueue _queue;
    private readonly TimeProvider _time;
    private readonly LogLimits _limits;
    private readonly FrameTable _table;
    private readonly Thread _thread;
    private readonly FreePages _free;
    private readonly List<PendingAppend> _group = [];

    public LogWriter(LogFile file, FrameTable table, LogTail tail, AppendQueue queue, TimeProvider time, LogLimits limits)
    {
        (_file, _table, _tail, _queue, _time, _limits) = (file, table, tail, queue, time, limits);
        _free = new FreePages(file.Writer, limits);
        _thread = new Thread(Run) { Name = "lambda-log", IsBackground = true };
        _thread.Start();
    }

    /// <summary>After the queue was closed: returns when everything queued is written.</summary>
    public void Join() => _thread.Join();

    private void Run()
    {
        while (_queue.Take(_group, out var upkeep))
        {
            if (_group.Count > 0) Write();
            if (upkeep is PendingTruncation truncation) Truncate(truncation);
            if (upkeep is PendingRewrite rewrite) Rewrite(rewrite);
            if (upkeep is PendingCleaning cleaning) Clean(cleaning);
            _file.Writer.CheckpointWal(_limits.WalPagesMax);
        }
    }

    private void Write()
    {
        try
        {
            var frames = Frames(out var positions);
            _file.Writer.Transaction(() => frames.ForEach(_table.Insert));
            for (var i = 0; i < _group.Count; i++) _group[i].OnDurable(positions[i]);
            _tail.Append(frames);
            _queue.Done(_group);
            for (var i = 0; i < _group.Count; i++) _group[i].OnVisible(positions[i]);
        }
        catch (SqliteFault fault)
        {
            _queue.Done(_group);
            foreach (var append in _group) append.OnFailed(new LogWriteException(fault.File, fault.Cause, fault));
        }
        _group.Clear();
    }

    /// <summary>A frame per partition of everything in the group, in order of arrival, and per append where its records come to stand.</summary>
    private List<LogFrame> Frames(out List<Position>[] positions)
    {
        var nowMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
        var frames = new List<LogFrame>();
        positions = [.. _group.Select(_ => new List<Position>())];
        for (var partition = 0; partition < _group[0].Batch.Partitions; partition++)
        {
            var bounds = _tail[partition];
            var end = bounds.End;
            for (var i = 0; i < _group.Count; i++)
            {
                if (_group[i].Batch.CountOf(partition) == 0) continue;
                end += _group[i].Batch.CountOf(partition);
                positions[i].Add(new Position(partition, end - 1));
            }
            if (end == bounds.End) continue;
            frames.Add(new LogFrame(partition, bounds.End, (int)(end - bounds.End), Math.Max(nowMs, bounds.LastAppendedAtMs), Records(partition)));
        }
        return frames;
    }

    /// <summary>The frame stays in memory for the tail readers: one exact array, except where the only batch's own is nearly that.</summary>
    private ReadOnlyMemory<byte> Records(int partition)
    {
        var parts = _group.Select(a => a.Batch.RecordsOf(partition)).Where(r => !r.IsEmpty).ToList();
        var length = parts.Sum(p => p.Length);
        if (parts.Count == 1 && MemoryMarshal.TryGetArray(parts[0], out var segment) && segment.Array!.Length <= length + length / 2) return parts[0];
        var whole = GC.AllocateUninitializedArray<byte>(length);
        var to = 0;
        foreach (var part in parts)
        {
            part.Span.CopyTo(whole.AsSpan(to));
            to += part.Length;
        }
        return whole;
    }

    /// <summary>One slice of frames, in order.</summary>
    private void Rewrite(PendingRewrite rewrite) => Finish(rewrite, () =>
    {
        _file.Writer.Transaction(() =>
        {
            for (long bytes = 0; bytes < _limits.TruncateBytesPerSlice && rewrite.Frames.TryDequeue(out var frame); bytes += frame.Records.Length) _table.Replace(frame);
        });
        return rewrite.Frames.Count == 0;
    });

    /// <summary>
    /// The file is written anew: what was replaced or deleted stands in free pages and in the gaps of others, where only that removes it. Appends wait meanwhile.
    /// </summary>
    private void Clean(PendingCleaning cleaning) => Finish(cleaning, () =>
    {
        _file.Writer.Execute("VACUUM");
        return _file.Writer.EmptyWal(WalWaitMs) ? true : throw new LogWriteException(_file.Path, "its WAL could not be emptied: somebody reads the file");
    });

    /// <param name="step">True when there is nothing more to do.</param>
    private void Finish(PendingUpkeep upkeep, Func<bool> step)
    {
        try
        {
            upkeep.Cancel.ThrowIfCancellationRequested();
            if (!step()) return;
            _queue.Done(upkeep);
            upkeep.SetResult();
        }
        catch (OperationCanceledException)
        {
            _queue.Done(upkeep);
            upkeep.SetCanceled(upkeep.Cancel);
        }
        catch (Exception e) when (e is SqliteFault or LogWriteException)
        {
            _queue.Done(upkeep);
            upkeep.SetException(e as LogWriteException ?? new LogWriteException(_file.Path, ((SqliteFault)e).Cause, e));
        }
    }

    /// <summary>One slice, first of what is deleted, then of free pages given back; the truncation stays first in the queue until it is done, appends go in between.</summary>
    private void Truncate(PendingTruncation truncation)
    {
        var bounds = _tail[truncation.Partition];
        var start = bounds.Start;
        try
        {
            truncation.Cancel.ThrowIfCancellationRequested();
            if (truncation.Offset > start)
                _file.Writer.Transaction(() =>
                {
                    start = _table.DeleteSlice(truncation.Partition, bounds, truncation.Offset, _limits.TruncateBytesPerSlice);
                    _tail.MoveStart(truncation.Partition, start); // before the commit: who then misses a frame can tell that it was truncated
                });
            var more = start > bounds.Start ? start < truncation.Offset || _free.AreTooMany() : _free.GiveBackSome();
            if (more) return;
            _queue.Done(truncation);
            truncation.SetResult();
        }
        catch (OperationCanceledException)
        {
            _queue.Done(truncation);
            truncation.SetCanceled(truncation.Cancel);
        }
        catch (SqliteFault fault)
        {
            _tail.MoveStart(truncation.Partition, bounds.Start);
            _queue.Done(truncation);
            truncation.SetException(new LogWriteException(fault.File, fault.Cause, fault));
        }
    }
}
