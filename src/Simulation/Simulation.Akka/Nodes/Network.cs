using System.Runtime.CompilerServices;
using Akka.Actor;
using Lambda.Cluster.Actors.Messages;
using Lambda.Cluster.Actors.Region;
using Lambda.Simulation.Actors.Ground;
using Lambda.Simulation.Actors.Machine;

namespace Lambda.Simulation.Actors.Nodes;

/// <summary>What may go wrong between two nodes.</summary>
/// <param name="LostOneIn">0 for never.</param>
/// <param name="StaleOneIn">So often the asking node does not know yet of the last move.</param>
internal sealed record NetworkRates(int LostOneIn, int TwiceOneIn, int LateOneIn, int StaleOneIn);

/// <summary>Where the answer of a read came from, and when it was asked for.</summary>
internal sealed record Answerer(string Node, long AskedAtMs);

/// <summary>
/// Messages between nodes: by the codec of the wire, lost, doubled, late and in any order. A partition is asked where the asking node believes it to be, which
/// may be where it was before.
/// </summary>
internal sealed class Network(Loop loop, Lane outside, Installation ground)
{
    private readonly ConditionalWeakTable<ReadPart, Answerer> _answerers = [];

    public NetworkRates Rates { get; set; } = new(0, 0, 0, 0);

    /// <summary>Now and before that, by partition; the run actor's at the end.</summary>
    public (SimulatedNode? Now, SimulatedNode? Before)[] Homes { get; } = new (SimulatedNode?, SimulatedNode?)[ground.Partitions + 1];

    public void Later(long afterMs, Action work) => loop.Ring(outside, afterMs, work);

    /// <summary>Null when nobody did.</summary>
    public Answerer? Answered(ReadPart part) => _answerers.TryGetValue(part, out var answerer) ? answerer : null;

    public void Settle(int what, SimulatedNode home)
    {
        var slot = Slot(what);
        if (Homes[slot].Now != home) Homes[slot] = (home, Homes[slot].Now);
    }

    public SimulatedNode? HomeOf(int what) => Homes[Slot(what)].Now;

    public Task<T> AskAsync<T>(SimulatedNode asker, int what, object message, TimeSpan timeout)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var askedAt = loop.NowMs;
        loop.Ring(asker.Lane, (long)timeout.TotalMilliseconds, () => answer.TrySetException(new AskTimeoutException($"{message.GetType().Name} was not answered")));
        Send(asker, what, message, (target, reply) => Carry(target, asker, reply, arrived =>
        {
            if (arrived is ReadManyReply { Parts: var parts })
                foreach (var part in parts) _answerers.Add(part, new Answerer(target.Name, askedAt));
            if (arrived is T wanted) answer.TrySetResult(wanted);
            else answer.TrySetException(new InvalidCastException($"{message.GetType().Name} was answered by {arrived}"));
        }));
        return answer.Task;
    }

    public void Send(SimulatedNode from, int what, object message, Action<SimulatedNode, object>? onReply = null)
    {
        var (now, before) = Homes[Slot(what)];
        var target = before is not null && Happens(Rates.StaleOneIn) ? before : now;
        if (Rates.StaleOneIn > 0 && from.Hosted.ContainsKey(what) && Happens(2)) target = from; // what it hosts itself, it asks itself
        if (target is null) return;
        Carry(from, target, message, arrived =>
        {
            if (!target.Hosted.TryGetValue(what, out var actor)) return;
            actor.Tell(arrived, onReply is null ? ActorRefs.NoSender : new ReplyRef(target.Provider, reply => onReply(target, reply)));
        });
    }

    private void Carry(SimulatedNode from, SimulatedNode to, object message, Action<object> deliver)
    {
        if (from != to && (from.IsAlone || to.IsAlone || Happens(Rates.LostOneIn))) return;
        var (manifest, bytes) = from.Encode(message);
        for (var copies = from != to && Happens(Rates.TwiceOneIn) ? 2 : 1; copies > 0; copies--)
            loop.Ring(outside, from == to ? 0 : DelayMs(), () => to.Lane.Post(() => deliver(to.Wire.FromBinary(bytes, manifest))));
    }

    private long DelayMs() => Happens(Rates.LateOneIn) ? loop.Chance.OneIn(10) ? loop.Chance.Below(20_000) : loop.Chance.Below(2_500) : loop.Chance.Below(4);

    private bool Happens(int oneIn) => oneIn > 0 && loop.Chance.OneIn(oneIn);

    private int Slot(int what) => what == HostActor.Runs ? ground.Partitions : what;

    private sealed class ReplyRef(IActorRefProvider provider, Action<object> reply) : MinimalActorRef
    {
        public override ActorPath Path { get; } = new RootActorPath(Address.AllSystems) / "reply";

        public override IActorRefProvider Provider => provider;

        protected override void TellInternal(object message, IActorRef sender) => reply(message);
    }
}

/// <summary>A node's way to partitions.</summary>
internal sealed class NetworkRoute(Network network, SimulatedNode node) : IPartitionRoute
{
    public Task<T> AskAsync<T>(IPartitionMessage message, TimeSpan timeout, CancellationToken cancel) => network.AskAsync<T>(node, message.Partition, message, timeout);

    public void Tell(IPartitionMessage message) => network.Send(node, message.Partition, message);
}
