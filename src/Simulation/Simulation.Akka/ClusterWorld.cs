using Lambda.Domain.Events;
using Lambda.Domain.Views;
using Lambda.Simulation.Actors.Ground;
using Lambda.Simulation.Actors.Machine;
using Lambda.Simulation.Actors.Nodes;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Sink;
using Lambda.SpeedLayer.Worker;
using Lambda.Cluster.Actors.Partitions;

namespace Lambda.Simulation.Actors;

/// <summary>A cluster on simulated time: the installation, the nodes that run now, and who shall host what.</summary>
internal sealed class ClusterWorld
{
    /// <summary>A move that is not over by then goes on without who shall leave, as in Akka's sharding.</summary>
    private const long HandOffTimeoutMs = 10_000;

    private readonly Lane _outside;
    private readonly NodeTraits _traits;
    private readonly SimulatedNode[] _nodes;
    private readonly MemoryBaseStore[] _disks;
    private int _started;

    public ClusterWorld(Chance chance, IReadOnlyList<ViewDefinition> definitions)
    {
        Loop = new Loop(chance, 1_700_000_000_000);
        _outside = Loop.NewLane("outside");
        var (partitions, horizonMs) = (1 + chance.Below(3), chance.Pick([3_600_000L, Clock.MsPerDay, 7 * Clock.MsPerDay]));
        Ground = new Installation(_outside.Time, definitions, partitions, horizonMs);
        Network = new Network(Loop, _outside, Ground);
        Law = new Law(Loop, Ground, Network);
        _traits = Traits(chance, horizonMs);
        _nodes = new SimulatedNode[2 + chance.Below(2)];
        _disks = [.. _nodes.Select(_ => new MemoryBaseStore())];
        for (var slot = 0; slot < _nodes.Length; slot++) Start(slot);
        for (var p = 0; p < partitions; p++) Home(p, chance.Pick(_nodes));
        Home(HostActor.Runs, chance.Pick(_nodes));
    }

    public Loop Loop { get; }
    public Installation Ground { get; }
    public Network Network { get; }
    public Law Law { get; }
    public FaultRates Rates { get; set; } = new(0, 0);
    public IReadOnlyList<SimulatedNode> Nodes => _nodes;
    public int Partitions => Ground.Partitions;

    /// <summary>Processes that ended without a goodbye.</summary>
    public long Crashes { get; private set; }

    public long Moves { get; private set; }

    // --- nodes ------------------------------------------------------------------------------------------------------------------

    /// <summary>A new process in the place of a dead one.</summary>
    public void Start(int slot)
    {
        if (_nodes[slot] is { IsAlive: true }) return;
        if (Loop.Chance.OneIn(6)) _disks[slot] = new MemoryBaseStore(); // another machine
        _nodes[slot] = new SimulatedNode($"node-{slot}.{++_started}", Loop, Ground, Network, _disks[slot], _traits, () => Rates,
            node => new NodeChecks(row => Law.Check(node.Name, row), (where, why) => Law.CheckError(node.Name, where, why)));
    }

    public void Kill(int slot)
    {
        if (!_nodes[slot].IsAlive) return;
        _nodes[slot].Lane.Kill();
        Crashes++;
    }

    // --- who hosts what -----------------------------------------------------------------------------------------------------------

    /// <summary>What has no home that lives, gets one.</summary>
    public void HomeTheHomeless()
    {
        var alive = _nodes.Where(n => n.IsAlive && n.Lane.State == LaneState.Running).ToList();
        if (alive.Count == 0) return;
        for (var what = HostActor.Runs; what < Partitions; what++)
            if (Network.HomeOf(what) is not { IsAlive: true }) Home(what, Loop.Chance.Pick(alive));
    }

    /// <summary>It leaves when it has given over, and begins where it shall be when it has left.</summary>
    public void Move(int what, SimulatedNode to)
    {
        var from = Network.HomeOf(what);
        if (from == to || !to.IsAlive) return;
        Moves++;
        if (from is not { IsAlive: true })
        {
            Home(what, to);
            return;
        }
        from.Leave(what, gracefully: true);
        AwaitLeft(what, from, to, Loop.NowMs + HandOffTimeoutMs);
    }

    private void AwaitLeft(int what, SimulatedNode from, SimulatedNode to, long untilMs) => Loop.Ring(_outside, 25, () =>
    {
        if (Network.HomeOf(what) != from || Loop.IsCalm) return; // something else came in between
        if (from.IsAlive && from.Hosted.ContainsKey(what) && Loop.NowMs < untilMs) AwaitLeft(what, from, to, untilMs);
        else if (to.IsAlive) Home(what, to);
        else if (from.IsAlive) Home(what, from);
    });

    /// <summary>The cluster has given up on who hosts it, who goes on until it hears of that: two owners at once.</summary>
    public void Force(int what, SimulatedNode to)
    {
        var from = Network.HomeOf(what);
        if (from == to || !to.IsAlive) return;
        Moves++;
        Home(what, to);
        if (from is not null) Loop.Ring(from.Lane, Loop.Chance.Below(15_000), () =>
        {
            if (Network.HomeOf(what) != from) from.Leave(what, gracefully: Loop.Chance.OneIn(2));
        });
    }

    public void Home(int what, SimulatedNode node)
    {
        var anew = Network.HomeOf(what) != node;
        Network.Settle(what, node);
        node.Take(what, anew);
    }

    // --- no more faults -----------------------------------------------------------------------------------------------------------

    /// <summary>Every node runs and hears everybody, each partition is where it shall be and nowhere else.</summary>
    public void Heal()
    {
        Loop.IsCalm = true;
        (Rates, Network.Rates) = (new FaultRates(0, 0), new NetworkRates(0, 0, 0, 0));
        for (var slot = 0; slot < _nodes.Length; slot++)
        {
            Start(slot);
            var node = _nodes[slot];
            node.Lane.Thaw();
            node.Lane.StallOneIn = 0;
            (node.IsAlone, node.Faults.IsCutOff, node.Faults.IsLogAway) = (false, false, false);
        }
        HomeTheHomeless();
        for (var what = HostActor.Runs; what < Partitions; what++)
            foreach (var node in _nodes)
                if (node == Network.HomeOf(what)) node.Take(what, anew: false);
                else node.Leave(what, gracefully: true);
    }

    private static NodeTraits Traits(Chance chance, long horizonMs)
    {
        var limits = new PartitionLimits
        {
            SliceRecords = chance.Pick([3, 16, 2_048]), RecordsInFlight = chance.Pick([5, 64, 8_192]), ReadBytes = chance.Pick([1, 2 << 20]), RecordsQueued = chance.Pick([8, 16_384]),
            Residents = chance.Pick([1, 4, 400_000]), IdleCheckpoints = chance.Pick([1, 2, 10]), PopulationRows = chance.Pick([2, 5_000]),
        };
        var (records, intervalMs) = (chance.Pick([3L, 40, 5_000]), chance.Pick([1_000L, 5_000, 60_000]));
        return new NodeTraits(
            limits, chance.Pick([new SinkPolicy(1, 1), new SinkPolicy(50, 500)]),
            p => new WorkerSettings(p, horizonMs, 1, 2) { CheckpointRecords = records, CheckpointIntervalMs = intervalMs }, chance.Pick([0, 60, 15]));
    }
}
