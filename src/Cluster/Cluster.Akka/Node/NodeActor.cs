using Akka.Actor;
using Lambda.Cluster.Actors.Messages;

namespace Lambda.Cluster.Actors.Node;

/// <summary>Where other nodes reach this one as a process. Leaving is the host's to do: it still answers while partitions move.</summary>
internal sealed class NodeActor(TaskCompletionSource askedToLeave) : UntypedActor
{
    public const string Name = "node";

    protected override void OnReceive(object message)
    {
        if (message is not LeaveCluster)
        {
            Unhandled(message);
            return;
        }
        askedToLeave.TrySetResult();
        Sender.Tell(new Leaving());
    }
}
