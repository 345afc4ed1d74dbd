#if CLUSTER_RUNTIME && KAFKA
using Lambda.BatchLayer.Models;
using Lambda.BatchLayer.Ports;
using Lambda.Cluster.Actors.Region;
using Lambda.Cluster.Embedded;
using Lambda.Cluster.Fraud;
using Lambda.Cluster.Options;
using Lambda.Domain.Cards;
using Lambda.Domain.Log;
using Lambda.Domain.Yaml;
using Lambda.Serving.Cases;
using Lambda.Serving.Ports;
using Lambda.Serving.Segments;
using Lambda.SpeedLayer.Cards;
using Lambda.SpeedLayer.Identity;
using Lambda.SpeedLayer.Kafka;
using Lambda.SpeedLayer.Leases;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Postgres;

namespace Lambda.Cluster.Clustered;

/// <summary>The adapters under a node of a cluster: the one place that chooses them. The data folder holds base files only: everything else is shared.</summary>
internal sealed class ClusterParts : IAsyncDisposable
{
    public const string Topic = "lambda-events";

    private readonly List<IAsyncDisposable> _open = [];

    public required TimeProvider Time { get; init; }
    public required DataFolder Folder { get; init; }
    public PostgresDatabase Database { get; private set; } = null!;
    public IFacts StoredFacts { get; private set; } = null!;
    public InstallationFacts Facts { get; private set; } = null!;
    public EngineDefinitions Definitions { get; private set; } = null!;
    public IEventLog Log { get; private set; } = null!;
    public ICheckpointStore Checkpoints { get; private set; } = null!;
    public IQuarantine Quarantine { get; private set; } = null!;
    public LeaseKeeper Leases { get; private set; } = null!;
    public IBaseStore Bases { get; private set; } = null!;
    public IApiKeys Keys { get; private set; } = null!;
    public IAuditStore Audit { get; private set; } = null!;
    public SegmentStore Segments { get; private set; } = null!;
    public CaseStore Cases { get; private set; } = null!;
    public IIdentityLog IdentityLog { get; private set; } = null!;
    public ICardDirectory Cards { get; private set; } = null!;
    public ICardTokens CardTokens { get; private set; } = null!;
    public CardVault CardVault { get; private set; } = null!;
    public Identities Identities { get; private set; } = null!;
    public WarehouseConnection House { get; private set; } = null!;
    public Publication Initial { get; private set; } = null!;

    /// <summary>For a run's own work, on the node that drives it.</summary>
    public BackgroundThread Background { get; } = new("lambda-batch");

    public IWarehouse Warehouse => House.Warehouse;

    /// <summary>Fitted by the node that drives runs, taken over by the others.</summary>
    public LifetimeModels Models => field ??= new LifetimeModels(Warehouse, Definitions.Views, StoredFacts, Time);

    /// <summary>Acceptor tables and models that decisions of this node are scored with; made by the node that drives runs, taken over by the others.</summary>
    public FraudBatch Fraud(LambdaOptions options, Action<string, Exception> onError) => _fraud ??= new FraudBatch(House, StoredFacts, Folder.Fraud, options, onError);

    private FraudBatch? _fraud;

    /// <summary>Made by who asks first.</summary>
    public FraudRuleBook Rules(LambdaOptions options, Action<string, Exception> onError) => _rules ??= new FraudRuleBook(StoredFacts, options.FraudRules, onError);

    private FraudRuleBook? _rules;

    /// <summary>Hash of the definition that is served; the first one until the run actor has been heard of.</summary>
    public Func<string> ServedDefinition { get; set; } = null!;

    /// <summary>Null until the engine is there to ask other nodes by.</summary>
    public IPersons? Persons { get; set; }

    /// <summary>By partition, the offset from which erasures need the log; all of it until the engine says.</summary>
    public Func<int, long> LogNeededFrom { get; set; } = _ => 0;

    /// <summary>Sink progress as the owner with this generation may write it; without one for reading.</summary>
    public ISinkProgressStore SinkProgress(long? generation) => new PostgresSinkProgressStore(Database, generation is { } g ? _ => g : null);

    /// <exception cref="DataFolderException">Something the cluster stands on cannot be used: says what to do.</exception>
    public static async Task<ClusterParts> OpenAsync(LambdaOptions options, Action<string, Exception> onError, TimeProvider time, CancellationToken cancel)
    {
        var (kafka, postgres) = (Needed("kafka", options.Kafka), Needed("postgres", options.Postgres));
        Needed("warehouse", options.Warehouse);
        var parts = new ClusterParts { Time = time, Folder = new DataFolder(options.Data) };
        try
        {
            var house = WarehouseConnection.OpenAsync(options, parts.Folder.Warehouse, onError, cancel); // takes longest: meanwhile the rest
            try
            {
                await parts.OpenStoresAsync(options, kafka, postgres, onError);
            }
            finally
            {
                parts.House = await house;
                parts._open.Add(parts.House);
            }
            return parts;
        }
        catch
        {
            await parts.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        for (var i = _open.Count - 1; i >= 0; i--) await _open[i].DisposeAsync();
        _open.Clear();
        Background.Dispose();
        Folder.Dispose();
    }

    private async Task OpenStoresAsync(LambdaOptions options, string kafka, string postgres, Action<string, Exception> onError)
    {
        Database = Keep(await Task.Run(() => PostgresDatabase.Open(postgres)));
        var facts = new PostgresFacts(Database);
        (StoredFacts, Facts) = (facts, new InstallationFacts(facts));
        var partitions = Facts.Partitions(options.Partitions, insist: false);
        Log = Keep(await KafkaEventLog.OpenAsync(new KafkaLogOptions { BootstrapServers = kafka, Topic = Topic, Partitions = partitions }, Time));
        Checkpoints = Keep(new PostgresCheckpointStore(Database));
        Quarantine = Keep(new PostgresQuarantine(Database));
        Leases = Keep(new LeaseKeeper(new PostgresLease(Database), Time, e => onError("leases", e)));
        Leases.Start();
        Keys = new PostgresApiKeys(Database);
        (Segments, Cases) = (new SegmentStore(new PostgresSegments(Database)), new CaseStore(new PostgresSegments(Database)));
        Cards = new PostgresCardDirectory(Database);
        var keys = new CardKeyFile(options.CardKeys, own: null, Environment.GetEnvironmentVariable, onError);
        CardVault = new CardVault(() => keys.Current, new PostgresCardDigits(Database));
        CardTokens = new CardTokens(() => keys.Current, Cards, CardVault);
        IdentityLog = new PostgresIdentityLog(Database);
        Identities = new Identities(IdentityLog);
        Identities.CatchUp();
        Audit = new PostgresAuditStore(Database, $"{Environment.MachineName}:{options.ClusterPort}"); // a pod's name stays when its address changes
        Bases = new FileBaseStore(Folder.Bases);
        Definitions = new EngineDefinitions(facts, Facts, () => ServedDefinition());
        var first = FirstDefinition(options);
        Initial = Publication.Initial(first.Hash, partitions, first.AtMs);
        ServedDefinition = () => first.Hash;
    }

    private (string Hash, long AtMs) FirstDefinition(LambdaOptions options)
    {
        if (Facts.FirstDefinition is { } kept) return kept;
        var file = options.Definition ?? EngineParts.DefaultDefinition();
        var definition = DefinitionLoader.Load(file, File.ReadAllText(file));
        Definitions.Store(definition);
        return Facts.DecideFirstDefinition(definition.Hash, Time.GetUtcNow().ToUnixTimeMilliseconds());
    }

    private static string Needed(string setting, string? value) =>
        value ?? throw new OptionsException($"{setting}: a node of a cluster needs it; expected an address. `./lambda cluster up` starts all of it on one machine");

    private T Keep<T>(T part) where T : IAsyncDisposable
    {
        _open.Add(part);
        return part;
    }
}
#endif
