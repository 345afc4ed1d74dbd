using Akka.Actor;
using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Runs;
using Lambda.Cluster.Actors;
using Lambda.Cluster.Actors.Messages;
using Lambda.Cluster.Actors.Partitions;
using Lambda.Cluster.Actors.Region;
using Lambda.Cluster.Actors.Runs;
using Lambda.Domain.Log;
using Lambda.Simulation.Actors.Ground;
using Lambda.Simulation.Actors.Machine;
using Lambda.SpeedLayer.Leases;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sink;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Simulation.Actors.Nodes;

/// <summary>What a scenario's nodes are like.</summary>
internal sealed record NodeTraits(PartitionLimits Limits, SinkPolicy Sink, Func<int, WorkerSettings> Settings, int StallOneIn);

/// <summary>One process of the cluster: an actor system with everything of the cluster edition in it but Akka's own clustering.</summary>
internal sealed class SimulatedNode
{
    private static readonly TimeSpan ServedTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ServedPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ReportsPause = TimeSpan.FromMilliseconds(200);

    private readonly Installation _ground;
    private readonly Network _network;
    private readonly PartitionParts _parts;
    private readonly LeaseKeeper _keeper;
    private readonly PartitionReports _reports;
    private readonly IActorRef _host;
    private readonly bool _isNewer;

    /// <param name="name">Of this process: one that is started again is another.</param>
    /// <param name="disk">Base files, which outlive it.</param>
    public SimulatedNode(string name, Loop loop, Installation ground, Network network, IBaseStore disk, NodeTraits traits, Func<FaultRates> rates, Func<SimulatedNode, NodeChecks> checks)
    {
        (Name, _ground, _network, _isNewer) = (name, ground, network, loop.Chance.OneIn(2));
        Lane = loop.NewLane(name);
        Lane.StallOneIn = traits.StallOneIn;
        Faults = new NodeFaults(Lane, rates);
        var check = checks(this);
        var log = new NodeLog(ground, Faults, Lane.Time, network.Later);
        var warehouse = new NodeWarehouse(ground.Warehouse, Faults, check.Row);
        _keeper = new LeaseKeeper(new NodeLeases(ground, Faults), Lane.Time, _ => { });
        _parts = new PartitionParts(
            new SpeedPorts(log, new NodeCheckpoints(ground, Faults, name), ground.Quarantine, ground.Views, Lane.Time), warehouse, warehouse, warehouse,
            new NodeBases(disk, Faults), new KeeperLeases(_keeper, name), (_, generation) => new NodeSinkProgress(ground, Faults, name, generation), _ => ServedAsync(),
            traits.Settings, traits.Sink, new NodeMarks(ground, Faults), name, check.Error) { Limits = traits.Limits, Background = Lane.Tasks };
        var system = (ExtendedActorSystem)LaneSystem.Start(new LaneSetup(Lane, new NodeRunEvents(ground, Faults, Written)));
        (Provider, Wire) = (system.Provider, new ClusterSerializer(system));
        Client = new PartitionClient(new NetworkRoute(network, this), ground.Partitions, Lane.Time);
        _reports = new PartitionReports(Client, Lane.Time);
        _host = system.ActorOf(Props.CreateBy(new Maker<HostActor>(() => new HostActor(this))));
        loop.Ring(Lane, 1, () => Lane.Post(_keeper.RenewAll), (long)LeaseTimes.Default.RenewEvery.TotalMilliseconds);
        _ = Lane.Tasks.Run(RefreshAsync);
    }

    public string Name { get; }
    public Lane Lane { get; }
    public NodeFaults Faults { get; }
    public IActorRefProvider Provider { get; }
    public ClusterSerializer Wire { get; }
    public PartitionClient Client { get; }

    /// <summary>What it shall host, and the actors of what it does.</summary>
    public HashSet<int> Wanted { get; } = [];

    public Dictionary<int, IActorRef> Hosted { get; } = [];

    /// <summary>Cut off from the other nodes.</summary>
    public bool IsAlone { get; set; }

    public bool IsAlive => Lane.State != LaneState.Dead;

    /// <summary>As this node writes it: half of them are of the next version already.</summary>
    public (string Manifest, byte[] Bytes) Encode(object message)
    {
        var (manifest, bytes) = (Wire.Manifest(message), Wire.ToBinary(message));
        return (manifest, _isNewer ? NewerWire.Extend(manifest, bytes) : bytes);
    }

    public PartitionReport? ReportOf(int partition) => _reports.Of(partition);

    public void Take(int what, bool anew) => _host.Tell(new HostActor.Take(what, anew));

    public void Leave(int what, bool gracefully) => _host.Tell(new HostActor.Leave(what, gracefully));

    public Props PropsOf(int what) => what == HostActor.Runs
        ? Props.CreateBy(new Maker<RunActor>(() => new RunActor(Drive, _parts.OnError, Lane.Time, Lane.Tasks)))
        : Props.CreateBy(new Maker<PartitionActor>(() => new PartitionActor(what, _parts)));

    private SimulatedRuns Drive(IRunJournal journal)
    {
        var side = new RegionSpeedSide(Client, _reports, _parts.Speed.Log, new NodeSinkProgress(_ground, Faults, Name, null), _ground.HorizonMs, Lane.Time);
        return new SimulatedRuns(new BatchRunner(new BatchPorts(journal, _parts.Warehouse, side, _ground.Views, Lane.Time), _ground.Initial), side, _ground);
    }

    private async Task<Publication> ServedAsync()
    {
        while (true)
        {
            try
            {
                return (await _network.AskAsync<RunList>(this, HostActor.Runs, new GetServed(), ServedTimeout)).Served;
            }
            catch (AskTimeoutException)
            {
                await Task.Delay(ServedPause, Lane.Time);
            }
        }
    }

    private async Task RefreshAsync()
    {
        while (true)
        {
            await _reports.RefreshAsync(CancellationToken.None);
            await Task.Delay(ReportsPause, Lane.Time);
        }
    }

    /// <summary>What is read of it again, by nodes of this version.</summary>
    private object Written(object happened)
    {
        var (manifest, bytes) = Encode(happened);
        return Wire.FromBinary(bytes, manifest);
    }

    private sealed class Maker<T>(Func<T> make) : IIndirectActorProducer where T : ActorBase
    {
        public Type ActorType => typeof(T);

        public ActorBase Produce() => make();

        public void Release(ActorBase actor) { }
    }
}

/// <summary>What a node tells the checks.</summary>
internal sealed record NodeChecks(Action<PopulationRow> Row, Action<string, Exception> Error);
