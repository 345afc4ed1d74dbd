using Akka.Actor;
using Lambda.Cluster.Actors.Customers;
using Lambda.Cluster.Actors.Messages;

namespace Lambda.Cluster.Actors.Partitions;

/// <summary>
/// A reply that many customers fill, each its own place; the last one sends it. Shared by actors of one process on purpose: collecting the parts through
/// the partition's mailbox would queue every read behind the slices that it makes up.
/// </summary>
/// <param name="lease">Under which it was asked; null when reads are refused anyway.</param>
internal sealed class ReadReply(int partition, int count, IActorRef asker, IActorRef partitionActor, IPartitionLease? lease)
{
    private readonly ReadPart[] _parts = new ReadPart[count];
    private int _missing = count;

    public void Put(int index, ReadPart part)
    {
        _parts[index] = part;
        if (Interlocked.Decrement(ref _missing) != 0) return;
        if (lease is { IsHeld: false }) Withdraw();
        asker.Tell(new ReadManyReply(partition, _parts), partitionActor);
    }

    /// <summary>The process was frozen since the parts were asked for, or the partition has moved: somebody else may have gone on meanwhile.</summary>
    private void Withdraw()
    {
        for (var i = 0; i < _parts.Length; i++)
            if (_parts[i].Outcome is PartOutcome.Found or PartOutcome.Unknown)
                _parts[i] = ReadPart.Not(PartOutcome.Unavailable, _parts[i].Applied, $"partition {partition}: its owner has lost it, or not heard of its lease for too long");
    }

    /// <param name="stamp">Epoch, position and freshness of the moment it was asked.</param>
    public sealed class Slot(ReadReply reply, int index, ReadPart stamp) : IReadSlot
    {
        public void Fill(byte[]? batch, byte[]? closed, byte[]? open) => reply.Put(index, batch is null && closed is null && open is null
            ? stamp with { Outcome = PartOutcome.Unknown }
            : stamp with { Batch = batch, Closed = closed, Open = open });

        public void Fail(Exception e)
        {
            reply.Put(index, ReadPart.Not(PartOutcome.Stopped, stamp.Applied, e.Message));
            reply.Partition.Tell(new PartitionActor.Failed(e));
        }
    }

    private IActorRef Partition => partitionActor;
}
