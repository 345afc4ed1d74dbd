using System.Data.Common;
using Lambda.Serving.Segments;
using Lambda.SpeedLayer.Ports;
using Npgsql;

namespace Lambda.SpeedLayer.Postgres;

/// <summary>Segments and webhooks of all nodes in PostgreSQL; owners of partitions are fenced by their lease's generation.</summary>
public sealed class PostgresSegments(PostgresDatabase database) : ISegmentDatabase
{
    public T Read<T>(string doing, Func<DbConnection, T> work) => database.Read(doing, work);

    public void Write(string doing, Action<DbConnection> work) => database.Write(doing, work);

    /// <summary>Acquiring the lease waits for it, renewals do not.</summary>
    public void Fence(DbConnection connection, PartitionFence fence)
    {
        using var command = new NpgsqlCommand("SELECT generation FROM leases WHERE partition = $1 FOR KEY SHARE", (NpgsqlConnection)connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = fence.Partition });
        var newest = command.ExecuteScalar() as long? ?? 0;
        if (newest > fence.Generation) throw new FencedException(fence.Partition, fence.Generation, newest);
    }

    public void SelectOf(DbConnection connection, string sql, IReadOnlyCollection<byte[]> customers, Action<DbDataReader> read)
    {
        using var command = new NpgsqlCommand($"{sql} = ANY($1)", (NpgsqlConnection)connection);
        command.Parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = [.. customers] });
        using var rows = command.ExecuteReader();
        while (rows.Read()) read(rows);
    }

    public void Purge(params IReadOnlyList<string> tables)
    {
        foreach (var table in tables) database.Vacuum(table);
    }
}
