namespace Lambda.Warehouse.Local;

/// <summary>One process per data path: the engine would corrupt what two of them write.</summary>
internal sealed class DataPathLock : IDisposable
{
    /// <summary>How long to wait for the one before: after its host was killed it needs a moment to go.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(20);

    private const string LockFile = ".lambda-warehouse.lock";

    /// <summary>Apart from the lock, because a locked file cannot be read by another process.</summary>
    private const string PidFile = ".lambda-warehouse.pid";

    private readonly FileStream _file;

    private DataPathLock(FileStream file) => _file = file;

    /// <exception cref="IOException">Another process holds the path; the text names it.</exception>
    internal static DataPathLock Take(string dataPath)
    {
        Directory.CreateDirectory(dataPath);
        var pidFile = Path.Combine(dataPath, PidFile);
        var file = Open(Path.Combine(dataPath, LockFile), () => $"{dataPath} is in use by another warehouse process{Holder(pidFile)}; stop it, or choose another path");
        File.WriteAllText(pidFile, $"{Environment.ProcessId}\n");
        return new DataPathLock(file);
    }

    private static FileStream Open(string path, Func<string> whenHeld)
    {
        for (var waited = System.Diagnostics.Stopwatch.StartNew(); ;)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException error)
            {
                if (waited.Elapsed > Patience) throw new IOException(whenHeld(), error);
            }
            Thread.Sleep(Retry);
        }
    }

    public void Dispose() => _file.Dispose();

    private static string Holder(string path)
    {
        try
        {
            return $" ({File.ReadAllText(path).Trim()})";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
