using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Sqlite;
using Lambda.Cluster.Options;
using Lambda.Domain.Cards;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;
using Lambda.Serving.Cases;
using Lambda.Serving.Local;
using Lambda.Serving.Ports;
using Lambda.Serving.Segments;
using Lambda.SpeedLayer.Cards;
using Lambda.SpeedLayer.Identity;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite;

namespace Lambda.Cluster.Embedded;

/// <summary>The adapters under an embedded engine: the one place that chooses them. Opened together, closed together.</summary>
internal sealed class EngineParts : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _open = [];
    private SqliteSinkProgressStore? _sink;
    private SqliteApiKeys? _keys;
    private SqliteSegments? _segments;
    private SqliteIdentityLog? _identity;
    private SqliteCardDigits? _digits;
    private readonly TaskCompletionSource _faulted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public required TimeProvider Time { get; init; }
    public required DataFolder Folder { get; init; }
    public SqliteRunJournal Journal { get; private set; } = null!;
    public InstallationFacts Facts { get; private set; } = null!;
    public EngineDefinitions Definitions { get; private set; } = null!;
    public IEventLog Log { get; private set; } = null!;
    public ICheckpointStore Checkpoints { get; private set; } = null!;
    public IQuarantine Quarantine { get; private set; } = null!;
    public ISinkProgressStore SinkProgress { get; private set; } = null!;
    public IBaseStore Bases { get; private set; } = null!;
    public IApiKeys Keys { get; private set; } = null!;
    public IAuditStore Audit { get; private set; } = null!;
    public SegmentStore Segments { get; private set; } = null!;
    public CaseStore Cases { get; private set; } = null!;
    public WebhookSecrets WebhookSecrets { get; private set; } = null!;
    public IIdentityLog IdentityLog { get; private set; } = null!;
    public ICardDirectory Cards { get; private set; } = null!;
    public ICardTokens CardTokens { get; private set; } = null!;
    public CardVault CardVault { get; private set; } = null!;
    public Identities Identities { get; private set; } = null!;
    public WarehouseConnection House { get; private set; } = null!;
    public Publication Initial { get; private set; } = null!;

    /// <summary>Counts the starts: a checkpoint of an older start never replaces one of a newer.</summary>
    public long Generation { get; private set; }

    public IWarehouse Warehouse => House.Warehouse;
    public IPopulation Population => House.Population;
    public Func<WarehouseStatus> WarehouseStatus => House.Status;
    public Task Faulted => _faulted.Task;

    /// <summary>Hash of the definition that is served; the first one until there are runs to ask.</summary>
    public Func<string> ServedDefinition { get; set; } = null!;

    public static async Task<EngineParts> OpenAsync(LambdaOptions options, Action<string, Exception> onError, TimeProvider time, CancellationToken cancel)
    {
        var parts = new EngineParts { Time = time, Folder = new DataFolder(options.Data) };
        try
        {
            var house = WarehouseConnection.OpenAsync(options, parts.Folder.Warehouse, onError, cancel); // takes longest: meanwhile the rest
            try
            {
                parts.OpenStores(options, onError);
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
        _sink?.Dispose();
        _keys?.Dispose();
        _segments?.Dispose();
        _identity?.Dispose();
        Cards?.Dispose();
        _digits?.Dispose();
        Journal?.Dispose();
        Folder.Dispose();
    }

    private void OpenStores(LambdaOptions options, Action<string, Exception> onError)
    {
        Journal = new SqliteRunJournal(Folder.Runs);
        Facts = new InstallationFacts(Journal);
        var partitions = Facts.Partitions(options.Partitions, insist: false);
        Generation = Facts.NextGeneration();
        Log = Keep(SqliteEventLog.Open(Folder.Log, partitions, Time));
        Checkpoints = Keep(new SqliteCheckpointStore(Folder.Checkpoints));
        Quarantine = Keep(new SqliteQuarantine(Folder.Quarantine));
        SinkProgress = _sink = new SqliteSinkProgressStore(Folder.SinkProgress);
        Keys = _keys = new SqliteApiKeys(Folder.Keys);
        Segments = new SegmentStore(_segments = new SqliteSegments(Folder.Segments));
        Cases = new CaseStore(_segments);
        WebhookSecrets = new WebhookSecrets(SecretReader.Read("webhook_key", options.WebhookKey, Environment.GetEnvironmentVariable) ?? SecretReader.ReadOrMake("webhook_key", Folder.WebhookKey));
        Cards = new SqliteCardDirectory(Folder.Cards);
        var keys = new CardKeyFile(options.CardKeys, Folder.CardKeys, Environment.GetEnvironmentVariable, onError, wereKeys: File.Exists(Folder.CardDigits));
        CardVault = new CardVault(() => keys.Current, _digits = new SqliteCardDigits(Folder.CardDigits));
        CardTokens = new CardTokens(() => keys.Current, Cards, CardVault);
        IdentityLog = _identity = new SqliteIdentityLog(Folder.Identity);
        Identities = new Identities(IdentityLog);
        Identities.CatchUp();
        Audit = Keep(new FileAuditStore(Folder.Audit));
        Bases = new FileBaseStore(Folder.Bases);
        Definitions = new EngineDefinitions(Journal, Facts, () => ServedDefinition());
        var first = FirstDefinition(options);
        Initial = Publication.Initial(first.Hash, partitions, first.AtMs);
        ServedDefinition = () => first.Hash;
    }

    private (string Hash, long AtMs) FirstDefinition(LambdaOptions options)
    {
        if (Facts.FirstDefinition is { } kept) return kept;
        var file = options.Definition ?? DefaultDefinition();
        var definition = DefinitionLoader.Load(file, File.ReadAllText(file));
        Definitions.Store(definition);
        return Facts.DecideFirstDefinition(definition.Hash, Time.GetUtcNow().ToUnixTimeMilliseconds());
    }

    /// <summary>views/customer360.yaml, as it was built in beside the host.</summary>
    public static string DefaultDefinition() => Path.Combine(AppContext.BaseDirectory, "views", "customer360.yaml");

    private T Keep<T>(T part) where T : IAsyncDisposable
    {
        _open.Add(part);
        return part;
    }
}
