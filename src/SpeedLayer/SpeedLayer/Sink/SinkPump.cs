using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Sink;

/// <param name="Rows">Rows that make an insert worth while at once.</param>
/// <param name="DelayMs">Age of the oldest waiting record at which fewer rows are inserted.</param>
public sealed record SinkPolicy(int Rows = Limits.SinkRowsDefault, long DelayMs = Limits.SinkDelayMsDefault);

/// <summary>
/// Hands log records to the warehouse in large batches: insert first, then record progress, so that a crash repeats rows and never loses one.
/// A row that the warehouse refuses is a bug of validation: that partition's sink stops loudly, the others go on.
/// </summary>
public sealed class SinkPump
{
    private readonly IEventLog _log;
    private readonly IRawEvents _warehouse;
    private readonly ISinkProgressStore _store;
    private readonly TimeProvider _time;
    private readonly IReadOnlyList<int> _partitions;
    private readonly SinkPolicy _policy;
    private readonly SinkProgress[] _progress;
    private readonly Exception?[] _stopped;
    private int _first; // partition the next batch begins with, so that a busy one cannot starve the rest

    /// <param name="partitions">The partitions this pump serves.</param>
    public SinkPump(IEventLog log, IRawEvents warehouse, ISinkProgressStore store, TimeProvider time, IReadOnlyList<int> partitions, SinkPolicy? policy = null)
    {
        (_log, _warehouse, _store, _time, _partitions, _policy) = (log, warehouse, store, time, partitions, policy ?? new SinkPolicy());
        _progress = new SinkProgress[log.Partitions];
        _stopped = new Exception?[log.Partitions];
        foreach (var p in partitions) _progress[p] = store.Load(p);
    }

    /// <summary>What is in the warehouse and recorded.</summary>
    public SinkProgress Progress(int partition) => _progress[partition];

    /// <summary>Why the partition's sink stopped, null while it runs.</summary>
    public Exception? Stopped(int partition) => _stopped[partition];

    /// <summary>Append time of the oldest record that the last step found; null when it found none.</summary>
    public long? WaitingSinceMs { get; private set; }

    /// <summary>Inserts one batch if there are enough rows, or the oldest has waited long enough, or <paramref name="flush"/>.</summary>
    /// <returns>Rows handed over; 0 when there was nothing due.</returns>
    public async Task<int> StepAsync(bool flush, CancellationToken cancel)
    {
        var batch = Gather();
        WaitingSinceMs = batch.Count == 0 ? null : batch.Min(s => s.Frames[0].AppendedAtMs);
        if (batch.Count == 0 || (!flush && !IsDue(batch))) return 0;
        try
        {
            await InsertAndRecord(batch, cancel);
        }
        catch (RowRefusedException) when (batch.Count > 1)
        {
            await InsertOneByOne(batch, cancel);
        }
        catch (RowRefusedException e)
        {
            Stop(batch[0].Partition, e);
        }
        return batch.Sum(p => p.Rows);
    }

    private sealed record Slice(int Partition, List<LogFrame> Frames)
    {
        public int Rows => Frames.Sum(f => f.Count);
    }

    private List<Slice> Gather()
    {
        var slices = new List<Slice>();
        var rows = 0;
        for (var i = 0; i < _partitions.Count && rows < Limits.SinkRowsMax; i++)
        {
            var partition = _partitions[(_first + i) % _partitions.Count];
            if (_stopped[partition] is not null) continue;
            var frames = FramesFrom(partition, _progress[partition].Next, Limits.SinkRowsMax - rows);
            if (frames.Count == 0) continue;
            slices.Add(new Slice(partition, frames));
            rows += slices[^1].Rows;
        }
        _first = (_first + 1) % _partitions.Count;
        return slices;
    }

    private List<LogFrame> FramesFrom(int partition, long next, int maxRows)
    {
        var frames = new List<LogFrame>();
        for (var rows = 0; rows < maxRows;)
        {
            var read = _log.Read(partition, next, Limits.SinkReadBytes);
            if (read.Count == 0) break;
            foreach (var frame in read.Select(f => f.From(next)))
            {
                frames.Add(frame);
                next = frame.EndOffset;
                if ((rows += frame.Count) >= maxRows) break;
            }
        }
        return frames;
    }

    private bool IsDue(List<Slice> batch) => batch.Sum(s => s.Rows) >= _policy.Rows
        || _time.GetUtcNow().ToUnixTimeMilliseconds() - WaitingSinceMs >= _policy.DelayMs;

    private async Task InsertAndRecord(List<Slice> batch, CancellationToken cancel)
    {
        await _warehouse.InsertAsync([.. batch.SelectMany(s => s.Frames)], cancel);
        var barriers = new List<(int, long, SinkProgress)>();
        var advanced = batch.ConvertAll(s => (s.Partition, Advance(s, barriers)));
        _store.Save(advanced, barriers);
        foreach (var (partition, progress) in advanced) _progress[partition] = progress;
    }

    private async Task InsertOneByOne(List<Slice> batch, CancellationToken cancel)
    {
        foreach (var slice in batch)
        {
            try
            {
                await InsertAndRecord([slice], cancel);
            }
            catch (RowRefusedException e)
            {
                Stop(slice.Partition, e);
            }
        }
    }

    private void Stop(int partition, Exception why) => _stopped[partition] = why;

    /// <summary>The totals come from the records' headers: the warehouse decodes them whole, and what it holds is compared with these.</summary>
    private SinkProgress Advance(Slice slice, List<(int, long, SinkProgress)> barriers)
    {
        var (next, events, hashes, billing) = _progress[slice.Partition];
        foreach (var frame in slice.Frames)
            foreach (var (offset, record) in frame)
            {
                next = offset + 1;
                if (RecordCodec.KindOf(record.Span) == RecordKind.EpochBarrier)
                {
                    barriers.Add((slice.Partition, RecordCodec.ReadBarrier(record.Span).Epoch, new SinkProgress(offset, events, hashes, billing)));
                    continue;
                }
                if (RecordCodec.KindOf(record.Span) != RecordKind.Event) continue;
                var (hash, minor) = RecordCodec.TotalsOf(record.Span);
                events++;
                hashes = unchecked(hashes + hash);
                billing = unchecked(billing + minor);
            }
        return new SinkProgress(next, events, hashes, billing);
    }
}
