namespace Lambda.Warehouse.Local;

/// <summary>One process per data path: the engine would corrupt what two of them write.</summary>
internal sealed class DataPathLock : IDisposable
{
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
        FileStream file;
        try
        {
            file = new FileStream(Path.Combine(dataPath, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error)
        {
            throw new IOException(
                $"{dataPath} is in use by another warehouse process{Holder(pidFile)}; stop it, or choose another path", error);
        }
        File.WriteAllText(pidFile, $"{Environment.ProcessId}\n");
        return new DataPathLock(file);
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
