using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite.Raw;

namespace Lambda.SpeedLayer.Sqlite.Log;

/// <summary>The log's file: its schema, its lock against a second process, its number of partitions.</summary>
internal sealed class LogFile : IDisposable
{
    /// <summary>
    /// frames.id = partition &lt;&lt; 48 | first offset: a rowid table, since WITHOUT ROWID is not made for rows above a twentieth of a page.
    /// Pages of 16 KB: fewer steps for a payload of 50 KB, and one small commit still writes one page. Deleted pages are used again, which
    /// is enough from one day to the next; when most of the file is free they are given back in slices (<see cref="FreePages"/>).
    /// </summary>
    private static readonly SchemaFile Schema = new("event log", 0x4c6d4c67, 16_384,
        "It is the only copy of what no batch run has published yet: restore it, or move it away and start Lambda with an empty log.", """
        CREATE TABLE log(partitions INTEGER NOT NULL);
        CREATE TABLE frames(id INTEGER PRIMARY KEY, count INTEGER NOT NULL, appended_at_ms INTEGER NOT NULL, encoding INTEGER NOT NULL,
            raw_bytes INTEGER NOT NULL, checksum INTEGER NOT NULL, payload BLOB NOT NULL);
        CREATE TABLE truncations(partition INTEGER PRIMARY KEY, start_offset INTEGER NOT NULL, end_offset INTEGER NOT NULL, last_appended_at_ms INTEGER NOT NULL,
            checksum INTEGER NOT NULL);
        """) { Shrinks = true };

    private readonly FileStream _lock;

    private LogFile(string path, FileStream fileLock, Database writer) => (Path, _lock, Writer) = (path, fileLock, writer);

    public string Path { get; }

    /// <summary>The connection of the writer thread.</summary>
    public Database Writer { get; }

    /// <exception cref="StorageException">Another process has it, it is no log, of another format or of another number of partitions.</exception>
    public static LogFile Open(string path, int partitions, LogLimits limits)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        var fileLock = Lock(path);
        Database? writer = null;
        try
        {
            writer = Schema.Open(path, limits.FileBytesMax > 0 ? $"PRAGMA max_page_count={limits.FileBytesMax / Schema.PageBytes};" : "");
            CheckPartitions(writer, partitions);
            return new LogFile(path, fileLock, writer);
        }
        catch
        {
            writer?.Dispose();
            fileLock.Dispose();
            throw;
        }
    }

    public Database OpenReader() => SchemaFile.OpenReader(Path);

    /// <summary>The lock is the operating system's and ends with the process; the file stays, and holds the owner's process id for the message.</summary>
    private static FileStream Lock(string path)
    {
        var lockPath = path + ".lock";
        try
        {
            var file = new FileStream(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
            file.SetLength(0);
            file.Write(System.Text.Encoding.ASCII.GetBytes($"{Environment.ProcessId}\n"));
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(path, $"the event log is in use by another process, or its lock file {lockPath} cannot be written: {e.Message}", e);
        }
    }

    private static void CheckPartitions(Database writer, int partitions)
    {
        if (writer.Scalar("SELECT count(*) FROM log") == 0) writer.Execute($"INSERT INTO log(partitions) VALUES ({partitions})");
        var stored = writer.Scalar("SELECT partitions FROM log");
        if (stored != partitions)
            throw new StorageException(writer.Path,
                $"the event log has {stored} partitions, the configuration says {partitions}. A customer's partition is fixed for life: set the number of partitions back to {stored}.");
    }

    public void Dispose()
    {
        Writer.Dispose();
        _lock.Dispose();
    }
}
