using System.Globalization;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Postgres.Checkpoints;
using Npgsql;

namespace Lambda.SpeedLayer.Postgres;

/// <summary>
/// Checkpoints in PostgreSQL, for nodes that share them. Rows are copied into a staging table of the session, which nobody else sees; one call then moves
/// them over, checks the fence and commits. A generation is fenced when a higher one has written or has acquired the lease.
/// </summary>
public sealed class PostgresCheckpointStore(PostgresDatabase database) : ICheckpointStore
{
    private volatile bool _disposed;

    public Checkpoint? Load(int partition) => Checked(partition, () => Database.Read($"read the checkpoint of partition {partition}", Rows(partition).Header));

    public void LoadEntities(int partition, IReadOnlyList<CustomerId> customers, EntityReader deliver)
    {
        if (customers.Count == 0) return;
        var untouched = true;
        Checked(partition, () => Database.Read($"read {customers.Count} entities of partition {partition}", connection =>
        {
            Rows(partition).Find(connection, customers, deliver, () => untouched = false);
            return true;
        }, () => untouched));
    }

    /// <summary>A connection that is lost during the commit leaves open whether it happened: writing the same again is harmless.</summary>
    public void Write(int partition, Checkpoint checkpoint, IReadOnlyList<StoredEntity> entities)
    {
        var sorted = entities.ToArray();
        Array.Sort(sorted, (a, b) => a.Customer.CompareTo(b.Customer)); // neighbours share a page of the index
        try
        {
            Checked(partition, () => Database.Run($"write the checkpoint of partition {partition}", connection => Write(connection, partition, checkpoint, sorted)));
        }
        catch (StorageException e) when (e.InnerException is NpgsqlException cause)
        {
            throw new CheckpointWriteException(partition, Database.Place, PostgresFault.Cause(cause), e);
        }
    }

    public IEnumerable<StoredEntity> Scan(int partition)
    {
        var scan = new EntityScan(Database, Rows(partition), partition);
        try
        {
            while (Checked(partition, scan.MoveNext)) yield return scan.Current;
        }
        finally
        {
            scan.Dispose();
        }
    }

    /// <summary>Fenced by the state itself: an owner that wrote since has written another.</summary>
    public bool Forget(int partition, CustomerId customer, ReadOnlyMemory<byte> state)
    {
        var forgotten = state.IsEmpty || Database.Read($"forget a customer of partition {partition}", connection =>
        {
            using var command = new NpgsqlCommand("DELETE FROM entities WHERE partition = $1 AND customer = $2 AND state = $3", connection);
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition });
            command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = customer.Utf8.ToArray() });
            command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = state.ToArray() });
            return command.ExecuteNonQuery() == 1;
        });
        if (forgotten) Database.Vacuum("entities");
        return forgotten;
    }

    /// <summary>The lease and its generations stay: they outlive any checkpoint.</summary>
    public void Delete(int partition) => Database.Write($"delete the checkpoint of partition {partition}", Rows(partition).Delete);

    /// <summary>The database is its opener's to dispose.</summary>
    public ValueTask DisposeAsync()
    {
        _disposed = true;
        return ValueTask.CompletedTask;
    }

    private PostgresDatabase Database
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return database;
        }
    }

    private CheckpointRows Rows(int partition) => new(partition, database.Schema);

    private bool Write(NpgsqlConnection connection, int partition, Checkpoint checkpoint, StoredEntity[] sorted)
    {
        var rows = Rows(partition);
        RefuseEarly(rows, connection, partition, checkpoint.Generation);
        using var transaction = connection.BeginTransaction();
        if (sorted.Length > 0) EntityCopy.Stage(connection, partition, sorted);
        try
        {
            rows.WriteAndCommit(connection, checkpoint, isStaged: sorted.Length > 0);
            return true;
        }
        catch (PostgresException e) when (e.SqlState == PostgresFault.Fenced)
        {
            throw new FencedException(partition, checkpoint.Generation, long.Parse(e.MessageText, CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Before anything is sent; and a damaged header is not written over.</summary>
    private static void RefuseEarly(CheckpointRows rows, NpgsqlConnection connection, int partition, long generation)
    {
        var newest = Math.Max(rows.Header(connection)?.Generation ?? 0, rows.Acquired(connection));
        if (newest > generation) throw new FencedException(partition, generation, newest);
    }

    private T Checked<T>(int partition, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (StorageException e) when (e.InnerException is PostgresException inner && PostgresFault.IsCorrupt(inner))
        {
            throw Rows(partition).Corrupt(inner.MessageText);
        }
    }
}
