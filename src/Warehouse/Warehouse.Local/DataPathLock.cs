namespace Lambda.Warehouse.Local;

/// <summary>One process per data path: the engine would corrupt what two of them write.</summary>
internal sealed class DataPathLock : IDisposable
{
    private const string FileName = ".lambda-warehouse.lock";
    private readonly FileStream _file;

    private DataPathLock(FileStream file) => _file = file;

    /// <exception cref="IOException">Another process holds the path; the text names it.</exception>
    internal static DataPathLock Take(string dataPath)
    {
        Directory.CreateDirectory(dataPath);
        var path = Path.Combine(dataPath, FileName);
        try
        {
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            file.SetLength(0);
            file.Write(System.Text.Encoding.ASCII.GetBytes($"{Environment.ProcessId}\n"));
            file.Flush();
            return new DataPathLock(file);
        }
        catch (IOException error)
        {
            throw new IOException($"{dataPath} is in use by another warehouse process{Holder(path)}; stop it, or choose another path", error);
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
