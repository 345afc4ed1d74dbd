using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Actors.Messages;

/// <summary>Goes to the actor of a partition, wherever it lives.</summary>
public interface IPartitionMessage
{
    int Partition { get; }
}

/// <summary>What goes between nodes: everything here has a codec in <see cref="ClusterSerializer"/>, and only grows by fields.</summary>
public interface IClusterMessage;

// --- reads ------------------------------------------------------------------------------------------------------------------

/// <summary>Several customers of one partition, asked for by one node at a time.</summary>
public sealed record ReadMany(int Partition, IReadOnlyList<ReadOne> Reads) : IPartitionMessage, IClusterMessage;

/// <param name="AtLeast">The answer must contain the record at this offset; -1 for none.</param>
/// <param name="WaitMs">How long to wait for that.</param>
public readonly record struct ReadOne(CustomerId Customer, long AtLeast, int WaitMs);

/// <summary>In the order of the question.</summary>
public sealed record ReadManyReply(int Partition, IReadOnlyList<ReadPart> Parts) : IClusterMessage;

/// <summary>What came of one read at its partition. Written to the wire by number: never renumber.</summary>
public enum PartOutcome { Found = 1, Unknown = 2, NotReached = 3, Unavailable = 4, Stopped = 5 }

/// <summary>One customer's parts, unmerged, of one epoch and one position: who asked merges and finishes them for the day it wants.</summary>
/// <param name="Applied">Records below this offset are in the parts.</param>
/// <param name="LastAppendedAtMs">Append time of the newest of them: says which days the tiles answer.</param>
/// <param name="Definition">Hash of the definition of all three parts.</param>
/// <param name="Batch">Encoded state in the base, closed and open delta; null where there is none.</param>
/// <param name="Reason">Why not, when it is neither found nor unknown.</param>
public sealed record ReadPart(
    PartOutcome Outcome, long Epoch, long Applied, long LastAppendedAtMs, string Definition, long FreshnessMs, byte[]? Batch, byte[]? Closed, byte[]? Open, string? Reason)
{
    public static ReadPart Not(PartOutcome outcome, long applied, string reason) => new(outcome, 0, applied, 0, "", 0, null, null, null, reason);
}

// --- how a partition is, and what a run wants of it ---------------------------------------------------------------------------

public sealed record GetReport(int Partition) : IPartitionMessage, IClusterMessage;

/// <param name="State">`starting`, `replaying`, `ready`, `stopped`, `leaving`.</param>
/// <param name="SinkStopped">Why the sink stopped for good; null while it runs.</param>
public sealed record PartitionReport(
    int Partition, string State, string? Reason, string Node, long Generation, long Published, long Current, string Definition, string? Next, long Start, long End, long Applied,
    long Checkpointed, long Sunk, string? SinkStopped, long PopulationBelow, string PopulationSwept, long Entities, long BaseCustomers, long FreshnessMs, WorkerCounters Counters) : IClusterMessage;

/// <summary>Serve this publication's base. Answered by <see cref="Done"/> when it is served.</summary>
public sealed record AdoptBase(int Partition, Publication Publication) : IPartitionMessage, IClusterMessage;

/// <summary>Write a checkpoint of what is applied now. Answered by <see cref="Done"/> at once: the report says when it is there.</summary>
public sealed record WriteCheckpoint(int Partition) : IPartitionMessage, IClusterMessage;

/// <summary>The sink of this partition shall not wait for more rows: a run or a reader waits for it. Not answered.</summary>
public sealed record FlushSink(int Partition) : IPartitionMessage, IClusterMessage;

/// <summary>
/// Customers of other partitions that are one person with these, the canonical members, have changed: write the persons' rows. Answered by <see cref="Done"/> when they are
/// written, by <see cref="Refused"/> when they are not.
/// </summary>
/// <param name="Customers">Ids, UTF-8.</param>
/// <param name="Linked">Record of the identity log that whoever asks knows.</param>
public sealed record WritePersons(int Partition, IReadOnlyList<byte[]> Customers, long Linked) : IPartitionMessage, IClusterMessage;

/// <summary>Stream the computed partition into a base file on the node that hosts it. Repeatable. Answered by <see cref="BaseBuilt"/>.</summary>
public sealed record BuildBase(int Partition, long Epoch, string Definition) : IPartitionMessage, IClusterMessage;

public sealed record BaseBuilt(int Partition, long Epoch, Artefact File) : IClusterMessage;

/// <summary>Hold a new base against base(e-1) ⊕ closed. Answered by <see cref="BaseCompared"/>.</summary>
public sealed record CompareBase(int Partition, long Epoch, Publication Served, string Definition, Artefact File, int LastPrunedDay) : IPartitionMessage, IClusterMessage;

/// <param name="Differing">Customer ids, UTF-8.</param>
public sealed record BaseCompared(int Partition, long Epoch, long Compared, IReadOnlyList<byte[]> Differing) : IClusterMessage;

public sealed record Done(int Partition) : IClusterMessage;

/// <summary>It could not be done.</summary>
/// <param name="Moving">Nothing was tried: the partition is being started or is on its way to another node; ask again.</param>
public sealed record Refused(int Partition, string Reason, bool Moving = false) : IClusterMessage;

/// <summary>Told by the region before the shard moves: drain, checkpoint, give the lease back, stop. Never sent to another node.</summary>
public sealed class HandOff : global::Akka.Actor.INoSerializationVerificationNeeded
{
    public static readonly HandOff Instance = new();
}
