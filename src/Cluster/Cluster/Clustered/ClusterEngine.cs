#if CLUSTER_RUNTIME && KAFKA
using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Privacy;
using Lambda.BatchLayer.Runs;
using Lambda.Cluster.Actors.Messages;
using Lambda.Cluster.Actors.Node;
using Lambda.Cluster.Actors.Partitions;
using Lambda.Cluster.Actors.Region;
using Lambda.Cluster.Actors.Runs;
using Lambda.Cluster.Embedded;
using Lambda.Cluster.Fraud;
using Lambda.Cluster.Options;
using Lambda.Cluster.Privacy;
using Lambda.Cluster.Sources;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Log;
using Lambda.Serving.Authorizations;
using Lambda.Serving.Cases;
using Lambda.Serving.Customer;
using Lambda.Serving.Export;
using Lambda.Serving.Identity;
using Lambda.Serving.Ports;
using Lambda.Serving.Search;
using Lambda.Serving.Security;
using Lambda.Serving.Segments;
using Lambda.SpeedLayer.Estimates;
using Lambda.SpeedLayer.Cards;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Postgres;
using Lambda.SpeedLayer.Segments;
using Lambda.SpeedLayer.Sink;
using Lambda.SpeedLayer.Worker;
using Lambda.Warehouse.Privacy;

namespace Lambda.Cluster.Clustered;

/// <summary>
/// The cluster edition in one process: a node that hosts its share of the partitions, answers for all of them and, if it is its turn, drives the batch runs.
/// Log, checkpoints and warehouse are shared by all nodes.
/// </summary>
internal sealed class ClusterEngine : IEngine
{
    /// <summary>Stores are asked by blocking calls on the thread pool, a few for each partition; it would grow by one thread a second only.</summary>
    private const int BlockingThreads = 64;

    /// <summary>How often a node looks what others merged.</summary>
    private static readonly TimeSpan IdentityEvery = TimeSpan.FromMilliseconds(250);

    private readonly ClusterParts _parts;
    private readonly ClusterNode _node;
    private readonly Bootstrap? _bootstrap;
    private readonly ModelFitting _models;
    private readonly FraudBatch _fraud;
    private readonly FraudRuleBook _rules;
    private readonly List<Loop> _loops = [];
    private readonly TaskCompletionSource _faulted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _stopGate = new();
    private readonly Analytics _analytics;
    private readonly SegmentServices _segments;
    private Task? _stopping;
    private volatile bool _isHandingOver;

    private ClusterEngine(ClusterParts parts, ClusterNode node, ClusterTopics topics, PolledSources polled, Bootstrap? bootstrap, LambdaOptions options, Action<string, Exception> onError)
    {
        (_parts, _node, _bootstrap) = (parts, node, bootstrap);
        var runs = new ClusterRuns(node, parts.Initial);
        parts.ServedDefinition = () => runs.Served.DefinitionHash;
        var reads = new ClusterReads(node, parts.Definitions.Views, parts.Warehouse, parts.SinkProgress(null), () => runs.Served, parts.Time);
        (Reads, Recompute, Runs) = (new PersonReads(reads, parts.Identities, parts.Time), reads, runs);
        Identity = new IdentityDesk(parts.Identities, reads, parts.Time);
        parts.Persons = new RegionPersons(parts.Identities, node.Partitions);
        _loops.Add(new Loop("identity", _ =>
        {
            parts.Identities.CatchUp();
            return Task.FromResult(IdentityEvery);
        }, onError));
        Intake = new EngineIntake(topics.Ingress, Unfolded, () => _stopping is not null);
        var policy = Policies.Read(options.FraudPolicy);
        Authorizations = new AuthorizationFront(new ClusterAuthorizer(node, () => _stopping is not null), parts.Cards, parts.CardTokens, () => policy, parts.Time);
        Cases = new CaseParts(parts.Cases);
        Imports = new PostgresImportJournal(parts.Database);
        (topics.Unfolded, polled.Unfolded) = (Unfolded, Unfolded);
        Status = new ClusterStatus(node, parts.Quarantine, runs, parts.House.Status, () => _isHandingOver || _stopping is not null, parts.Time);
        Operations = new ClusterOperations(node, parts.Time);
        _analytics = new Analytics(parts.House, parts.Definitions, parts.Facts, parts.StoredFacts, options, Operations.Node, parts.Time, onError);
        _segments = new SegmentServices(parts.Segments, new WebhookSecrets(SecretReader.Read("webhook_key", options.WebhookKey, Environment.GetEnvironmentVariable)), options, parts.Time, onError);
        var ledger = new ErasureLedger(parts.StoredFacts);
        Erasures = new EngineErasures(parts.Log, reads, ledger, Pseudonyms, parts.Time);
        var erasing = Erasing(parts, ledger, runs, node, _analytics.Parts.Exports, options);
        parts.LogNeededFrom = p => ErasureRunner.KeepFrom(ledger.All(), p, erasing.StoresBeforeLog);
        _loops.Add(new Loop("erasures", async cancel => node.DrivesRuns && await erasing.StepAsync(cancel) ? TimeSpan.FromSeconds(1) : TimeSpan.FromSeconds(5), onError));
        _models = new ModelFitting(parts.Models);
        _loops.Add(new Loop("models", cancel => node.DrivesRuns ? _models.StepAsync(runs.Served, cancel) : _models.RefreshAsync(), onError));
        _fraud = parts.Fraud(options, onError);
        _rules = parts.Rules(options, onError);
        _loops.Add(new Loop("fraud rules", _ => _rules.StepAsync(), onError));
        Replay = new DecisionReplay(reads, _fraud.Models.ModelAsync, _fraud.Models.TableAsync, _rules.ByHash, () => policy);
        var sunk = parts.SinkProgress(null);
        RuleBacktest = new RecordedBacktest(parts.House.FraudHistory, parts.Log.Partitions, p => sunk.Load(p).Next, _rules.ByHash, () => policy);
        _loops.Add(new Loop("fraud", cancel => node.DrivesRuns ? _fraud.StepAsync(runs.Served, cancel) : _fraud.RefreshAsync(cancel), onError));
        _loops.Add(new Loop("reports", async cancel =>
        {
            await node.Reports.RefreshAsync(cancel);
            return TimeSpan.FromMilliseconds(200);
        }, onError));
        _loops.Add(new Loop("sources", async cancel =>
        {
            await Task.WhenAll(node.Topics.RefreshAsync(cancel), node.Sources.RefreshAsync(cancel));
            return TimeSpan.FromSeconds(1);
        }, onError));
        _loops.Add(new Loop("runs", runs.RefreshAsync, onError));
        _loops.Add(new Loop("verdicts", new CaseLabels(parts.Cases, Intake, onError).StepAsync, onError));
        if (bootstrap is not null) _loops.Add(new Loop("membership", BootstrapAsync, onError));
        _ = node.Ended.ContinueWith(_ => EndedUnasked(), TaskScheduler.Default);
    }

    public IEventIntake Intake { get; }
    public ICustomerReads Reads { get; }
    public IBatchRuns Runs { get; }
    public IEngineStatus Status { get; }
    public IDefinitions Definitions => _parts.Definitions;
    public IQuarantine Quarantine => _parts.Quarantine;
    public IImportJournal Imports { get; }
    public IRecompute Recompute { get; }
    public IOperations Operations { get; }
    public PopulationParts Population => _analytics.Parts;
    public SegmentParts Segments => _segments.Parts;
    public IModels Models => _models;
    public IFraudModels FraudModels => _fraud;
    public IApiKeys Keys => _parts.Keys;
    public IAuditStore Audit => _parts.Audit;
    public CustomerPseudonym Pseudonyms => _parts.Facts.Pseudonyms();
    public IAuthorizations? Authorizations { get; }
    public IAuthorizationRecords AuthorizationRecords => _parts.House.Authorizations;
    public IDecisionReplay Replay { get; }
    public IFraudRuleBook FraudRules => _rules;
    public IRuleBacktest RuleBacktest { get; }
    public CaseParts Cases { get; }
    public CardLookup Cards => new(_parts.Cards, _parts.CardVault);
    public IErasures Erasures { get; }
    public IdentityDesk Identity { get; }
    public IIdentifiers Identifiers => _parts.House.Identifiers;
    public Task Faulted => _faulted.Task;
    public Task AskedToStop => _node.AskedToLeave;

    /// <exception cref="DataFolderException">Something the cluster stands on cannot be used: says what to do.</exception>
    public static async Task<ClusterEngine> StartAsync(LambdaOptions options, Action<string, Exception> onError, TimeProvider time, CancellationToken cancel)
    {
        ThreadPool.SetMinThreads(BlockingThreads, BlockingThreads);
        var (listed, polled) = (ClusterTopics.Read(options.Topics), PolledSources.Read(options.Sources));
        var parts = await ClusterParts.OpenAsync(options, onError, time, cancel);
        try
        {
            var horizonMs = options.DedupHorizonDays * 86_400_000L;
            var topics = new ClusterTopics(listed, parts, options);
            var sources = new PolledSources(polled, topics.Ingress, parts.Log.Partitions, parts.StoredFacts, ClusterTopics.NodeOf(options), parts.Time, onError);
            var node = await ClusterNode.StartAsync(
                new NodeOptions(options.ClusterHost, options.ClusterPort, options.ClusterDns is null ? options.ClusterSeeds.Split(',') : [], options.Roles.Split(','), PostgresDatabase.WithIdleBound(options.Postgres!)),
                parts.Log.Partitions, time, served => PartitionsOf(parts, options, horizonMs, served, onError),
                (journal, here) => Drive(parts, options, horizonMs, journal, here), topics.PartsOf(sources, onError), onError, new NodeLog(onError), cancel);
            var bootstrap = options.ClusterDns is { } dns
                ? new Bootstrap(node.System, new DnsNodeNames(dns.Split(','), options.ClusterHost), new PostgresLease(parts.Database, Bootstrap.FoundingLease), time)
                : null;
            await WarmUp.RunAsync(() => new DecisionBasis(parts.Fraud(options, onError).Scoring.Current, parts.Rules(options, onError).Current, FraudPolicy.Default), time);
            return new ClusterEngine(parts, node, topics, sources, bootstrap, options, onError);
        }
        catch
        {
            await parts.DisposeAsync();
            throw;
        }
    }

    public Task HandOverAsync(CancellationToken hurry)
    {
        _isHandingOver = true; // whoever balances load between nodes reads it from /readyz
        return _node.HandOverAsync(hurry);
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
        var (node, models) = ($"{options.ClusterHost}:{options.ClusterPort}", parts.Models);
        var (scoring, policy, rules) = (parts.Fraud(options, onError).Scoring, Policies.Read(options.FraudPolicy), parts.Rules(options, onError));
        return new PartitionParts(
            new SpeedPorts(parts.Log, parts.Checkpoints, parts.Quarantine, parts.Definitions.Views, parts.Time)
            {
                Cards = parts.Cards, Cases = parts.Cases, Memories = RebuiltMemories.From(parts.House.FraudHistory), Basis = () => new DecisionBasis(scoring.Current, rules.Current, policy),
            },
            parts.Warehouse,
            new GatheredRawEvents(parts.Warehouse), new EstimatingPopulation(new GatheredPopulation(parts.House.Population), () => models.Current), parts.Bases,
            new KeeperLeases(parts.Leases, $"{node} {Guid.NewGuid():N}"), (_, generation) => parts.SinkProgress(generation), served,
            p => new WorkerSettings(p, horizonMs, key0, key1) { CheckpointRecords = options.CheckpointEvents, CheckpointIntervalMs = options.CheckpointSeconds * 1000L },
            new SinkPolicy(options.SinkRows, Math.Max(1, options.SinkMs - 400)), new PopulationMarks(parts.StoredFacts), node, onError)
        {
            Segments = new SegmentWatch(parts.Segments, parts.Time),
            Model = () => models.Current,
            NeededFrom = p => parts.LogNeededFrom(p),
            Persons = () => parts.Persons,
        };
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

    /// <summary>By the node that drives the runs; every step is repeatable, so two that think so for a moment do no harm. The log is Kafka's: only its retention removes.</summary>
    private static ErasureRunner Erasing(ClusterParts parts, ErasureLedger ledger, ClusterRuns runs, ClusterNode node, ExportJobs exports, LambdaOptions options)
    {
        var (marks, horizonMs) = (new PopulationMarks(parts.StoredFacts), options.DedupHorizonDays * 86_400_000L);
        var ground = new ErasureGround(parts.Log, parts.Checkpoints, parts.SinkProgress(null), () => runs.Served, p => marks.Load(p).Below,
            () => node.Reports.All.OfType<PartitionReport>().Count(r => r.Published >= runs.Served.Epoch) == node.Partitions.Partitions, parts.Time);
        return new ErasureRunner(ledger, ground, [new QuarantineErasure(parts.Quarantine), new MergesErasure(parts.Identities, parts.Time)],
        [
            new CheckpointErasure(parts.Checkpoints, parts.Definitions.Views, (uint)(horizonMs / 1000), parts.Time), new WarehouseErasure(parts.House.Client), new WarehouseParts(parts.House.Client, parts.Time),
            new SegmentErasure(parts.Segments), new CardErasure(parts.Cards, parts.CardVault), new CaseErasure(parts.Cases), new ExportErasure(exports), new IdentityLogErasure(parts.Identities, parts.Time), new QuarantineErasure(parts.Quarantine), new LogRetention(parts.Log, horizonMs),
        ]);
    }

    private async Task<TimeSpan> BootstrapAsync(CancellationToken cancel)
    {
        try
        {
            return await _bootstrap!.StepAsync(cancel);
        }
        catch (ClusterBesideException e)
        {
            _faulted.TrySetException(e);
            return TimeSpan.FromMinutes(1); // the host ends
        }
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
        await _segments.DisposeAsync();
        await _analytics.DisposeAsync();
        foreach (var loop in _loops) await loop.DisposeAsync();
        _models.Dispose();
        _fraud.Dispose();
        if (!hurry.IsCancellationRequested) await _node.StopAsync();
        if (!hurry.IsCancellationRequested) _bootstrap?.Release();
        await _node.DisposeAsync();
        await _parts.DisposeAsync();
    }
}
#endif
