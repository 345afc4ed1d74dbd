using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.BatchLayer.Runs;

/// <summary>Epoch barriers in the log: appended where they are missing, found again.</summary>
public static class Barriers
{
    private const int ReadBytes = 4 * 1024 * 1024;

    /// <summary>Makes sure that every partition holds the barrier of this epoch at or behind <paramref name="from"/>, and gives the first of each: repeatable.</summary>
    public static async Task<(IReadOnlyList<long> Cut, IReadOnlyList<long> AppendedAtMs)> AppendAsync(
        IEventLog log, EpochBarrier barrier, IReadOnlyList<long> from, CancellationToken cancel)
    {
        var batch = new AppendBatch(log.Partitions);
        var record = new System.Buffers.ArrayBufferWriter<byte>();
        RecordCodec.WriteBarrier(barrier, record);
        for (var p = 0; p < log.Partitions; p++)
            if (Find(log, p, from[p], barrier.Epoch) is null) batch.Add(p, record.WrittenSpan);
        if (batch.Count > 0) await log.AppendAsync(batch, cancel);
        // Read back: of two barriers of one epoch, left by a crash, the first is the cut.
        var found = Enumerable.Range(0, log.Partitions).Select(p => Find(log, p, from[p], barrier.Epoch)
            ?? throw new InvalidOperationException($"partition {p}: the barrier of epoch {barrier.Epoch} was appended but is not in the log")).ToList();
        return (found.ConvertAll(f => f.Offset), found.ConvertAll(f => f.AppendedAtMs));
    }

    private sealed record FoundBarrier(long Offset, long AppendedAtMs);

    private static FoundBarrier? Find(IEventLog log, int partition, long from, long epoch)
    {
        // Nothing that is needed is below the start: a barrier above the published cut is kept. Who took down the ends may have heard of the log long ago.
        for (var next = Math.Max(from, log.StartOffset(partition)); ;)
        {
            var frames = log.Read(partition, next, ReadBytes);
            if (frames.Count == 0) return null;
            foreach (var frame in frames)
                foreach (var (offset, record) in frame)
                    if (offset >= from && RecordCodec.KindOf(record.Span) == RecordKind.EpochBarrier && RecordCodec.ReadBarrier(record.Span).Epoch == epoch)
                        return new FoundBarrier(offset, frame.AppendedAtMs);
            next = frames[^1].EndOffset;
        }
    }
}
