using System.Numerics;
using Lambda.SpeedLayer.Ports;
using Npgsql;

namespace Lambda.SpeedLayer.Postgres;

/// <summary>Sink progress in PostgreSQL.</summary>
/// <param name="generationOf">
/// What this process holds of a partition: progress is then refused when a higher generation has acquired the lease. Null: not fenced, for one process alone.
/// </param>
public sealed class PostgresSinkProgressStore(PostgresDatabase database, Func<int, long>? generationOf = null) : ISinkProgressStore
{
    private const string Columns = "next, events, hash_sum, billing_minor_sum";

    public SinkProgress Load(int partition) => database.Read($"read the sink progress of partition {partition}", connection =>
    {
        using var command = new NpgsqlCommand($"SELECT {Columns} FROM sink_progress WHERE partition = $1", connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition });
        return Read(command);
    }) ?? SinkProgress.Zero;

    /// <exception cref="FencedException">A higher generation has acquired one of the partitions; nothing was saved.</exception>
    public void Save(IReadOnlyList<(int Partition, SinkProgress Progress)> progress, IReadOnlyList<(int Partition, long Epoch, SinkProgress AtBarrier)> barriers)
    {
        if (progress.Count == 0 && barriers.Count == 0) return;
        database.Write("write sink progress", connection =>
        {
            foreach (var partition in progress.Select(p => p.Partition).Union(barriers.Select(b => b.Partition)).Order()) Fence(connection, partition);
            using var batch = new NpgsqlBatch(connection);
            foreach (var (partition, now) in progress) batch.BatchCommands.Add(Upsert(partition, null, now));
            foreach (var (partition, epoch, at) in barriers) batch.BatchCommands.Add(Upsert(partition, epoch, at));
            batch.ExecuteNonQuery();
        });
    }

    public SinkProgress? AtBarrier(int partition, long epoch) => database.Read($"read the sink's totals at barrier {epoch} of partition {partition}", connection =>
    {
        using var command = new NpgsqlCommand($"SELECT {Columns} FROM sink_barriers WHERE partition = $1 AND epoch = $2", connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = epoch });
        return Read(command);
    });

    /// <summary>Held to the end of the transaction: acquiring waits for it, renewals do not.</summary>
    private void Fence(NpgsqlConnection connection, int partition)
    {
        if (generationOf is null) return;
        using var command = new NpgsqlCommand("SELECT generation FROM leases WHERE partition = $1 FOR KEY SHARE", connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition });
        var (mine, newest) = (generationOf(partition), command.ExecuteScalar() as long? ?? 0);
        if (newest > mine) throw new FencedException(partition, mine, newest);
    }

    private static NpgsqlBatchCommand Upsert(int partition, long? epoch, SinkProgress progress)
    {
        var command = new NpgsqlBatchCommand(epoch is null
            ? $"INSERT INTO sink_progress(partition, {Columns}) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (partition) DO UPDATE SET (next, events, hash_sum, billing_minor_sum) = ROW(excluded.next, excluded.events, excluded.hash_sum, excluded.billing_minor_sum)"
            : $"INSERT INTO sink_barriers(partition, {Columns}, epoch) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (partition, epoch) DO NOTHING");
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = progress.Next });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = progress.Events });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = (long)progress.HashSum });
        command.Parameters.Add(new NpgsqlParameter<BigInteger> { TypedValue = progress.BillingMinorSum });
        if (epoch is { } at) command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = at });
        return command;
    }

    private static SinkProgress? Read(NpgsqlCommand command)
    {
        using var rows = command.ExecuteReader();
        return rows.Read() ? new SinkProgress(rows.GetInt64(0), rows.GetInt64(1), (ulong)rows.GetInt64(2), (Int128)rows.GetFieldValue<BigInteger>(3)) : null;
    }
}
