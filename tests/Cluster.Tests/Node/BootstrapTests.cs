#if CLUSTER_RUNTIME
using System.Collections.Concurrent;
using System.Diagnostics;
using Akka.Actor;
using Akka.Configuration;
using Lambda.Cluster.Actors.Node;
using Lambda.SpeedLayer.Leases;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Ports;
using Xunit;

namespace Lambda.ClusterTests.Node;

/// <summary>Real actor systems in this process, names that show what the test wants, leases in memory.</summary>
public sealed class BootstrapTests : IAsyncLifetime
{
    private static readonly LeaseTimes ShortLease = LeaseTimes.Default with { Expiry = TimeSpan.FromSeconds(2) };
    private readonly MemoryLeaseStore _leases = new(TimeProvider.System, ShortLease);
    private readonly ConcurrentDictionary<string, bool> _known = new();
    private readonly List<Started> _nodes = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var node in _nodes) await node.DisposeAsync();
    }

    [Fact]
    public async Task Nodes_WhenAllStartAtOnceAndEachSeesOnlyItself_FormOneClusterOnceTheySeeEachOther()
    {
        var alone = Enumerable.Range(0, 3).Select(_ => Start(self => [self])).ToList(); // DNS does not show the others yet
        await UntilAsync(() => alone.Any(n => n.Members.Count == 1));
        await Task.Delay(1_500); // time enough for the others to found theirs, if they did
        Assert.Single(alone, n => n.Members.Count > 0);
        foreach (var node in alone) _known[node.Name] = true;
        foreach (var node in alone) node.Names = _ => [.. _known.Keys];
        await UntilAsync(() => alone.All(n => n.Members.Count == 3) && alone.Select(n => n.Leader).Distinct().Count() == 1); // they hear of each other one after the other
    }

    [Fact]
    public async Task Node_WhenNobodyAnswersButAClusterLives_DoesNotFoundAnother()
    {
        var first = Start(self => [self]);
        await UntilAsync(() => first.Members.Count == 1);
        var cutOff = Start(self => [self, "127.0.0.1:9"]); // nobody listens there
        await Task.Delay(4_000); // twice what a lease lasts
        Assert.Empty(cutOff.Members);
        cutOff.Names = _ => [first.Name];
        await UntilAsync(() => cutOff.Members.Count == 2);
    }

    [Fact]
    public async Task Node_WhenTheWholeClusterIsGone_FoundsANewOne()
    {
        var first = Start(self => [self]);
        await UntilAsync(() => first.Members.Count == 1);
        await first.KillAsync();
        var next = Start(self => [self, first.Name]);
        await UntilAsync(() => next.Members.Count == 1);
    }

    [Fact]
    public async Task Lease_WhenTheLeaderLeaves_IsHeldByTheNext()
    {
        var first = Start(self => [self]);
        await UntilAsync(() => first.Members.Count == 1);
        var second = Start(self => [self, first.Name]);
        await UntilAsync(() => second.Members.Count == 2);
        await first.LeaveAsync();
        await UntilAsync(() => second.Leader == second.Name && second.Leases.Holds);
        Assert.False(first.Leases.Holds);
    }

    [Fact]
    public async Task Lease_WhenTheLeaderIsLost_IsNotForAStrangerBeforeTheNextLeaderHadTimeToTakeIt()
    {
        var first = Start(self => [self]);
        await UntilAsync(() => first.Members.Count == 1);
        await first.KillAsync();
        var stranger = Start(self => [self, "127.0.0.1:9"]); // a cluster that nobody lets it see lives
        await UntilAsync(() => _leases.Acquire(-1, "127.0.0.1:1 the next").IsGranted); // as a leader asks, a hundred times a second
        await Task.Delay(3_000);
        Assert.Empty(stranger.Members);
        Assert.False(stranger.Leases.Holds);
    }

    [Fact]
    public async Task Cluster_WhenAnotherHoldsTheLease_EndsItself()
    {
        var first = Start(self => [self]);
        await UntilAsync(() => first.Members.Count == 1);
        ILeaseStore other = new MemoryLeaseStore(TimeProvider.System, ShortLease);
        first.Leases.Inner = other; // as after a pause longer than the lease: another has founded one meanwhile
        _ = other.Acquire(-1, "127.0.0.1:1 another");
        var generation = other.Acquire(-1, "127.0.0.1:1 another").Generation; // higher than what the first had
        await UntilAsync(() => other.Renew(-1, generation) && first.Fault is ClusterBesideException);
    }

    [Fact]
    public async Task Names_WhenResolvedForReal_AreAddressesOfThisNodesFamily()
    {
        Assert.Equal(["127.0.0.1:8361"], await new DnsNodeNames(["localhost:8361"], "127.0.0.1").ResolveAsync(default));
        Assert.Equal(["127.0.0.2:1", "127.0.0.3:2"], await new DnsNodeNames(["127.0.0.3:2", "127.0.0.2:1", "127.0.0.2:1"], "127.0.0.1").ResolveAsync(default));
        Assert.Empty(await new DnsNodeNames(["no-such-node.invalid:8361"], "127.0.0.1").ResolveAsync(default));
    }

    private Started Start(Func<string, IReadOnlyList<string>> names)
    {
        var node = new Started(names, _leases);
        _nodes.Add(node);
        return node;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var watch = Stopwatch.StartNew(); !condition();)
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), "did not come in 60 s");
            await Task.Delay(50);
        }
    }

    private sealed class Started : INodeNames, IAsyncDisposable
    {
        private readonly ActorSystem _system = ActorSystem.Create("lambda", ConfigurationFactory.ParseString("""
            akka {
              loglevel = OFF
              stdout-loglevel = OFF
              actor.provider = cluster
              remote.dot-netty.tcp.hostname = "127.0.0.1"
              remote.dot-netty.tcp.port = 0
              coordinated-shutdown.exit-clr = off
            }
            """));
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _stepping;

        public Started(Func<string, IReadOnlyList<string>> names, ILeaseStore leases)
        {
            (Names, Leases) = (names, new Switched { Inner = leases });
            var bootstrap = new Bootstrap(_system, this, Leases, TimeProvider.System) { AskFor = TimeSpan.FromMilliseconds(500), FreeFor = TimeSpan.FromSeconds(1), BesideFor = TimeSpan.FromSeconds(3) };
            _stepping = Task.Run(async () =>
            {
                try
                {
                    while (!_stop.IsCancellationRequested)
                    {
                        await bootstrap.StepAsync(_stop.Token);
                        await Task.Delay(100, _stop.Token);
                    }
                }
                catch (Exception e) when (e is OperationCanceledException or ClusterBesideException)
                {
                    Fault = e;
                }
            });
        }

        public Func<string, IReadOnlyList<string>> Names { get; set; }
        public Switched Leases { get; }
        public Exception? Fault { get; private set; }
        public string Name => $"127.0.0.1:{Cluster.SelfAddress.Port}";
        public IReadOnlyCollection<object> Members => Cluster.State.Members;
        public string Leader => $"127.0.0.1:{Cluster.State.Leader?.Port}";
        private Akka.Cluster.Cluster Cluster => Akka.Cluster.Cluster.Get(_system);

        public Task<IReadOnlyList<string>> ResolveAsync(CancellationToken cancel) => Task.FromResult(Names(Name));

        /// <summary>Without a word to anybody.</summary>
        public async Task KillAsync()
        {
            await _stop.CancelAsync();
            await _stepping;
            await ((Akka.Remote.RemoteActorRefProvider)((ExtendedActorSystem)_system).Provider).Transport.Shutdown();
        }

        public async Task LeaveAsync() => await Cluster.LeaveAsync();

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _stepping;
            await _system.Terminate();
            _stop.Dispose();
        }
    }

    private sealed class Switched : ILeaseStore
    {
        public required ILeaseStore Inner { get; set; }

        /// <summary>The node has the lease, as far as it knows.</summary>
        public bool Holds { get; private set; }

        public LeaseAnswer Acquire(int partition, string owner, TimeSpan freeFor = default)
        {
            var answer = Inner.Acquire(partition, owner, freeFor);
            Holds = answer.IsGranted;
            return answer;
        }

        public IReadOnlyList<bool> Renew(IReadOnlyList<(int Partition, long Generation)> held) => Inner.Renew(held);

        public void Release(int partition, long generation)
        {
            Inner.Release(partition, generation);
            Holds = false;
        }
    }
}
#endif
