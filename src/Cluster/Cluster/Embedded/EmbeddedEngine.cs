using Lambda.BatchLayer.Models;
using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Privacy;
using Lambda.BatchLayer.Runs;
using Lambda.BatchLayer.Sqlite;
using Lambda.Cluster.Import;
using Lambda.Cluster.Fraud;
using Lambda.Cluster.Options;
using Lambda.Cluster.Privacy;
using Lambda.Cluster.Sources;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.Serving.Authorizations;
using Lambda.Serving.Cases;
using Lambda.Serving.Customer;
using Lambda.Serving.Export;
using Lambda.Serving.Identity;
using Lambda.Serving.Ports;
using Lambda.Serving.Search;
using Lambda.Serving.Security;
using Lambda.Serving.Segments;
using Lambda.SpeedLayer.Ingress;
using Lambda.SpeedLayer.Polling;
using Lambda.SpeedLayer.Cards;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Segments;
using Lambda.SpeedLayer.Sink;
using Lambda.SpeedLayer.Worker;
using Lambda.Warehouse.Privacy;

namespace Lambda.Cluster.Embedded;

/// <summary>
/// The embedded edition: log, workers, sink, batch runs and population over one data folder and one warehouse, in this process. Everything is opened
/// and recovered by <see cref="StartAsync"/>; the API is somebody else's.
/// </summary>
public sealed class EmbeddedEngine : IEngine
{
    private readonly EngineParts _parts;
    private readonly PartitionHost[] _hosts;
    private readonly SinkPump _pump;
    private readonly SinkReach _reach;
    private readonly EngineRuns _runs;
    private readonly BackgroundThread _batch = new("lambda-batch");
    private readonly PopulationWriter _population;
    private readonly ModelFitting _models;
    private readonly FraudBatch _fraud;
    private readonly FraudRuleBook _rules;
    private readonly Func<DecisionBasis> _basis;
    private readonly ErasureLedger _ledger;
    private readonly ErasureRunner _erasing;
    private readonly Action<string, Exception> _onError;
    private readonly List<PartitionThread> _threads = [];
    private readonly List<Loop> _loops = [];
    private readonly Lock _stopGate = new();
    private readonly Analytics _analytics;
    private readonly EmbeddedSources _sources;
    private readonly SegmentServices _segments;
    private Task? _stopping;

    private EmbeddedEngine(EngineParts parts, IReadOnlyList<PolledSource> listed, LambdaOptions options, Action<string, Exception> onError)
    {
        (_parts, _onError) = (parts, onError);
        var policy = Policies.Read(options.FraudPolicy);
        _rules = new FraudRuleBook(parts.Journal, options.FraudRules, onError);
        _fraud = new FraudBatch(parts.House, parts.Journal, parts.Folder.Fraud, options, onError);
        var speed = new SpeedPorts(parts.Log, parts.Checkpoints, parts.Quarantine, parts.Definitions.Views, parts.Time)
        {
            Cards = parts.Cards, Cases = parts.Cases, Memories = RebuiltMemories.From(parts.House.FraudHistory), Basis = _basis = () => new DecisionBasis(_fraud.Scoring.Current, _rules.Current, policy),
        };
        var horizonMs = options.DedupHorizonDays * 86_400_000L;
        _pump = new SinkPump(parts.Log, parts.Warehouse, parts.SinkProgress, parts.Time, [.. Enumerable.Range(0, parts.Log.Partitions)],
            new SinkPolicy(options.SinkRows, options.SinkMs));
        _reach = new SinkReach(p => _pump.Progress(p).Next);
        _hosts = [.. Enumerable.Range(0, parts.Log.Partitions).Select(p => NewHost(p, speed, horizonMs, options))];
        var side = new SpeedSide(speed, parts.SinkProgress, parts.Bases, p => _hosts[p], _ => _pump, horizonMs);
        var runner = new BatchRunner(new BatchPorts(parts.Journal, parts.Warehouse, side, parts.Definitions.Views, parts.Time), parts.Initial);
        _runs = new EngineRuns(runner, _batch, NextDefinition, (publication, cancel) => PublishedAsync(runner, publication, cancel), parts.Time, options.BatchAt);
        parts.ServedDefinition = () => _runs.Served.DefinitionHash;
        var models = new LifetimeModels(parts.Warehouse, parts.Definitions.Views, parts.Journal, parts.Time);
        _models = new ModelFitting(models);
        _population = new PopulationWriter(
            _hosts, parts.Identities, parts.Population, new SegmentWatch(parts.Segments, parts.Time), parts.Log, p => _pump.Progress(p).Next, () => _runs.AnswersChangedAt, () => models.Current, parts.Facts, parts.Time);
        var reads = new EngineReads(_hosts, parts.Warehouse, _reach, () => _runs.Served, parts.Time);
        (Reads, Recompute) = (new PersonReads(reads, parts.Identities, parts.Time), reads);
        Replay = new DecisionReplay(reads, _fraud.Models.ModelAsync, _fraud.Models.TableAsync, _rules.ByHash, () => policy);
        RuleBacktest = new RecordedBacktest(parts.House.FraudHistory, parts.Log.Partitions, p => _pump.Progress(p).Next, _rules.ByHash, () => policy);
        Identity = new IdentityDesk(parts.Identities, reads, parts.Time);
        var ingress = new EventIngress(parts.Log, parts.Quarantine, parts.Time) { Cards = parts.CardTokens };
        _sources = new EmbeddedSources(new PolledSources(listed, ingress, parts.Log.Partitions, parts.Journal, EmbeddedOperations.NodeName, parts.Time, onError) { Unfolded = Unfolded }, onError);
        Intake = new EngineIntake(ingress, Unfolded, () => _stopping is not null);
        Status = new EmbeddedStatus(_hosts, parts.Log, _pump, parts.Quarantine, _runs, parts.WarehouseStatus, () => _sources.Now, () => _stopping is not null, parts.Time);
        Operations = new EmbeddedOperations(_hosts, _sources, () => _stopping is not null);
        _analytics = new Analytics(parts.House, parts.Definitions, parts.Facts, parts.Journal, options, Operations.Node, parts.Time, onError);
        _segments = new SegmentServices(parts.Segments, parts.WebhookSecrets, options, parts.Time, onError);
        Authorizations = new AuthorizationFront(new EmbeddedAuthorizer(_hosts, () => _stopping is not null, parts.Time), parts.Cards, parts.CardTokens, () => policy, parts.Time);
        Cases = new CaseParts(parts.Cases);
        Imports = new FileImportJournal(options.Data);
        HorizonMs = horizonMs;
        _ledger = new ErasureLedger(parts.Journal);
        Erasures = new EngineErasures(parts.Log, reads, _ledger, Pseudonyms, parts.Time);
        _erasing = new ErasureRunner(_ledger,
            new ErasureGround(parts.Log, parts.Checkpoints, parts.SinkProgress, () => _runs.Served, _population.WrittenBelow, () => _runs.IsAdopted && _hosts.All(h => h.Fault is null), parts.Time),
            [new QuarantineErasure(parts.Quarantine), new MergesErasure(parts.Identities, parts.Time)], ErasablesOf(parts, _analytics.Parts.Exports, (uint)(horizonMs / 1000)));
    }

    /// <summary>In the order in which they are cleaned. Conflicting copies are quarantined until the checkpoint has passed the erasure, so that is looked through again.</summary>
    private static IReadOnlyList<IErasable> ErasablesOf(EngineParts parts, ExportJobs exports, uint horizonSeconds) =>
    [
        new CheckpointErasure(parts.Checkpoints, parts.Definitions.Views, horizonSeconds, parts.Time), new WarehouseErasure(parts.House.Client), new WarehouseParts(parts.House.Client, parts.Time),
        new SegmentErasure(parts.Segments), new CardErasure(parts.Cards, parts.CardVault), new CaseErasure(parts.Cases), new ExportErasure(exports), new IdentityLogErasure(parts.Identities, parts.Time), new QuarantineErasure(parts.Quarantine), new JournalErasure(parts.Journal), new LogErasure((IErasableLog)parts.Log),
    ];

    private long HorizonMs { get; }

    public IEventIntake Intake { get; }
    public ICustomerReads Reads { get; }
    public IBatchRuns Runs => _runs;
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
    public Task Faulted => _parts.Faulted;
    public Task AskedToStop { get; } = new TaskCompletionSource().Task; // there is no other node to ask

    /// <summary>The log and the hosts, for benchmarks that go in below the API.</summary>
    internal IEventLog Log => _parts.Log;
    internal IReadOnlyList<PartitionHost> Hosts => _hosts;
    internal SinkPump Sink => _pump;
    internal PopulationWriter PopulationWriter => _population;
    internal EngineParts Parts => _parts;

    /// <summary>Acceptor tables and models that decisions are scored with.</summary>
    internal FraudBatch Fraud => _fraud;

    /// <summary>Opens the folder, starts the warehouse, recovers every partition and starts reading on. Ready once replay has caught up (see <see cref="Status"/>).</summary>
    /// <param name="onError">Told what failed where; the engine goes on or stops the part by itself.</param>
    /// <exception cref="DataFolderException">The folder is in use, or was made otherwise.</exception>
    public static async Task<EmbeddedEngine> StartAsync(LambdaOptions options, Action<string, Exception> onError, TimeProvider time, CancellationToken cancel)
    {
        var listed = PolledSources.Read(options.Sources);
        var parts = await EngineParts.OpenAsync(options, onError, time, cancel);
        try
        {
            var engine = new EmbeddedEngine(parts, listed, options, onError);
            var warming = Task.Run(() => WarmUp.RunAsync(engine._basis, time), cancel);
            await engine.RecoverAsync(cancel);
            await warming;
            engine.StartLoops();
            return engine;
        }
        catch
        {
            await parts.DisposeAsync();
            throw;
        }
    }

    public Task HandOverAsync(CancellationToken hurry) => Task.CompletedTask;

    public Task StopAsync(CancellationToken hurry)
    {
        lock (_stopGate) return _stopping ??= Task.Run(() => StopOnceAsync(hurry), CancellationToken.None);
    }

    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

    // --- start and stop -----------------------------------------------------------------------------------------------------

    private PartitionHost NewHost(int partition, SpeedPorts speed, long horizonMs, LambdaOptions options)
    {
        var (key0, key1) = _parts.Facts.IdKeys();
        var settings = new WorkerSettings(partition, horizonMs, key0, key1) { CheckpointRecords = options.CheckpointEvents, CheckpointIntervalMs = options.CheckpointSeconds * 1000L };
        return new PartitionHost(speed, settings, work => Task.Run(work), _parts.Generation);
    }

    private async Task RecoverAsync(CancellationToken cancel)
    {
        var served = _runs.Served;
        foreach (var host in _hosts)
        {
            try
            {
                host.Recover(served, await BaseOfAsync(served, host.Partition, cancel));
            }
            catch (Exception e) when (e is CheckpointCorruptException or LogCorruptException or LogTruncatedException or InvalidDataException)
            {
                // One damaged partition must not take the others down; it says what to do and answers 503.
                host.Stop(e);
                _onError($"partition {host.Partition}", e);
            }
        }
    }

    private void StartLoops()
    {
        foreach (var host in _hosts.Where(h => h.Fault is null)) _threads.Add(new PartitionThread(host, _parts.Log, _onError));
        _loops.Add(new Loop("sink", SinkStepAsync, _onError));
        _loops.Add(new Loop("batch run", _runs.StepAsync, _onError));
        _loops.Add(new Loop("models", cancel => _models.StepAsync(_runs.Served, cancel), _onError));
        _loops.Add(new Loop("fraud", cancel => _fraud.StepAsync(_runs.Served, cancel), _onError));
        _loops.Add(new Loop("population", PopulationStepAsync, _onError));
        _loops.Add(new Loop("verdicts", new CaseLabels(_parts.Cases, Intake, _onError).StepAsync, _onError));
        _loops.Add(new Loop("retention", RetentionStepAsync, _onError));
        _loops.Add(new Loop("erasures", async cancel => await _erasing.StepAsync(cancel) ? TimeSpan.FromMilliseconds(500) : TimeSpan.FromSeconds(1), _onError));
        _sources.Start();
    }

    private async Task StopOnceAsync(CancellationToken hurry)
    {
        await _segments.DisposeAsync();
        await _sources.DisposeAsync();
        await _analytics.DisposeAsync();
        foreach (var loop in _loops) await loop.DisposeAsync();
        _batch.Dispose();
        _models.Dispose();
        _fraud.Dispose();
        await Task.WhenAll(_threads.Select(t => Task.Run(() => t.Stop(checkpoint: !hurry.IsCancellationRequested), CancellationToken.None)));
        await _parts.DisposeAsync();
    }

    // --- loops ----------------------------------------------------------------------------------------------------------------

    private async Task<TimeSpan> SinkStepAsync(CancellationToken cancel)
    {
        var rows = await _pump.StepAsync(_reach.IsUrgent || _runs.IsSinking, cancel);
        return rows > 0 ? TimeSpan.Zero : TimeSpan.FromMilliseconds(20);
    }

    private bool _populationRecovered;

    private async Task<TimeSpan> PopulationStepAsync(CancellationToken cancel)
    {
        if (!Status.IsReady) return TimeSpan.FromMilliseconds(100);
        if (!_populationRecovered)
        {
            _population.Recover();
            _populationRecovered = true;
        }
        return await _population.StepAsync(cancel);
    }

    private async Task<TimeSpan> RetentionStepAsync(CancellationToken cancel)
    {
        foreach (var host in _hosts.Where(h => h.Fault is null))
        {
            var p = host.Partition;
            var sunk = Math.Min(_pump.Progress(p).Next, _population.WrittenBelow(p));
            var keep = Retention.KeepFrom(_parts.Log, p, _runs.Served, HorizonMs, host.StoredAtOffset, sunk);
            keep = Math.Min(keep, ErasureRunner.KeepFrom(_ledger.All(), p, _erasing.StoresBeforeLog));
            if (keep > _parts.Log.StartOffset(p)) await _parts.Log.TruncateAsync(p, keep, cancel);
        }
        return TimeSpan.FromSeconds(30);
    }

    private long Unfolded() => _hosts.Sum(h => h.Fault is null ? Math.Max(0, _parts.Log.EndOffset(h.Partition) - h.Applied) : 0);

    // --- publication ----------------------------------------------------------------------------------------------------------

    private string NextDefinition() => _parts.Facts.PendingDefinition ?? _runs.Served.DefinitionHash;

    private async Task PublishedAsync(BatchRunner runner, Publication publication, CancellationToken cancel)
    {
        foreach (var host in _hosts)
        {
            if (host.Fault is not null || host.Epochs.Published >= publication.Epoch) continue;
            var old = host.Adopt(publication, await BaseOfAsync(publication, host.Partition, cancel));
            if (old is not null) _parts.Bases.Retire(old);
        }
        if (_parts.Facts.PendingDefinition == publication.DefinitionHash) _parts.Facts.PendingDefinition = null;
        if (_hosts.All(h => h.Fault is null)) _parts.Bases.DeleteExcept([.. publication.Artefacts.Select(a => a.Name)]);
        await runner.CleanUpAsync(cancel);
    }

    /// <summary>The published base of a partition; one that is missing or damaged is streamed out of the warehouse again.</summary>
    private async Task<IBaseView?> BaseOfAsync(Publication publication, int partition, CancellationToken cancel)
    {
        if (publication.Epoch == 0) return null;
        var file = publication.Artefacts[partition];
        try
        {
            return _parts.Bases.Open(file);
        }
        catch (BaseCorruptException e)
        {
            _onError($"partition {partition}: base of epoch {publication.Epoch} is streamed anew", e);
            var view = _parts.Definitions.Views.ByHash(publication.DefinitionHash);
            var states = _parts.Warehouse.ReadComputedAsync(view, publication.Epoch, partition, cancel);
            var again = await _parts.Bases.BuildAsync(publication.Epoch, publication.DefinitionHash, partition, states, cancel);
            return again.Hash == file.Hash
                ? _parts.Bases.Open(file)
                : throw new BaseCorruptException(file.Name, "what the warehouse streams is not what was published; run the batch again");
        }
    }
}
