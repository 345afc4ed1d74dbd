using Lambda.BatchLayer.Ports;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sink;
using Lambda.SpeedLayer.Worker;

namespace Lambda.BatchLayer.Runs;

/// <summary>The speed layer as a run sees it, where all partitions live in this process (embedded runtime, simulation).</summary>
/// <param name="hosts">Current host of each partition: a restarted one is another object.</param>
public sealed class SpeedSide(
    SpeedPorts ports, ISinkProgressStore sink, IBaseStore bases, Func<int, PartitionHost> hosts, Func<int, SinkPump> pumps, long horizonMs) : ISpeedSide
{
    private const int ReadBytes = 4 * 1024 * 1024;

    public int Partitions => ports.Log.Partitions;

    public long HorizonMs { get; } = horizonMs;

    public IReadOnlyList<long> LogEnds() => [.. Enumerable.Range(0, Partitions).Select(ports.Log.EndOffset)];

    public async Task<(IReadOnlyList<long> Cut, IReadOnlyList<long> AppendedAtMs)> AppendBarriersAsync(
        EpochBarrier barrier, IReadOnlyList<long> from, CancellationToken cancel)
    {
        var batch = new AppendBatch(Partitions);
        var record = new System.Buffers.ArrayBufferWriter<byte>();
        RecordCodec.WriteBarrier(barrier, record);
        for (var p = 0; p < Partitions; p++)
            if (FindBarrier(p, from[p], barrier.Epoch) is null) batch.Add(p, record.WrittenSpan);
        if (batch.Count > 0) await ports.Log.AppendAsync(batch, cancel);
        // Read back: of two barriers of one epoch, left by a crash, the first is the cut.
        var found = Enumerable.Range(0, Partitions).Select(p => FindBarrier(p, from[p], barrier.Epoch)
            ?? throw new InvalidOperationException($"partition {p}: the barrier of epoch {barrier.Epoch} was appended but is not in the log")).ToList();
        return (found.ConvertAll(f => f.Offset), found.ConvertAll(f => f.AppendedAtMs));
    }

    public SinkTotals? SinkAtBarrier(int partition, long epoch)
    {
        if (sink.AtBarrier(partition, epoch) is { } totals) return new SinkTotals(totals.Events, totals.HashSum, totals.BillingMinorSum);
        if (pumps(partition).Stopped(partition) is { } why) throw new SinkStoppedException(partition, why.Message);
        return null;
    }

    public bool HasAdopted(long epoch) => Enumerable.Range(0, Partitions).All(p => hosts(p).Epochs.Published >= epoch);

    public Task<Artefact> BuildBaseAsync(
        long epoch, string definitionHash, int partition, IAsyncEnumerable<(CustomerId Customer, State State)> states, CancellationToken cancel) =>
        bases.BuildAsync(epoch, definitionHash, partition, states, cancel);

    public bool IsCheckpointedPast(int partition, long cutOffset)
    {
        var host = hosts(partition);
        if (host.Fault is { } fault) throw new PartitionStoppedException(partition, fault.Message);
        if (host.StoredAtOffset > cutOffset) return true;
        if (host.Applied > cutOffset && !host.IsCheckpointing) host.RequestCheckpoint();
        return false;
    }

    public Task<BaseComparison> CompareAsync(
        int partition, long epoch, Publication served, CompiledView view, Artefact file, int lastPrunedDay, CancellationToken cancel)
    {
        var compared = BaseComparisons.Compare(ports, bases, hosts(partition).Base, partition, epoch, served, view, file, lastPrunedDay, cancel);
        return Task.FromResult(compared);
    }

    private sealed record FoundBarrier(long Offset, long AppendedAtMs);

    private FoundBarrier? FindBarrier(int partition, long from, long epoch)
    {
        for (var next = from; ;)
        {
            var frames = ports.Log.Read(partition, next, ReadBytes);
            if (frames.Count == 0) return null;
            foreach (var frame in frames)
                foreach (var (offset, record) in frame)
                    if (offset >= from && RecordCodec.KindOf(record.Span) == RecordKind.EpochBarrier && RecordCodec.ReadBarrier(record.Span).Epoch == epoch)
                        return new FoundBarrier(offset, frame.AppendedAtMs);
            next = frames[^1].EndOffset;
        }
    }
}
