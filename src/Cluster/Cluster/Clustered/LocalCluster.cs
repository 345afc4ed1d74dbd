#if CLUSTER_RUNTIME && KAFKA
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Lambda.Cluster.Bench.Processes;
using Lambda.Cluster.Cli;
using Lambda.Cluster.Embedded;
using Lambda.Cluster.Options;
using Lambda.SpeedLayer.Postgres.Local;
using Lambda.Warehouse.LocalServer;

namespace Lambda.Cluster.Clustered;

/// <param name="Folder">Of everything that is started here.</param>
/// <param name="Kafka">Null: the mock, which forgets everything when it ends.</param>
/// <param name="Postgres">Null: a server of its own on the folder.</param>
/// <param name="Warehouse">Null: the local one on the folder.</param>
/// <param name="More">Further arguments of every node.</param>
internal sealed record LocalClusterOptions(string Folder, int Nodes = 3, int Partitions = 6, string? Kafka = null, string? Postgres = null, string? Warehouse = null)
{
    public IReadOnlyList<string> More { get; init; } = [];

    /// <summary>Every node has an address of its own (127.0.0.1, 127.0.0.2, …) and finds the others by resolving, without seeds.</summary>
    public bool ByNames { get; init; }

    /// <summary>Topics of others that the mock shall have, `NAME:PARTITIONS`.</summary>
    public IReadOnlyList<string> MoreTopics { get; init; } = [];

    /// <summary>Port of the first node's API, the next ones count on; 0 takes free ones. A node that is started again has the one it had.</summary>
    public int Port { get; init; }

    /// <summary>How many of the nodes start at once; the others when told to. Null: all.</summary>
    public int? NodesAtFirst { get; init; }

    /// <summary>Variables of every node.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Gets each line a node writes to stderr.</summary>
    public Action<int, string>? Log { get; init; }
}

/// <summary>A whole cluster on this machine: what it stands on, and so many node processes. All of it ends with this process.</summary>
internal sealed class LocalCluster : IAsyncDisposable
{
    /// <summary>
    /// Several nodes on one machine take the processor from each other: idle threads that spin for work, and compilers that all make the same code. So no thread
    /// spins, only what runs often is compiled again, and not with measurements in between.
    /// </summary>
    private static readonly Dictionary<string, string> OnSharedCores = new()
    {
        ["DOTNET_ThreadPool_UnfairSemaphoreSpinLimit"] = "0", ["DOTNET_TC_CallCountThreshold"] = "200", ["DOTNET_TieredPGO"] = "0", // all hexadecimal
    };

    private readonly LocalClusterOptions _options;
    private readonly List<IAsyncDisposable> _under = [];
    private readonly LambdaProcess?[] _nodes;
    private readonly int[] _ports, _apiPorts;
    private string _kafka = "", _postgres = "", _warehouse = "";

    private LocalCluster(LocalClusterOptions options)
    {
        _options = options;
        _nodes = new LambdaProcess?[options.Nodes];
        var free = FreePorts(2 * options.Nodes);
        _ports = free[..options.Nodes];
        _apiPorts = options.Port == 0 ? free[options.Nodes..] : [.. Enumerable.Range(options.Port, options.Nodes)];
    }

    public int Nodes => _nodes.Length;

    /// <summary>ClickHouse's HTTP interface.</summary>
    public Uri Warehouse => new(_warehouse);

    public string Postgres => _postgres;

    public string Kafka => _kafka;

    /// <summary>What was started here and runs, by part.</summary>
    public IEnumerable<(string Part, IReadOnlyList<int> Processes)> Processes =>
    [
        ("nodes", [.. Running.Select(n => n.Id)]), ("Kafka", [.. _under.OfType<KafkaMock>().Select(k => k.ProcessId)]),
        ("PostgreSQL", [.. _under.OfType<LocalPostgres>().Select(p => p.ProcessId)]), ("ClickHouse", [.. _under.OfType<LocalWarehouseProcess>().Select(w => w.ProcessId ?? 0)]),
    ];

    /// <summary>Null while it does not run.</summary>
    public LambdaProcess? Node(int index) => _nodes[index];

    public IEnumerable<LambdaProcess> Running => _nodes.OfType<LambdaProcess>();

    /// <summary>`host:port` as members call it.</summary>
    public string AddressOf(int index) => string.Create(CultureInfo.InvariantCulture, $"{HostOf(index)}:{_ports[index]}");

    private string HostOf(int index) => _options.ByNames ? string.Create(CultureInfo.InvariantCulture, $"127.0.0.{index + 1}") : "127.0.0.1";

    /// <summary>Starts everything; returns when every node answers for every partition.</summary>
    public static async Task<LocalCluster> StartAsync(LocalClusterOptions options, CancellationToken cancel)
    {
        var cluster = new LocalCluster(options);
        try
        {
            await cluster.StartUnderAsync(cancel);
            await cluster.StartNodeAsync(0, cancel); // the first makes schemas and topic
            await Task.WhenAll(Enumerable.Range(1, (options.NodesAtFirst ?? options.Nodes) - 1).Select(i => cluster.StartNodeAsync(i, cancel)));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a node that does not run; on the folder it had.</summary>
    public async Task StartNodeAsync(int index, CancellationToken cancel)
    {
        if (_nodes[index] is { } old) await old.DisposeAsync();
        var webhookKey = Path.Combine(_options.Folder, "webhook.key");
        _ = SecretReader.ReadOrMake("webhook_key", webhookKey);
        var node = LambdaProcess.Begin(
        [
            "up", "--dev", "--runtime", "cluster", "--data", Path.Combine(_options.Folder, $"node-{index}"), "--port", Text(_apiPorts[index]),
            "--cluster-host", HostOf(index), "--cluster-port", Text(_ports[index]), _options.ByNames ? "--cluster-dns" : "--cluster-seeds", string.Join(',', Enumerable.Range(0, _ports.Length).Select(AddressOf)),
            "--kafka", _kafka, "--postgres", _postgres, "--warehouse", _warehouse, "--partitions", Text(_options.Partitions), "--batch-at", "none", "--webhook-key", webhookKey, .. _options.More,
        ], _options.Log is { } log ? line => log(index, line) : null, new Dictionary<string, string>([.. OnSharedCores, .. _options.Environment]));
        _nodes[index] = node;
        await node.ReadyAsync(cancel);
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillNodeAsync(int index)
    {
        var node = _nodes[index]!;
        _nodes[index] = null;
        await node.KillAsync(alsoAwaitChildren: false);
        await node.DisposeAsync();
    }

    /// <summary>SIGTERM, until it has handed over and ended.</summary>
    public async Task StopNodeAsync(int index)
    {
        var node = _nodes[index]!;
        _nodes[index] = null;
        await node.StopAsync();
        await node.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Running.Select(async node =>
        {
            await Task.WhenAny(node.StopAsync(), Task.Delay(TimeSpan.FromSeconds(20)));
            await node.DisposeAsync();
        }));
        for (var i = _under.Count - 1; i >= 0; i--) await _under[i].DisposeAsync();
    }

    private async Task StartUnderAsync(CancellationToken cancel)
    {
        Directory.CreateDirectory(_options.Folder);
        var kafka = _options.Kafka is null ? KafkaMock.StartAsync([$"{ClusterParts.Topic}:{_options.Partitions}", .. _options.MoreTopics], cancel) : null;
        var postgres = _options.Postgres is null ? StartPostgresAsync(cancel) : null;
        var warehouse = _options.Warehouse is null ? StartWarehouseAsync(cancel) : null;
        _kafka = _options.Kafka ?? Keep(await kafka!).Servers;
        _postgres = _options.Postgres ?? Keep(await postgres!).ConnectionString;
        _warehouse = _options.Warehouse ?? Keep(await warehouse!).Url.ToString();
    }

    private async Task<LocalPostgres> StartPostgresAsync(CancellationToken cancel)
    {
        try
        {
            // Beside a log that is forgotten at the end a database that is kept would be of no use.
            return await LocalPostgres.StartAsync(_options.Kafka is null ? null : Path.Combine(_options.Folder, "postgres"), cancel: cancel);
        }
        catch (InvalidOperationException e)
        {
            throw new CommandException(ExitCode.Environment, e.Message);
        }
    }

    private Task<LocalWarehouseProcess> StartWarehouseAsync(CancellationToken cancel) =>
        WarehouseConnection.StartChildAsync(Path.Combine(_options.Folder, "warehouse"), _ => { }, cancel);

    private T Keep<T>(T part) where T : IAsyncDisposable
    {
        _under.Add(part);
        return part;
    }

    private static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        foreach (var listener in listeners) listener.Start();
        var ports = listeners.ConvertAll(l => ((IPEndPoint)l.LocalEndpoint).Port);
        foreach (var listener in listeners) listener.Stop();
        return [.. ports];
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
#endif
