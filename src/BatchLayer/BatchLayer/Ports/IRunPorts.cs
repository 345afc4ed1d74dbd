using Lambda.BatchLayer.Runs;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;

namespace Lambda.BatchLayer.Ports;

/// <summary>The journal of all runs: append-only and durable. A publication is one record of it.</summary>
public interface IRunJournal
{
    IReadOnlyList<RunEvent> Load();

    /// <summary>Durable when it completes.</summary>
    Task AppendAsync(RunEvent happened);
}

/// <summary>A journal whose entries can be put in other words.</summary>
public interface IRewritableJournal
{
    /// <summary>Puts <paramref name="change"/> of an entry in its place, so that nothing of the old one is left in the journal's files. Durable when it returns; repeatable.</summary>
    /// <returns>Entries that changed.</returns>
    int Rewrite(Func<RunEvent, RunEvent> change);
}

/// <summary>The texts of all definitions this installation ever ran under, by hash; stored before a barrier names one.</summary>
public interface IDefinitionStore
{
    void Put(string hash, string name, string text);

    string? Get(string hash);

    /// <summary>All, oldest first.</summary>
    IReadOnlyList<(string Hash, string Name, string Text)> Definitions();
}

/// <summary>What a run needs of the speed layer. The embedded runtime and the cluster implement it.</summary>
public interface ISpeedSide
{
    int Partitions { get; }

    /// <summary>Per partition, one past the last durable record.</summary>
    IReadOnlyList<long> LogEnds();

    /// <summary>
    /// Makes sure that every partition holds the barrier of this epoch and gives the first of each: repeatable. <paramref name="from"/> is where to
    /// look for barriers of an earlier try.
    /// </summary>
    Task<(IReadOnlyList<long> Cut, IReadOnlyList<long> AppendedAtMs)> AppendBarriersAsync(EpochBarrier barrier, IReadOnlyList<long> from, CancellationToken cancel);

    /// <summary>The sink's totals at this epoch's barrier once it has passed it; null until then.</summary>
    /// <exception cref="SinkStoppedException">It never will: the partition's sink stopped.</exception>
    SinkTotals? SinkAtBarrier(int partition, long epoch);

    /// <summary>True once every partition serves this epoch's base, so that the next barrier may come.</summary>
    bool HasAdopted(long epoch);

    /// <summary>Writes the base file of a partition from the computed states, replacing an earlier try.</summary>
    Task<Artefact> BuildBaseAsync(long epoch, string definitionHash, int partition, IAsyncEnumerable<(CustomerId Customer, State State)> states, CancellationToken cancel);

    /// <summary>True once the partition has a checkpoint behind the cut, which comparing needs; asks for one if it has not.</summary>
    /// <exception cref="PartitionStoppedException">It never will.</exception>
    bool IsCheckpointedPast(int partition, long cutOffset);

    /// <summary>Compares the new base with base(e-1) ⊕ closed, customer by customer, as they were at the barrier.</summary>
    Task<BaseComparison> CompareAsync(int partition, long epoch, Publication served, CompiledView view, Artefact file, int lastPrunedDay, CancellationToken cancel);

    /// <summary>Dedup horizon in append time.</summary>
    long HorizonMs { get; }
}

/// <summary>Counted by the sink from the log: what the warehouse must hold below the cut.</summary>
public sealed record SinkTotals(long Events, ulong HashSum, Int128 BillingMinorSum);

public abstract class StoppedException(string message) : Exception(message);

public sealed class SinkStoppedException(int partition, string why) : StoppedException($"partition {partition}: the sink has stopped: {why}");

public sealed class PartitionStoppedException(int partition, string why) : StoppedException($"partition {partition} has stopped: {why}");

/// <param name="Differing">Customers whose new base is not base(e-1) ⊕ closed.</param>
public sealed record BaseComparison(long Compared, IReadOnlyList<CustomerId> Differing);
