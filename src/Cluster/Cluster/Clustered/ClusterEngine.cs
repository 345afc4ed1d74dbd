#if CLUSTER_RUNTIME && KAFKA
using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Runs;
using Lambda.Cluster.Actors.Node;
using Lambda.Cluster.Actors.Partitions;
using Lambda.Cluster.Actors.Runs;
using Lambda.Cluster.Embedded;
using Lambda.Cluster.Options;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ingress;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sink;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Clustered;

/// <summary>
/// The cluster edition in one process: a node that hosts its share of the partitions, answers for all of them and, if it is its turn, drives the batch runs.
/// Log, checkpoints and warehouse are shared by all nodes.
/// </summary>
internal sealed class ClusterEngine : IEngine
{
    /// <summary>Stores are asked by blocking calls on the thread pool, a few for each partition; it would grow by one thread a second only.</summary>
    private const int BlockingThreads = 64;

    private readonly ClusterParts _parts;
    private readonly ClusterNode _node;
    private readonly List<Loop> _loops = [];
    private readonly TaskCompletionSource _faulted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _stopGate = new();
    private Task? _stopping;

    private ClusterEngine(ClusterParts parts, ClusterNode node, Action<string, Exception> onError)
    {
        (_parts, _node) = (parts, node);
        var runs = new ClusterRuns(node, parts.Initial);
        parts.ServedDefinition = () => runs.Served.DefinitionHash;
        var reads = new ClusterReads(node, parts.Definitions.Views, parts.Warehouse, parts.SinkProgress(null), parts.Time);
        (Reads, Recompute, Runs) = (reads, reads, runs);
        Intake = new EngineIntake(new EventIngress(parts.Log, parts.Quarantine, parts.Time), Unfolded, () => _stopping is not null);
        Status = new ClusterStatus(node, parts.Quarantine, runs, parts.House.Status, () => _stopping is not null, parts.Time);
        Operations = new ClusterOperations(node, parts.Time);
        _loops.Add(new Loop("reports", async cancel =>
        {
            await node.Reports.RefreshAsync(cancel);
            return TimeSpan.FromMilliseconds(200);
        }, onError));
        _loops.Add(new Loop("runs", runs.RefreshAsync, onError));
        _ = node.Ended.ContinueWith(_ => EndedUnasked(), TaskScheduler.Default);
    }

    public IEventIntake Intake { get; }
    public ICustomerReads Reads { get; }
    public IBatchRuns Runs { get; }
    public IEngineStatus Status { get; }
    public IDefinitions Definitions => _parts.Definitions;
    public IQuarantine Quarantine => _parts.Quarantine;
    public IRecompute Recompute { get; }
    public IOperations Operations { get; }
    public Task Faulted => _faulted.Task;

    /// <exception cref="DataFolderException">Something the cluster stands on cannot be used: says what to do.</exception>
    public static async Task<ClusterEngine> StartAsync(LambdaOptions options, Action<string, Exception> onError, TimeProvider time, CancellationToken cancel)
    {
        ThreadPool.SetMinThreads(BlockingThreads, BlockingThreads);
        var parts = await ClusterParts.OpenAsync(options, onError, time, cancel);
        try
        {
            var horizonMs = options.DedupHorizonDays * 86_400_000L;
            var node = await ClusterNode.StartAsync(
                new NodeOptions(options.ClusterHost, options.ClusterPort, options.ClusterSeeds.Split(','), options.Roles.Split(','), options.Postgres!),
                parts.Log.Partitions, time, served => PartitionsOf(parts, options, horizonMs, served, onError),
                (journal, here) => Drive(parts, options, horizonMs, journal, here), onError, new NodeLog(onError), cancel);
            return new ClusterEngine(parts, node, onError);
        }
        catch
        {
            await parts.DisposeAsync();
            throw;
        }
    }

    public Task StopAsync(CancellationToken hurry)
    {
        lock (_stopGate) return _stopping ??= Task.Run(() => StopOnceAsync(hurry), CancellationToken.None);
    }

    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

    // --- parts ------------------------------------------------------------------------------------------------------------------

    private static PartitionParts PartitionsOf(
        ClusterParts parts, LambdaOptions options, long horizonMs, Func<CancellationToken, Task<Publication>> served, Action<string, Exception> onError)
    {
        var (key0, key1) = parts.Facts.IdKeys();
        var node = $"{options.ClusterHost}:{options.ClusterPort}";
        return new PartitionParts(
            new SpeedPorts(parts.Log, parts.Checkpoints, parts.Quarantine, parts.Definitions.Views, parts.Time), parts.Warehouse,
            new GatheredRawEvents(parts.Warehouse), new GatheredPopulation(parts.House.Population), parts.Bases,
            new KeeperLeases(parts.Leases, $"{node} {Guid.NewGuid():N}"), (_, generation) => parts.SinkProgress(generation), served,
            p => new WorkerSettings(p, horizonMs, key0, key1) { CheckpointRecords = options.CheckpointEvents, CheckpointIntervalMs = options.CheckpointSeconds * 1000L },
            new SinkPolicy(options.SinkRows, Math.Max(1, options.SinkMs - 400)), new PopulationMarks(parts.StoredFacts), node, onError);
    }

    /// <summary>Where the run actor lives: the steps of a run over the partitions of all nodes.</summary>
    private static ClusterRunDriver Drive(ClusterParts parts, LambdaOptions options, long horizonMs, IRunJournal journal, ClusterNode node)
    {
        var side = new RegionSpeedSide(node.Partitions, node.Reports, parts.Log, parts.SinkProgress(null), horizonMs, parts.Time);
        var runner = new BatchRunner(new BatchPorts(journal, parts.Warehouse, side, parts.Definitions.Views, parts.Time), parts.Initial);
        var table = new PopulationSwitch(node.Reports, parts.House.Population, parts.Definitions.Views);
        return new ClusterRunDriver(table, new EngineRuns(
            runner, parts.Background, () => parts.Facts.PendingDefinition ?? runner.History.Served.DefinitionHash,
            async (publication, cancel) =>
            {
                await side.AdoptAsync(publication, cancel);
                if (parts.Facts.PendingDefinition == publication.DefinitionHash) parts.Facts.PendingDefinition = null;
                await runner.CleanUpAsync(cancel);
            }, parts.Time, options.BatchAt) { Adopted = -1 });
    }

    private long Unfolded() => _node.Reports.All.Sum(r => r is { State: "ready" or "replaying" } ? Math.Max(0, r.End - r.Applied) : 0);

    // --- stop -------------------------------------------------------------------------------------------------------------------

    private void EndedUnasked()
    {
        if (_stopping is not null) return;
        _faulted.TrySetException(new InvalidOperationException(
            _node.HasLeft ? "this node was drained: it has handed over its partitions and left" : "the other nodes took this one for lost and went on without it; start it again"));
    }

    private async Task StopOnceAsync(CancellationToken hurry)
    {
        foreach (var loop in _loops) await loop.DisposeAsync();
        if (!hurry.IsCancellationRequested) await _node.StopAsync();
        await _node.DisposeAsync();
        await _parts.DisposeAsync();
    }
}
#endif
