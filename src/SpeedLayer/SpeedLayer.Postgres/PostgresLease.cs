using Lambda.SpeedLayer.Leases;
using Lambda.SpeedLayer.Ports;
using Npgsql;

namespace Lambda.SpeedLayer.Postgres;

/// <summary>
/// Leases in PostgreSQL, by its clock. Generations are durable and fence checkpoints and sink progress: they only grow. Give it a <see cref="PostgresDatabase"/>
/// of its own, so that renewals never wait for a connection behind checkpoints.
/// </summary>
public sealed class PostgresLease(PostgresDatabase database, LeaseTimes? times = null) : ILeaseStore
{
    private readonly TimeSpan _expiry = (times ?? LeaseTimes.Default).Expiry;

    public LeaseAnswer Acquire(int partition, string owner, TimeSpan freeFor = default) => database.Run($"acquire the lease of partition {partition}", connection =>
    {
        // Whoever takes or renews it behind this is seen by what follows.
        if (freeFor > TimeSpan.Zero && NotFreeForLong(connection, partition, owner, freeFor) is { } refused) return refused;
        // Waits for a checkpoint of the owner before that is just being committed: whoever loads after this sees it.
        using var command = new NpgsqlCommand("SELECT granted, held_by, free_in_ms FROM acquire_lease($1, $2, $3)", connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = owner });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = _expiry });
        using var rows = command.ExecuteReader();
        rows.Read();
        return rows.IsDBNull(0)
            ? new LeaseAnswer(0, rows.GetString(1), TimeSpan.FromMilliseconds(rows.GetInt64(2)))
            : new LeaseAnswer(rows.GetInt64(0), null, TimeSpan.Zero);
    });

    private static LeaseAnswer? NotFreeForLong(NpgsqlConnection connection, int partition, string owner, TimeSpan freeFor)
    {
        using var command = new NpgsqlCommand("SELECT owner, expires_at + $3 - clock_timestamp() FROM leases WHERE partition = $1 AND owner <> $2 AND expires_at + $3 > clock_timestamp()", connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = owner });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = freeFor });
        using var rows = command.ExecuteReader();
        return rows.Read() ? new LeaseAnswer(0, rows.GetString(0), rows.GetFieldValue<TimeSpan>(1)) : null;
    }

    /// <summary>No second try on another connection: a late renewal is worse than one that says so.</summary>
    public IReadOnlyList<bool> Renew(IReadOnlyList<(int Partition, long Generation)> held) => database.Run("renew leases", connection =>
    {
        using var command = new NpgsqlCommand("""
            UPDATE leases SET expires_at = clock_timestamp() + $3
            FROM unnest($1, $2) AS held(partition, generation) WHERE leases.partition = held.partition AND leases.generation = held.generation AND leases.owner <> ''
            RETURNING leases.partition, leases.generation
            """, connection) { CommandTimeout = PostgresLimits.LeaseSeconds };
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = [.. held.Select(h => h.Partition)] });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. held.Select(h => h.Generation)] });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = _expiry });
        using var rows = command.ExecuteReader();
        var renewed = new HashSet<(int, long)>();
        while (rows.Read()) renewed.Add((rows.GetInt32(0), rows.GetInt64(1)));
        return (IReadOnlyList<bool>)[.. held.Select(renewed.Contains)];
    });

    public void Release(int partition, long generation) => database.Run($"give back the lease of partition {partition}", connection =>
    {
        using var command = new NpgsqlCommand("UPDATE leases SET owner = '', expires_at = clock_timestamp() WHERE partition = $1 AND generation = $2", connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = generation });
        return command.ExecuteNonQuery();
    });
}
