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
    public int Partitions => ports.Log.Partitions;

    public long HorizonMs { get; } = horizonMs;

    public IReadOnlyList<long> LogEnds() => [.. Enumerable.Range(0, Partitions).Select(ports.Log.EndOffset)];

    public Task<(IReadOnlyList<long> Cut, IReadOnlyList<long> AppendedAtMs)> AppendBarriersAsync(
        EpochBarrier barrier, IReadOnlyList<long> from, CancellationToken cancel) => Barriers.AppendAsync(ports.Log, barrier, from, cancel);

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
}
