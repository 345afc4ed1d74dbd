using Lambda.SpeedLayer.Leases;

namespace Lambda.Cluster.Actors.Partitions;

/// <summary>Leases kept by the node's one keeper.</summary>
/// <param name="owner">Names one run of one process.</param>
public sealed class KeeperLeases(LeaseKeeper keeper, string owner) : IPartitionLeases
{
    public async Task<IPartitionLease> AcquireAsync(int partition, CancellationToken cancel) => new Lease(keeper, await keeper.AcquireAsync(partition, owner, cancel));

    private sealed class Lease(LeaseKeeper keeper, HeldLease held) : IPartitionLease
    {
        public long Generation => held.Generation;
        public bool IsHeld => held.IsHeld;
        public bool IsOvertaken => held.IsOvertaken;

        public void Release() => keeper.Release(held);
    }
}
