using Lambda.Warehouse.LocalServer;
using Xunit;

namespace Lambda.TestKit;

/// <summary>
/// A local warehouse on an empty temporary folder, one for all tests of a collection. Where libchdb is absent its tests must skip:
/// call <see cref="Url"/> (or <see cref="SkipIfAbsent"/>) from a SkippableFact. Tests make databases of their own, by <see cref="NewDatabase"/>.
/// </summary>
public sealed class LocalWarehouseFixture : IAsyncLifetime
{
    private LocalWarehouseProcess? _process;
    private int _databases;

    /// <summary>http://127.0.0.1:PORT</summary>
    public Uri Url
    {
        get
        {
            SkipIfAbsent();
            return _process!.Url;
        }
    }

    public LocalWarehouseProcess Process
    {
        get
        {
            SkipIfAbsent();
            return _process!;
        }
    }

    public string DataPath { get; } = Path.Combine(Path.GetTempPath(), $"lambda-warehouse-{Guid.NewGuid():N}");

    public static void SkipIfAbsent() => Skip.If(LocalWarehouse.LibraryPath == null, LocalWarehouse.WhyAbsent);

    /// <summary>A name no other test of this fixture has.</summary>
    public string NewDatabase() => $"t{Interlocked.Increment(ref _databases)}";

    public async Task InitializeAsync()
    {
        if (LocalWarehouse.LibraryPath != null)
            _process = await LocalWarehouseProcess.StartAsync(LocalWarehouse.Options(DataPath));
    }

    public async Task DisposeAsync()
    {
        if (_process != null)
            await _process.DisposeAsync();
        if (Directory.Exists(DataPath))
            Directory.Delete(DataPath, recursive: true);
    }
}

/// <summary>Where the parts of the local warehouse are on this machine.</summary>
public static class LocalWarehouse
{
    /// <summary>The version scripts/fetch-chdb fetches.</summary>
    public const string LibraryVersion = "26.7.3-stable.1";

    public static string WhyAbsent =>
        $"libchdb {LibraryVersion} is not here: run scripts/fetch-chdb, or set LAMBDA_CHDB_LIB to the path of libchdb.so";

    /// <summary>LAMBDA_CHDB_LIB, else the cache of scripts/fetch-chdb; null if there is none.</summary>
    public static string? LibraryPath { get; } = FindLibrary();

    /// <summary>Lambda.Warehouse.Local.dll beside these tests, built with them.</summary>
    public static string ServerPath
    {
        get
        {
            var bin = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)); // artifacts/bin/<project>/<configuration>
            return Path.Combine(bin.Parent!.Parent!.FullName, "Warehouse.Local", bin.Name, "Lambda.Warehouse.Local.dll");
        }
    }

    public static LocalWarehouseOptions Options(string dataPath) => new()
    {
        ServerPath = ServerPath,
        LibraryPath = LibraryPath!,
        DataPath = dataPath,
    };

    private static string? FindLibrary()
    {
        var set = Environment.GetEnvironmentVariable("LAMBDA_CHDB_LIB");
        var path = string.IsNullOrEmpty(set) ? Path.Combine(CacheRoot(), "chdb", LibraryVersion, "libchdb.so") : set;
        return File.Exists(path) ? path : null;
    }

    private static string CacheRoot()
    {
        string? Set(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
        return Set("LAMBDA_CACHE")
            ?? Path.Combine(Set("XDG_CACHE_HOME") ?? Path.Combine(Set("HOME") ?? "/", ".cache"), "lambda");
    }
}
