using Lambda.BatchLayer.Ports;
using Lambda.Cluster.Options;
using Lambda.Domain.Views;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;
using Lambda.Warehouse;
using Lambda.Warehouse.Analysts;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Fraud;
using Lambda.Warehouse.Identity;
using Lambda.Warehouse.LocalServer;
using Lambda.Warehouse.Population;
using Lambda.Warehouse.Schema;

namespace Lambda.Cluster.Embedded;

/// <summary>The warehouse: a server by its URL, or the local child process; migrated, and watched.</summary>
internal sealed class WarehouseConnection : IAsyncDisposable
{
    /// <summary>The version that scripts/fetch-chdb fetches.</summary>
    private const string LibraryVersion = "26.7.3-stable.1";

    private readonly ClickHouseClient _client;
    private readonly LocalWarehouseProcess? _child;
    private readonly ClickHouseWarehouse _warehouse;
    private readonly ClickHousePopulation _population;
    private ClickHousePopulationReads? _reads;
    private ClickHouseAnalystSql? _sql;
    private string? _lastExit;

    private WarehouseConnection(ClickHouseClient client, LocalWarehouseProcess? child)
    {
        (_client, _child) = (client, child);
        _warehouse = new ClickHouseWarehouse(client);
        _population = new ClickHousePopulation(client);
    }

    public IWarehouse Warehouse => _warehouse;
    public IPopulation Population => _population;
    public ClickHouseClient Client => _client;
    public IFraudHistory FraudHistory => field ??= new ClickHouseFraudHistory(_client);
    public IArtefactStore Artefacts => field ??= new ClickHouseArtefacts(_client);
    public IAuthorizationRecords Authorizations => field ??= new ClickHouseAuthorizations(_client);
    public IIdentifiers Identifiers => field ??= new ClickHouseIdentifiers(_client);

    /// <summary>Questions about all customers; closed with this.</summary>
    public IPopulationReads PopulationReads(Func<string, ViewDefinition?> definitions, TimeProvider time) => _reads ??= new ClickHousePopulationReads(_client, definitions, time);

    /// <summary>The child's process, null when the warehouse is somebody else's server.</summary>
    public LocalWarehouseProcess? Child => _child;

    /// <param name="url">With a user who may read the analysts' database only; null: the own user, read-only.</param>
    public IAnalystSql AnalystSql(IPopulationReads reads, string? url) => _sql ??= new ClickHouseAnalystSql(_client, url is null ? null : new ClickHouseClient(Server(url)), reads);

    /// <exception cref="DataFolderException">The child cannot start, or the server cannot be reached: says what to do.</exception>
    public static async Task<WarehouseConnection> OpenAsync(LambdaOptions options, string folder, Action<string, Exception> onError, CancellationToken cancel)
    {
        WarehouseConnection? opened = null;
        LocalWarehouseProcess? child = null;
        try
        {
            if (options.Warehouse is null) child = await StartChildAsync(folder, exit => opened?.Told(exit, onError), cancel);
            var client = new ClickHouseClient(options.Warehouse is { } url ? Server(url) : new ClickHouseOptions { Url = child!.Url });
            opened = new WarehouseConnection(client, child);
            await new Migrator(client).ApplyAsync(cancel);
            return opened;
        }
        catch (Exception e) when (e is InvalidOperationException or ClickHouseException or SchemaException or ArgumentException or UriFormatException)
        {
            if (opened is not null) await opened.DisposeAsync();
            else if (child is not null) await child.DisposeAsync();
            throw new DataFolderException($"the warehouse cannot be used: {e.Message}", e);
        }
    }

    public WarehouseStatus Status()
    {
        if (_child is null) return new WarehouseStatus("server", _client.Url.ToString(), null, null);
        return _child.ProcessId is null
            ? new WarehouseStatus("restarting", _child.Url.ToString(), _lastExit ?? "the process is being started", LibraryVersion)
            : new WarehouseStatus("running", _child.Url.ToString(), null, LibraryVersion);
    }

    public async ValueTask DisposeAsync()
    {
        _warehouse.Dispose();
        _population.Dispose();
        _reads?.Dispose();
        _sql?.Dispose();
        _client.Dispose();
        if (_child is not null) await _child.DisposeAsync();
    }

    private void Told(LocalWarehouseExit exit, Action<string, Exception> onError)
    {
        _lastExit = exit.Reason;
        onError("warehouse", new InvalidOperationException($"its process ended ({exit.Reason}) and is started again"));
    }

    internal static Task<LocalWarehouseProcess> StartChildAsync(string folder, Action<LocalWarehouseExit> exited, CancellationToken cancel) =>
        LocalWarehouseProcess.StartAsync(new LocalWarehouseOptions { ServerPath = ServerPath(), LibraryPath = LibraryPath(), DataPath = folder, Exited = exited }, cancel);

    /// <summary>`http://user:key@host:8123/database`.</summary>
    private static ClickHouseOptions Server(string url)
    {
        var uri = new Uri(url);
        var user = uri.UserInfo.Split(':', 2);
        var database = uri.AbsolutePath.Trim('/');
        return new ClickHouseOptions
        {
            Url = new UriBuilder(uri) { UserName = "", Password = "", Path = "/" }.Uri,
            User = Uri.UnescapeDataString(user[0]),
            Key = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : "",
            Database = database.Length > 0 ? database : "lambda",
        };
    }

    /// <summary>Built beside this host: artifacts/bin/PROJECT/CONFIGURATION.</summary>
    private static string ServerPath()
    {
        if (Environment.GetEnvironmentVariable("LAMBDA_WAREHOUSE_SERVER") is { Length: > 0 } named) return named;
        var bin = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine(bin.Parent!.Parent!.FullName, "Warehouse.Local", bin.Name, "Lambda.Warehouse.Local.dll");
    }

    private static string LibraryPath()
    {
        if (Environment.GetEnvironmentVariable("LAMBDA_CHDB_LIB") is { Length: > 0 } named) return named;
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var cache = Environment.GetEnvironmentVariable("LAMBDA_CACHE")
            ?? Path.Combine(Environment.GetEnvironmentVariable("XDG_CACHE_HOME") ?? Path.Combine(home, ".cache"), "lambda");
        return Path.Combine(cache, "chdb", LibraryVersion, "libchdb.so");
    }
}
