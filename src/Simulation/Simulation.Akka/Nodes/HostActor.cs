using Akka.Actor;
using Lambda.Cluster.Actors.Messages;

namespace Lambda.Simulation.Actors.Nodes;

/// <summary>
/// Stands for the shard region and the singleton manager of a node: starts what this node shall host, starts it again when it ended by itself, lets it leave
/// when it shall move. Who hosts what is decided by the scenario.
/// </summary>
internal sealed class HostActor(SimulatedNode node) : UntypedActor, IWithTimers
{
    private static readonly TimeSpan RestartPause = TimeSpan.FromMilliseconds(500); // as the cluster's settings have it

    private readonly Dictionary<IActorRef, int> _hosted = [];

    /// <summary>The run actor among the partitions.</summary>
    public const int Runs = -1;

    /// <param name="Anew">It was somewhere else meanwhile: what still runs here of before knows nothing of that.</param>
    public sealed record Take(int What, bool Anew);

    /// <param name="Gracefully">Drained; else it is just gone, as with a node that was downed.</param>
    public sealed record Leave(int What, bool Gracefully);

    private sealed record Again(int What);

    public ITimerScheduler Timers { get; set; } = null!;

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Take take:
                node.Wanted.Add(take.What);
                if (take.Anew && node.Hosted.TryGetValue(take.What, out var old)) Context.Stop(old);
                Start(take.What);
                break;
            case Leave leave: Stop(leave); break;
            case Terminated ended: OnEnded(ended.ActorRef); break;
            case Again again: Start(again.What); break;
            default: Unhandled(message); break;
        }
    }

    private void Start(int what)
    {
        if (!node.Wanted.Contains(what) || node.Hosted.ContainsKey(what)) return;
        var actor = Context.ActorOf(node.PropsOf(what));
        node.Hosted[what] = actor;
        _hosted[actor] = what;
        Context.Watch(actor);
    }

    private void Stop(Leave leave)
    {
        node.Wanted.Remove(leave.What);
        if (!node.Hosted.TryGetValue(leave.What, out var actor)) return;
        if (leave.Gracefully) actor.Tell(leave.What == Runs ? PoisonPill.Instance : HandOff.Instance);
        else Context.Stop(actor);
    }

    private void OnEnded(IActorRef actor)
    {
        if (!_hosted.Remove(actor, out var what)) return;
        node.Hosted.Remove(what);
        if (node.Wanted.Contains(what)) Timers.StartSingleTimer(what, new Again(what), RestartPause);
    }
}
