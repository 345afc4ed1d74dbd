namespace Lambda.Serving.Ports;

/// <summary>How the engine is. Cheap: asked for by every probe.</summary>
public interface IEngineStatus
{
    /// <summary>True once every partition has recovered and answers.</summary>
    bool IsReady { get; }

    /// <summary>P.</summary>
    int Partitions { get; }

    EngineStatus Now();
}

/// <param name="State">`starting`, `ready`, `degraded` (a partition or the sink has stopped with an error) or `stopping`.</param>
/// <param name="Reasons">Why it is not `ready`: one sentence each.</param>
/// <param name="Epoch">Published epoch, 0 before the first run.</param>
/// <param name="Definition">Hash of the definition that answers.</param>
/// <param name="Quarantine">Open entries by reason.</param>
/// <param name="Counters">Totals since start by name: events_accepted, events_rejected, duplicates, conflicting_duplicates, barriers_ignored, nodes_downed, ….</param>
public sealed record EngineStatus(
    string State, IReadOnlyList<string> Reasons, string Version, long StartedAtMs, long Epoch, string Definition,
    IReadOnlyList<PartitionStatus> Partitions, WarehouseStatus Warehouse,
    IReadOnlyDictionary<string, long> Quarantine, IReadOnlyDictionary<string, long> Counters);

/// <summary>Offsets are "next offset" (see DESIGN): End − Applied is what is still to fold, End − Sunk what the warehouse still lacks.</summary>
public sealed record PartitionStatus(
    int Partition, string State, string? Reason, long Start, long End, long Applied, long Checkpointed, long Sunk,
    long EntitiesInMemory, long BaseCustomers, long FreshnessMs);

/// <param name="Url">Where it is; a local child's loopback address in the embedded edition.</param>
public sealed record WarehouseStatus(string State, string Url, string? Reason, string? Version);
