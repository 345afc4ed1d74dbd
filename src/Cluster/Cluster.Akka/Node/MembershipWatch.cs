using Akka.Actor;
using Akka.Cluster;
using static Akka.Cluster.ClusterEvent;

namespace Lambda.Cluster.Actors.Node;

/// <summary>How often this node saw another one as unreachable, and how many it saw taken for lost, since its start. Under load and without a fault both stay 0.</summary>
public sealed class MembershipCounts
{
    private long _unreachable, _downed;

    public long Unreachable => Interlocked.Read(ref _unreachable);

    public long Downed => Interlocked.Read(ref _downed);

    internal void CountUnreachable() => Interlocked.Increment(ref _unreachable);

    internal void CountDowned() => Interlocked.Increment(ref _downed);
}

/// <summary>Counts what the cluster's failure detector and split-brain resolver decide.</summary>
internal sealed class MembershipWatch(MembershipCounts counts) : UntypedActor
{
    protected override void PreStart() =>
        global::Akka.Cluster.Cluster.Get(Context.System).Subscribe(Self, SubscriptionInitialStateMode.InitialStateAsEvents, typeof(UnreachableMember), typeof(MemberRemoved));

    protected override void PostStop() => global::Akka.Cluster.Cluster.Get(Context.System).Unsubscribe(Self);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case UnreachableMember: counts.CountUnreachable(); break;
            case MemberRemoved { PreviousStatus: MemberStatus.Down }: counts.CountDowned(); break;
            default: break;
        }
    }
}
