using Akka.Actor;
using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Runs;
using Lambda.Cluster.Actors.Messages;
using Lambda.Cluster.Actors.Region;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Cluster.Actors.Runs;

/// <summary>The speed layer as a run sees it, where partitions live on any node: what touches their files is done there.</summary>
public sealed class RegionSpeedSide(PartitionClient client, PartitionReports reports, IEventLog log, ISinkProgressStore sink, long horizonMs, TimeProvider time) : ISpeedSide
{
    /// <summary>A question is asked again after it: the node that worked on it may be gone. One that still works on it does so once.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private long _adopted;

    public int Partitions => client.Partitions;

    public long HorizonMs { get; } = horizonMs;

    public IReadOnlyList<long> LogEnds() => [.. Enumerable.Range(0, Partitions).Select(log.EndOffset)];

    public Task<(IReadOnlyList<long> Cut, IReadOnlyList<long> AppendedAtMs)> AppendBarriersAsync(
        EpochBarrier barrier, IReadOnlyList<long> from, CancellationToken cancel) => Barriers.AppendAsync(log, barrier, from, cancel);

    public SinkTotals? SinkAtBarrier(int partition, long epoch)
    {
        if (sink.AtBarrier(partition, epoch) is { } totals) return new SinkTotals(totals.Events, totals.HashSum, totals.BillingMinorSum);
        if (reports.Of(partition)?.SinkStopped is { } why) throw new SinkStoppedException(partition, why);
        client.Tell(new FlushSink(partition));
        return null;
    }

    // What a report says of published epochs and checkpoints stays true however old it is, and wherever the partition moves.
    // Reports lag behind an adoption that this side itself saw through: a run asked for right after a publication must not be refused for that.
    public bool HasAdopted(long epoch) => epoch <= Volatile.Read(ref _adopted) || reports.All.All(r => r is not null && r.Published >= epoch);

    public bool IsCheckpointedPast(int partition, long cutOffset)
    {
        if (reports.Of(partition) is not { } report) return false;
        if (report.State == "stopped") throw new PartitionStoppedException(partition, report.Reason ?? "unknown");
        if (report.Checkpointed > cutOffset) return true;
        if (report.Applied > cutOffset) client.Tell(new WriteCheckpoint(partition));
        return false;
    }

    /// <param name="states">Not enumerated here: the partition's node reads them.</param>
    public async Task<Artefact> BuildBaseAsync(
        long epoch, string definitionHash, int partition, IAsyncEnumerable<(CustomerId Customer, State State)> states, CancellationToken cancel) =>
        (await AskUntilAsync<BaseBuilt>(new BuildBase(partition, epoch, definitionHash), cancel)).File;

    public async Task<BaseComparison> CompareAsync(
        int partition, long epoch, Publication served, CompiledView view, Artefact file, int lastPrunedDay, CancellationToken cancel)
    {
        var compared = await AskUntilAsync<BaseCompared>(new CompareBase(partition, epoch, served, view.Definition.Hash, file, lastPrunedDay), cancel);
        return new BaseComparison(compared.Compared, [.. compared.Differing.Select(c => new CustomerId(c))]);
    }

    /// <summary>Lets every partition serve the publication.</summary>
    public async Task AdoptAsync(Publication publication, CancellationToken cancel)
    {
        await Task.WhenAll(Enumerable.Range(0, Partitions).Select(p => AskUntilAsync<Done>(new AdoptBase(p, publication), cancel)));
        Volatile.Write(ref _adopted, publication.Epoch);
    }

    /// <exception cref="InvalidOperationException">The partition refused, with its reason.</exception>
    private async Task<T> AskUntilAsync<T>(IPartitionMessage message, CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                var answer = await client.AskAsync<object>(message, AskAgain, cancel);
                if (answer is T done) return done;
                if (answer is not Refused { Moving: true }) throw new InvalidOperationException($"partition {message.Partition}: {(answer as Refused)?.Reason ?? answer.ToString()}");
            }
            catch (AskTimeoutException)
            {
                // Its node may be gone: it is asked where it lives then.
            }
            await Task.Delay(Pause, time, cancel);
        }
    }
}
