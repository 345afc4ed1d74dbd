using System.Buffers;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Worker;

/// <summary>Customers' fraud memories from all raw events of a partition below a cut, by the hash of the customer's id (<see cref="FraudEvents.NameOf"/>).</summary>
public delegate IReadOnlyDictionary<ulong, FraudState> FraudMemories(int partition, long cutOffset);

/// <summary>
/// The fraud memories of a partition whose checkpoints were lost: the base has none of them and the log does not go back far enough, raw events do. They become the partition's first checkpoint, from
/// which it is recovered like from any other; one that was interrupted says so and is begun anew.
/// </summary>
public static class MemoryRebuild
{
    private const int EntitiesAtOnce = 20_000;

    /// <param name="view">The published base: whose memories are wanted. Null where there is none: the log has everything.</param>
    /// <returns>The checkpoint to go on from; null when none is needed.</returns>
    public static Checkpoint? Run(WorkerSettings settings, SpeedPorts ports, Publication published, IBaseView? view, long generation)
    {
        if (ports.Memories is not { } read || view is null) return null;
        var stand = PartitionStand.Recover(settings, published, null, ports.Log, ports.Views);
        var checkpoint = new Checkpoint(stand.Applied, generation, stand.Header().Encode());
        var unfinished = checkpoint with { Worker = (stand.Header() with { Memories = 0 }).Encode() };
        var memories = read(settings.Partition, published.Cut[settings.Partition]);
        foreach (var chunk in Entities(view, memories, stand, settings).Chunk(EntitiesAtOnce)) ports.Checkpoints.Write(settings.Partition, unfinished, chunk);
        ports.Checkpoints.Write(settings.Partition, checkpoint, []);
        return checkpoint;
    }

    private static IEnumerable<StoredEntity> Entities(IBaseView view, IReadOnlyDictionary<ulong, FraudState> memories, PartitionStand stand, WorkerSettings settings)
    {
        if (!view.TryAcquire()) throw new InvalidOperationException($"partition {settings.Partition}: base {view.Epoch} was retired");
        try
        {
            foreach (var row in view.Scan())
            {
                var customer = new CustomerId(row.Customer.Utf8.ToArray());
                if (!memories.TryGetValue(FraudEvents.NameOf(customer.Utf8), out var memory)) continue;
                var bytes = new ArrayBufferWriter<byte>(512);
                CustomerEntity.OfMemory(customer, memory).Encode(bytes, stand.Epochs, 0, settings.HorizonSeconds);
                yield return new StoredEntity(customer, bytes.WrittenMemory);
            }
        }
        finally
        {
            view.Release();
        }
    }
}
