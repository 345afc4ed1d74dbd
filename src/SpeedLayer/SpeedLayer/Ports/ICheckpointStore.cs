using Lambda.Domain.Events;

namespace Lambda.SpeedLayer.Ports;

/// <summary>What a partition's worker knew when it was checkpointed, besides its entities.</summary>
/// <param name="Applied">Next offset to read: entity states hold exactly the records before it.</param>
/// <param name="Generation">Owner that wrote it; a store refuses to replace a checkpoint by one of a lower generation.</param>
/// <param name="Worker">The worker's own header, opaque to the store.</param>
public sealed record Checkpoint(long Applied, long Generation, ReadOnlyMemory<byte> Worker);

/// <summary>
/// Per partition: one <see cref="Checkpoint"/> and the encoded entities, replaced together in one transaction.
/// </summary>
public interface ICheckpointStore : IAsyncDisposable
{
    /// <summary>Null when the partition was never checkpointed (or its checkpoints were deleted).</summary>
    /// <exception cref="CheckpointCorruptException">It is there but cannot be read; says how to rebuild.</exception>
    Checkpoint? Load(int partition);

    /// <summary>The stored entities among <paramref name="customers"/>, in one query; absent ones are simply not delivered. The span lives for the call only.</summary>
    void LoadEntities(int partition, IReadOnlyList<CustomerId> customers, EntityReader deliver);

    /// <summary>Replaces the checkpoint and these entities in one durable transaction. An empty state deletes the entity's row.</summary>
    /// <exception cref="FencedException">A higher generation has written since.</exception>
    /// <exception cref="CheckpointWriteException">It could not be made durable now: the one before stands, and the same may be written again.</exception>
    void Write(int partition, Checkpoint checkpoint, IReadOnlyList<StoredEntity> entities);

    /// <summary>
    /// Deletes the entity's row if it still is <paramref name="state"/> (empty: nothing is to be deleted), and sees to it that no earlier state of any entity stands
    /// in the store's files, as far as a store can. The checkpoint stays what it is: the row says nothing that is needed.
    /// </summary>
    /// <returns>False when the row is another one, or the files cannot be cleaned just now.</returns>
    bool Forget(int partition, CustomerId customer, ReadOnlyMemory<byte> state);

    /// <summary>All entities of a partition in ascending order of customer id bytes, from one consistent snapshot.</summary>
    IEnumerable<StoredEntity> Scan(int partition);

    /// <summary>Forgets everything of the partition: it is rebuilt from base and log.</summary>
    void Delete(int partition);
}

public delegate void EntityReader(CustomerId customer, ReadOnlySpan<byte> state);

public readonly record struct StoredEntity(CustomerId Customer, ReadOnlyMemory<byte> State);

public sealed class FencedException(int partition, long mine, long theirs) : Exception(
    $"partition {partition}: generation {mine} was overtaken by {theirs}; this owner must stop");

public sealed class CheckpointWriteException(int partition, string store, string cause, Exception? inner = null) : Exception(
    $"partition {partition}: a checkpoint could not be written to {store}, the one before stands and it is tried again: {cause}", inner);

/// <param name="remedy">How this store forgets one partition.</param>
public sealed class CheckpointCorruptException(int partition, string what, string remedy = "delete the checkpoint files of this partition") : Exception(
    $"partition {partition}: corrupt checkpoint: {what}. Stop Lambda, {remedy} and start again: it is rebuilt from base file and log.");
