using System.Globalization;
using Akka.Actor;
using Akka.Cluster.Hosting;
using Akka.Cluster.Hosting.SBR;
using Akka.Cluster.Sharding;
using Akka.Hosting;
using Akka.Pattern;
using Akka.Remote.Hosting;
using Lambda.BatchLayer.Ports;
using Lambda.Cluster.Actors.Messages;
using Lambda.Cluster.Actors.Partitions;
using Lambda.Cluster.Actors.Region;
using Lambda.Cluster.Actors.Runs;
using Lambda.Cluster.Actors.Sources;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lambda.Cluster.Actors.Node;

/// <summary>This process as a node: its actor system, the region of partitions (or the way to it) and the way to the run actor.</summary>
public sealed class ClusterNode : IAsyncDisposable
{
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan HandOverAtMost = TimeSpan.FromSeconds(30);

    private readonly IHost _host;
    private readonly IActorRef _region, _proxy, _runs;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _askedToLeave = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ClusterNode(IHost host, ActorSystem system, IActorRef region, IActorRef proxy, IActorRef runs, int partitions, TimeProvider time)
    {
        (_host, System, _region, _proxy, _runs) = (host, system, region, proxy, runs);
        Partitions = new PartitionClient(new RegionRoute(region), partitions, time);
        Reports = new PartitionReports(Partitions, time);
        system.ActorOf(Props.Create(() => new MembershipWatch(Membership)), "membership");
        system.ActorOf(Props.Create(() => new NodeActor(_askedToLeave)), NodeActor.Name);
        _ = system.WhenTerminated.ContinueWith(_ => _ended.TrySetResult(), TaskScheduler.Default);
    }

    public ActorSystem System { get; }

    public PartitionClient Partitions { get; }

    public PartitionReports Reports { get; }

    public MembershipCounts Membership { get; } = new();

    public required SourceReports<TopicStatus> Topics { get; init; }

    public required SourceReports<SourceStatus> Sources { get; init; }

    /// <summary>Completes when the actor system has ended, wanted or not: a node that was downed by the others must be started again as a new one.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Completes when somebody has asked this node to leave: its host then hands over and stops it.</summary>
    public Task AskedToLeave => _askedToLeave.Task;

    /// <param name="parts">Given the way to ask for the served publication.</param>
    /// <param name="sources">Those of others to read.</param>
    /// <param name="drive">Makes the run driver where the singleton lives, over its journal, the speed side and this node.</param>
    public static async Task<ClusterNode> StartAsync(
        NodeOptions options, int partitions, TimeProvider time, Func<Func<CancellationToken, Task<Publication>>, PartitionParts> parts,
        Func<IRunJournal, ClusterNode, IRunDriver> drive, NodeSources sources, Action<string, Exception> onError, ILoggerProvider log, CancellationToken cancel)
    {
        var started = new TaskCompletionSource<ClusterNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        var here = parts(async ct => await (await started.Task.WaitAsync(ct)).ServedAsync(ct));
        var builder = new HostBuilder();
        builder.ConfigureServices(services =>
        {
            services.AddSingleton<IHostLifetime>(new HostsOwnLifetime());
            services.AddLogging(logging => logging.ClearProviders().AddProvider(log).SetMinimumLevel(LogLevel.Warning));
            services.AddAkka("lambda", (akka, _) => Configure(akka, options, here, sources, journal => drive(journal, started.Task.GetAwaiter().GetResult()), time, onError));
        });
        var host = builder.Build();
        await host.StartAsync(cancel);
        var registry = host.Services.GetRequiredService<ActorRegistry>();
        var proxy = await registry.GetAsync<PartitionProxy>(cancel);
        var region = options.Roles.Contains(NodeOptions.Speed) ? await registry.GetAsync<PartitionRegion>(cancel) : proxy;
        var runs = await registry.GetAsync<RunSingleton>(cancel);
        var node = new ClusterNode(host, host.Services.GetRequiredService<ActorSystem>(), region, proxy, runs, partitions, time)
        {
            Topics = await ReportsAsync(sources.Topics), Sources = await ReportsAsync(sources.Polled),
        };
        started.SetResult(node);
        return node;

        async Task<SourceReports<T>> ReportsAsync<T>(SourceParts<T> read) where T : class => new(await registry.GetAsync<SourceRegion<T>>(cancel), read.Kind, read.Names, time);
    }

    private static void Configure(
        AkkaConfigurationBuilder akka, NodeOptions options, PartitionParts parts, NodeSources sources, Func<IRunJournal, IRunDriver> drive, TimeProvider time, Action<string, Exception> onError)
    {
        akka.ConfigureLoggers(loggers =>
        {
            loggers.ClearLoggers();
            loggers.AddLoggerFactory();
        });
        akka.AddHocon(NodeConfig.Of(options), HoconAddMode.Prepend);
        akka.AddHocon(sources.Fallback, HoconAddMode.Append);
        akka.WithRemoting(new RemoteOptions { HostName = options.Host, PublicHostName = options.Host, Port = options.Port });
        akka.WithClustering(new ClusterOptions
        {
            Roles = [.. options.Roles],
            SeedNodes = [.. options.Seeds.Select(s => $"akka.tcp://lambda@{s}")],
            SplitBrainResolver = new KeepMajorityOption(),
        });
        if (options.Roles.Contains(NodeOptions.Speed))
            akka.WithShardRegion<PartitionRegion>(
                "partition", (_, _, _) => id => Props.Create(() => new PartitionActor(int.Parse(id, CultureInfo.InvariantCulture), parts)), new PartitionExtractor(),
                new ShardOptions { Role = NodeOptions.Speed, StateStoreMode = StateStoreMode.DData, RememberEntities = true, HandOffStopMessage = HandOff.Instance });
        akka.WithShardRegionProxy<PartitionProxy>("partition", NodeOptions.Speed, new PartitionExtractor());
        WithSources(akka, options, sources.Topics);
        WithSources(akka, options, sources.Polled);
        WithRuns(akka, options, drive, time, onError);
    }

    /// <summary>Also where none are listed: a region must be known on all nodes of its role.</summary>
    private static void WithSources<T>(AkkaConfigurationBuilder akka, NodeOptions options, SourceParts<T> read) where T : class
    {
        if (options.Roles.Contains(NodeOptions.Speed))
            akka.WithShardRegion<SourceRegion<T>>(
                read.Kind.Name, (_, _, _) => source => Props.Create(() => new SourceActor<T>(source, read)), new SourceExtractor(),
                new ShardOptions { Role = NodeOptions.Speed, StateStoreMode = StateStoreMode.DData, RememberEntities = false, HandOffStopMessage = HandOff.Instance });
        else akka.WithShardRegionProxy<SourceRegion<T>>(read.Kind.Name, NodeOptions.Speed, new SourceExtractor());
    }

    private static void WithRuns(AkkaConfigurationBuilder akka, NodeOptions options, Func<IRunJournal, IRunDriver> drive, TimeProvider time, Action<string, Exception> onError)
    {
        var singleton = new ClusterSingletonOptions { Role = NodeOptions.Batch, BufferSize = 1_000 };
        if (!options.Roles.Contains(NodeOptions.Batch))
        {
            akka.WithSingletonProxy<RunSingleton>("runs", singleton);
            return;
        }
        // A journal that is away for the moment stops the actor: it is started again, and recovers.
        var runs = Props.Create(() => new RunActor(drive, onError, time, TaskScheduler.Default));
        var supervisor = BackoffSupervisor.Props(Backoff.OnStop(runs, "run", TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(5), 0.1, -1));
        akka.WithSingleton<RunSingleton>("runs", supervisor, singleton);
    }

    // --- the run actor ----------------------------------------------------------------------------------------------------------

    /// <exception cref="AskTimeoutException">The singleton is moving, or its node is lost.</exception>
    public Task<object> AskRunsAsync(object message, CancellationToken cancel) => _runs.Ask<object>(message, AskTimeout, cancel);

    /// <summary>The publication that is served, from the one who knows; asked until it answers.</summary>
    public async Task<Publication> ServedAsync(CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                if (await AskRunsAsync(new GetServed(), cancel) is RunList list) return list.Served;
            }
            catch (AskTimeoutException)
            {
                await Task.Delay(Pause, cancel);
            }
        }
    }

    // --- the cluster ------------------------------------------------------------------------------------------------------------

    /// <summary>This node's address, `host:port`.</summary>
    public string Address => Name(global::Akka.Cluster.Cluster.Get(System).SelfAddress);

    public IReadOnlyList<(string Address, string Status, IReadOnlyList<string> Roles, bool Reachable)> Members()
    {
        var state = global::Akka.Cluster.Cluster.Get(System).State;
        return [.. state.Members.Select(m => (Name(m.Address), m.Status.ToString(), (IReadOnlyList<string>)[.. m.Roles], !state.Unreachable.Contains(m)))];
    }

    /// <summary>True on the node where the run actor lives, as far as this node knows; for a moment it may be so on two or none.</summary>
    public bool DrivesRuns
    {
        get
        {
            var cluster = global::Akka.Cluster.Cluster.Get(System);
            var oldest = cluster.State.Members.Where(m => m.Status == global::Akka.Cluster.MemberStatus.Up && m.HasRole(NodeOptions.Batch)).Order(global::Akka.Cluster.Member.AgeOrdering).FirstOrDefault();
            return oldest?.UniqueAddress.Equals(cluster.SelfUniqueAddress) == true;
        }
    }

    /// <summary>True when the node left because somebody asked it to; false when the others took it for lost.</summary>
    public bool HasLeft => CoordinatedShutdown.Get(System).ShutdownReason is CoordinatedShutdown.ClusterLeavingReason;

    /// <summary>Asks a node to hand over its partitions and leave. It is asked directly: by the cluster's gossip it would hear of it more than a second later.</summary>
    public async Task AskToLeaveAsync(string address, CancellationToken cancel)
    {
        try
        {
            var node = System.ActorSelection(new RootActorPath(Bootstrap.AddressOf(address, System.Name)) / "user" / NodeActor.Name);
            await node.Ask<Leaving>(new LeaveCluster(), AskTimeout, cancel);
        }
        catch (AskTimeoutException)
        {
            global::Akka.Cluster.Cluster.Get(System).Leave(Bootstrap.AddressOf(address, System.Name)); // it is of an older version, or very busy
        }
    }

    /// <summary>Gives this node's partitions to others. It stays a member, and still answers for all partitions by asking their new owners.</summary>
    public async Task HandOverAsync(CancellationToken hurry)
    {
        Partitions.GoBy(new RegionRoute(_proxy));
        if (_region.Equals(_proxy)) return;
        try
        {
            await _region.GracefulStop(HandOverAtMost, GracefulShutdown.Instance).WaitAsync(hurry);
        }
        catch (OperationCanceledException)
        {
            // Somebody is in a hurry, or there is nobody to take them: what is left expires with its leases.
        }
    }

    /// <summary>Hands over what it still hosts, leaves the cluster, ends the actor system.</summary>
    public async Task StopAsync()
    {
        await CoordinatedShutdown.Get(System).Run(CoordinatedShutdown.ClusterLeavingReason.Instance);
        await System.WhenTerminated;
    }

    public async ValueTask DisposeAsync()
    {
        await System.Terminate();
        _host.Dispose();
    }

    private static string Name(Address address) => Bootstrap.NameOf(address);

    /// <summary>The process is the host's: its signals are not handled here.</summary>
    private sealed class HostsOwnLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
