using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite.Checkpoints;
using Lambda.SpeedLayer.Sqlite.Raw;

namespace Lambda.SpeedLayer.Sqlite;

/// <summary>
/// Checkpoints in SQLite, a file per partition: partitions write at the same time, and one that is damaged is deleted alone.
/// Files: `checkpoint-0007.db` with -wal and -shm beside it.
/// </summary>
public sealed class SqliteCheckpointStore : ICheckpointStore
{
    private readonly Lock _lock = new();
    private readonly string _folder;
    private readonly Dictionary<int, CheckpointFile> _files = [];
    private bool _disposed;

    public SqliteCheckpointStore(string folder) => _folder = Directory.CreateDirectory(folder).FullName;

    public Checkpoint? Load(int partition) => Existing(partition)?.Header();

    public void LoadEntities(int partition, IReadOnlyList<CustomerId> customers, EntityReader deliver)
    {
        if (customers.Count > 0) Existing(partition)?.Find(customers, deliver);
    }

    public void Write(int partition, Checkpoint checkpoint, IReadOnlyList<StoredEntity> entities)
    {
        try
        {
            File(partition, create: true)!.Write(checkpoint, entities);
        }
        catch (SqliteFault fault) when (!fault.IsCorrupt)
        {
            throw new CheckpointWriteException(partition, fault.File, fault.Cause, fault);
        }
        catch (SqliteFault fault)
        {
            throw CheckpointTable.Fault(partition, fault);
        }
    }

    public bool Forget(int partition, CustomerId customer, ReadOnlyMemory<byte> state) => Existing(partition)?.Forget(customer, state) ?? true;

    public IEnumerable<StoredEntity> Scan(int partition) => Existing(partition)?.Scan() ?? [];

    public void Delete(int partition)
    {
        lock (_lock)
        {
            if (_files.Remove(partition, out var file)) file.Dispose();
            foreach (var suffix in (string[])["", "-wal", "-shm"]) System.IO.File.Delete(PathOf(partition) + suffix);
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (var file in _files.Values) file.Dispose();
            _files.Clear();
        }
        return ValueTask.CompletedTask;
    }

    private string PathOf(int partition) => Path.Combine(_folder, $"checkpoint-{partition:d4}.db");

    private CheckpointFile? Existing(int partition) => File(partition, create: false);

    private CheckpointFile? File(int partition, bool create)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_files.TryGetValue(partition, out var file)) return file;
            if (!create && !System.IO.File.Exists(PathOf(partition))) return null;
            return _files[partition] = CheckpointFile.Open(partition, PathOf(partition));
        }
    }
}
