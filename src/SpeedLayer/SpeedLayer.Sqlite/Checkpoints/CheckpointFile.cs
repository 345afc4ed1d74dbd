using System.Collections.Concurrent;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite.Raw;

namespace Lambda.SpeedLayer.Sqlite.Checkpoints;

/// <summary>One partition's checkpoints: a writer connection and as many readers as are used at once.</summary>
internal sealed class CheckpointFile : IDisposable
{
    /// <summary>
    /// WITHOUT ROWID, since the key is the id itself and one tree is written instead of two. Pages of 16 KB hold some thirty entities of 500 bytes
    /// and keep states up to 4 KB inside the page.
    /// </summary>
    private static readonly SchemaFile Schema = new("checkpoint", 0x4c6d4370, 16_384, "", """
        CREATE TABLE checkpoint(id INTEGER PRIMARY KEY CHECK (id = 0), applied INTEGER NOT NULL, generation INTEGER NOT NULL, worker BLOB NOT NULL, checksum INTEGER NOT NULL);
        CREATE TABLE entities(customer BLOB PRIMARY KEY, state BLOB NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;
        """);

    private const int WalPagesMax = 1_024; // 16 MB
    private const int WalWaitMs = 1_000;
    private const int ReadersKept = 4;
    private const int LargeWriteEntities = 5_000; // some 2 MB

    private readonly Lock _writing = new();
    private readonly int _partition;
    private readonly string _path;
    private readonly CheckpointTable _writer;
    private readonly ConcurrentBag<CheckpointTable> _readers = [];

    private CheckpointFile(int partition, string path, CheckpointTable writer) => (_partition, _path, _writer) = (partition, path, writer);

    /// <exception cref="CheckpointCorruptException"/>
    public static CheckpointFile Open(int partition, string path)
    {
        try
        {
            return new CheckpointFile(partition, path, Table(partition, Schema.Open(path, "PRAGMA cache_size=-16000;")));
        }
        catch (StorageException e) when (e.InnerException is null or SqliteFault { IsCorrupt: true })
        {
            throw new CheckpointCorruptException(partition, e.Message);
        }
    }

    private static CheckpointTable Table(int partition, Database database)
    {
        try
        {
            return new CheckpointTable(partition, database);
        }
        catch (SqliteFault fault)
        {
            database.Dispose();
            throw CheckpointTable.Fault(partition, fault);
        }
    }

    public Checkpoint? Header() => WithReader(reader => reader.Header());

    public void Find(IReadOnlyList<CustomerId> customers, EntityReader deliver)
    {
        var sorted = customers.ToArray();
        Array.Sort(sorted); // neighbours share a page
        WithReader(reader =>
        {
            reader.Database.ReadTransaction(() => reader.Find(sorted, deliver));
            return true;
        });
    }

    public void Write(Checkpoint checkpoint, IReadOnlyList<StoredEntity> entities)
    {
        var sorted = entities.ToArray();
        Array.Sort(sorted, (a, b) => a.Customer.CompareTo(b.Customer));
        lock (_writing)
        {
            using var smooth = sorted.Length >= LargeWriteEntities ? new SteadyWriteback(_path) : null;
            _writer.Database.Transaction(() =>
            {
                if (_writer.Header() is { } before && before.Generation > checkpoint.Generation)
                    throw new FencedException(_partition, checkpoint.Generation, before.Generation);
                _writer.Write(checkpoint, sorted);
            });
            _writer.Database.CheckpointWal(WalPagesMax);
        }
    }

    /// <summary>The file is written anew, for rows that were replaced may stand in the gaps of its pages, and the WAL is emptied.</summary>
    public bool Forget(CustomerId customer, ReadOnlyMemory<byte> state)
    {
        lock (_writing)
        {
            var matches = true;
            if (!state.IsEmpty) _writer.Database.Transaction(() => matches = _writer.TryRemove(customer, state.Span));
            if (!matches) return false;
            _writer.Database.Execute("VACUUM");
            return _writer.Database.EmptyWal(WalWaitMs);
        }
    }

    public IEnumerable<StoredEntity> Scan()
    {
        var reader = TakeReader();
        try
        {
            foreach (var entity in reader.Scan()) yield return entity;
        }
        finally
        {
            GiveBack(reader);
        }
    }

    private T WithReader<T>(Func<CheckpointTable, T> read)
    {
        var reader = TakeReader();
        try
        {
            return read(reader);
        }
        finally
        {
            GiveBack(reader);
        }
    }

    private CheckpointTable TakeReader()
    {
        if (_readers.TryTake(out var reader)) return reader;
        try
        {
            return Table(_partition, SchemaFile.OpenReader(_path, "PRAGMA cache_size=-8000;"));
        }
        catch (SqliteFault fault)
        {
            throw CheckpointTable.Fault(_partition, fault);
        }
    }

    private void GiveBack(CheckpointTable reader)
    {
        if (_readers.Count < ReadersKept) _readers.Add(reader);
        else reader.Dispose();
    }

    public void Dispose()
    {
        lock (_writing)
        {
            while (_readers.TryTake(out var reader)) reader.Dispose();
            _writer.Dispose();
        }
    }
}
