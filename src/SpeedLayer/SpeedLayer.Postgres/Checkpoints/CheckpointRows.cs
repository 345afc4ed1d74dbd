using System.Buffers;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Npgsql;
using NpgsqlTypes;

namespace Lambda.SpeedLayer.Postgres.Checkpoints;

/// <summary>The statements on one partition's rows, and how a row is read and checked.</summary>
internal sealed class CheckpointRows(int partition, string schema)
{
    public Checkpoint? Header(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand("SELECT applied, generation, worker, checksum FROM checkpoints WHERE partition = $1", connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition });
        using var rows = command.ExecuteReader();
        if (!rows.Read()) return null;
        var checkpoint = new Checkpoint(rows.GetInt64(0), rows.GetInt64(1), rows.GetFieldValue<byte[]>(2));
        return rows.GetInt64(3) == Checksums.Of(partition, checkpoint) ? checkpoint : throw Corrupt("checksum of its header differs");
    }

    /// <summary>Newest generation that acquired the partition; 0 when none did.</summary>
    public long Acquired(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand("SELECT generation FROM leases WHERE partition = $1", connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition });
        return command.ExecuteScalar() as long? ?? 0;
    }

    /// <summary>Rows, header, fence and COMMIT in one message: the server brings it to an end even if this process freezes after sending it.</summary>
    public void WriteAndCommit(NpgsqlConnection connection, Checkpoint checkpoint, bool isStaged)
    {
        using var batch = new NpgsqlBatch(connection) { Timeout = PostgresLimits.CheckpointSeconds };
        var write = new NpgsqlBatchCommand("SELECT write_checkpoint($1, $2, $3, $4, $5, $6)");
        write.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition });
        write.Parameters.Add(new NpgsqlParameter<long> { TypedValue = checkpoint.Applied });
        write.Parameters.Add(new NpgsqlParameter<long> { TypedValue = checkpoint.Generation });
        write.Parameters.Add(new NpgsqlParameter<ReadOnlyMemory<byte>> { TypedValue = checkpoint.Worker, NpgsqlDbType = NpgsqlDbType.Bytea });
        write.Parameters.Add(new NpgsqlParameter<long> { TypedValue = Checksums.Of(partition, checkpoint) });
        write.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = isStaged });
        batch.BatchCommands.Add(write);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
        batch.ExecuteNonQuery();
    }

    /// <param name="delivering">Called before the first row is delivered.</param>
    public void Find(NpgsqlConnection connection, IReadOnlyList<CustomerId> customers, EntityReader deliver, Action delivering)
    {
        using var command = new NpgsqlCommand("SELECT customer, checksum, state FROM entities WHERE partition = $1 AND customer = ANY($2)", connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition });
        var ids = new byte[customers.Count][];
        for (var i = 0; i < ids.Length; i++) ids[i] = customers[i].Utf8.ToArray();
        command.Parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        using var rows = command.ExecuteReader();
        var state = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            while (rows.Read())
            {
                delivering();
                var customer = new CustomerId(rows.GetFieldValue<byte[]>(0));
                var length = (int)rows.GetBytes(2, 0, null, 0, 0);
                if (length > state.Length)
                {
                    ArrayPool<byte>.Shared.Return(state);
                    state = ArrayPool<byte>.Shared.Rent(length);
                }
                rows.GetBytes(2, 0, state, 0, length);
                deliver(customer, Checked(customer, state.AsSpan(0, length), rows.GetInt64(1)));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(state);
        }
    }

    /// <summary>All in order: one statement, hence one snapshot.</summary>
    public NpgsqlCommand All(NpgsqlConnection connection)
    {
        var command = new NpgsqlCommand("SELECT customer, checksum, state FROM entities WHERE partition = $1 ORDER BY customer", connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition });
        return command;
    }

    /// <summary>The row the reader of <see cref="All"/> stands on.</summary>
    public StoredEntity Entity(NpgsqlDataReader rows, CustomerId? before)
    {
        var customer = new CustomerId(rows.GetFieldValue<byte[]>(0));
        var state = rows.GetFieldValue<byte[]>(2);
        Checked(customer, state, rows.GetInt64(1));
        if (before?.CompareTo(customer) >= 0) throw Corrupt($"customer {customer} is out of order");
        return new StoredEntity(customer, state);
    }

    public void Delete(NpgsqlConnection connection)
    {
        foreach (var sql in (string[])["SELECT pg_advisory_xact_lock('leases'::regclass::oid::integer, $1)", "DELETE FROM checkpoints WHERE partition = $1", "DELETE FROM entities WHERE partition = $1"])
        {
            using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = PostgresLimits.CheckpointSeconds };
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition });
            command.ExecuteNonQuery();
        }
    }

    public CheckpointCorruptException Corrupt(string what) => new(partition, what,
        $"run 'DELETE FROM {schema}.entities WHERE partition = {partition}; DELETE FROM {schema}.checkpoints WHERE partition = {partition};'");

    private ReadOnlySpan<byte> Checked(CustomerId customer, ReadOnlySpan<byte> state, long checksum) =>
        checksum == Checksums.Of(partition, customer.Utf8, state) ? state : throw Corrupt($"checksum of customer {customer} differs");
}
