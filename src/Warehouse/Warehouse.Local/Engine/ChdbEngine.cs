using Lambda.Warehouse.Local.Native;

namespace Lambda.Warehouse.Local.Engine;

/// <summary>The engine of this process, on one data path: its connections, and one that stays open for the process's life.</summary>
internal sealed class ChdbEngine : IAsyncDisposable
{
    private readonly ConnectionThread _keeper;

    private ChdbEngine(ConnectionThread keeper, ConnectionPool pool, string version, string timezone)
    {
        (_keeper, Pool, Version, Timezone) = (keeper, pool, version, timezone);
        Sessions = new SessionStore(pool);
    }

    internal ConnectionPool Pool { get; }
    internal SessionStore Sessions { get; }

    /// <summary>ClickHouse's version, such as 26.7.2.1.</summary>
    internal string Version { get; }

    internal string Timezone { get; }

    /// <summary>Merges give way to inserts, queries and the host on the same cores.</summary>
    private const string MergesAreNice = "--os_threads_nice_value_merge_mutate=15";

    /// <exception cref="InvalidOperationException">The engine did not open the path.</exception>
    internal static async Task<ChdbEngine> StartAsync(LocalOptions options)
    {
        LibChdb.Load(options.Library);
        string[] arguments = ["clickhouse", $"--path={options.DataPath}", MergesAreNice, "--os_threads_nice_value_query=10", .. options.EngineArguments];
        var keeper = await ConnectionThread.OpenAsync(arguments, "chdb-keeper");
        var version = await keeper.RunAsync(static c => c.Scalar("SELECT version()"));
        var timezone = await keeper.RunAsync(static c => c.Scalar("SELECT timezone()"));
        return new ChdbEngine(keeper, new ConnectionPool(arguments, options.Connections), version, timezone);
    }

    /// <summary>
    /// Stops the statement whose text ends with the marker. The only way to one that has not returned its first row; ASYNC, because
    /// waiting for the end hangs here.
    /// </summary>
    internal Task KillAsync(string marker) =>
        _keeper.RunAsync(c => c.Scalar($"KILL QUERY WHERE endsWith(query, {SqlText.String(marker)}) ASYNC"));

    public async ValueTask DisposeAsync()
    {
        await Sessions.DisposeAsync();
        await Pool.DisposeAsync();
        await _keeper.CloseAsync();
        _ = LibChdb.Shutdown();
    }
}
