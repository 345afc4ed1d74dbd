#if CLUSTER_RUNTIME
using System.Diagnostics;
using Akka.Actor;
using Akka.Configuration;
using Lambda.BatchLayer.Memory;
using Lambda.Cluster.Actors.Customers;
using Lambda.Cluster.Actors.Messages;
using Lambda.Cluster.Actors.Partitions;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sink;
using Lambda.SpeedLayer.Worker;
using Xunit;

namespace Lambda.ClusterTests.Actors;

/// <summary>One partition as an actor of a system of its own, over ports of the test's.</summary>
internal sealed class ActorPartition(PartitionParts parts, int partition) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ActorSystem _system = ActorSystem.Create("test", ConfigurationFactory.ParseString(SmallMailbox.Hocon + "\n" + InlineDispatcher.Hocon + "\nakka.loglevel = WARNING"));
    private IActorRef _actor = ActorRefs.Nobody;

    public void Start() => _actor = _system.ActorOf(Props.Create(() => new PartitionActor(partition, parts)));

    public Task<PartitionReport> ReportAsync() => _actor.Ask<PartitionReport>(new GetReport(partition), Patience);

    public Task<T> AskAsync<T>(object message) => _actor.Ask<T>(message, Patience);

    public async Task<PartitionReport> UntilAsync(Func<PartitionReport, bool> holds)
    {
        for (var watch = Stopwatch.StartNew(); ;)
        {
            var report = await ReportAsync();
            if (holds(report)) return report;
            Assert.True(watch.Elapsed < Patience, $"waited in vain; {report}");
            await Task.Delay(5);
        }
    }

    /// <summary>Until everything in the log is told.</summary>
    public Task CatchUpAsync() => UntilAsync(r => r.Applied >= parts.Speed.Log.EndOffset(partition) && r.State == "ready");

    /// <summary>A checkpoint of everything told.</summary>
    public async Task CheckpointAsync()
    {
        var applied = (await ReportAsync()).Applied;
        await AskAsync<Done>(new WriteCheckpoint(partition));
        await UntilAsync(r => r.Checkpointed >= applied);
    }

    public async Task<ReadPart[]> ReadAsync(params CustomerId[] customers) =>
        [.. (await AskAsync<ReadManyReply>(new ReadMany(partition, [.. customers.Select(c => new ReadOne(c, -1, 0))]))).Parts];

    /// <summary>Drains, checkpoints, gives the lease back.</summary>
    public async Task HandOffAsync()
    {
        var ended = _actor.WatchAsync();
        _actor.Tell(HandOff.Instance);
        await ended.WaitAsync(Patience);
    }

    /// <summary>Ends without a goodbye, as a killed process does.</summary>
    public async Task KillAsync() => await _actor.GracefulStop(Patience);

    public async ValueTask DisposeAsync() => await _system.Terminate();
}

internal sealed class MemoryMarks : IPopulationMarks
{
    private PopulationMark _mark = new(0, "");

    public PopulationMark Load(int partition) => _mark;

    public void Save(int partition, PopulationMark mark) => _mark = mark;
}

/// <summary>Leases that nobody contests.</summary>
internal sealed class FreeLeases : IPartitionLeases
{
    private long _generation;

    public bool Held { get; set; } = true;

    public Task<IPartitionLease> AcquireAsync(int partition, CancellationToken cancel) =>
        Task.FromResult<IPartitionLease>(new Lease(this, Interlocked.Increment(ref _generation)));

    /// <summary>Whoever holds one is overtaken.</summary>
    public void Overtake() => Interlocked.Increment(ref _generation);

    private sealed class Lease(FreeLeases all, long generation) : IPartitionLease
    {
        public long Generation => generation;
        public bool IsHeld => all.Held && !IsOvertaken;
        public bool IsOvertaken => Interlocked.Read(ref all._generation) > generation;

        public void Release() { }
    }
}
#endif
