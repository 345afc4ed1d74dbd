using Lambda.Domain.Identity;
using Lambda.SpeedLayer.Ports;
using Npgsql;

namespace Lambda.SpeedLayer.Postgres;

/// <summary>The identity log of all nodes in PostgreSQL. The row of its head is compared, so of two who append behind the same record one finds it gone on.</summary>
public sealed class PostgresIdentityLog(PostgresDatabase database) : IIdentityLog
{
    public IReadOnlyList<NumberedRecord> After(long number, int limit) => database.Read("read the identity log", connection =>
    {
        using var command = new NpgsqlCommand("SELECT number, record FROM identity_log WHERE number > $1 ORDER BY number LIMIT $2", connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = number });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        using var rows = command.ExecuteReader();
        var records = new List<NumberedRecord>();
        while (rows.Read()) records.Add(new NumberedRecord(rows.GetInt64(0), IdentityCodec.Read(rows.GetString(1))));
        return records;
    });

    public bool TryAppend(long last, IdentityRecord record) => database.Run("append to the identity log", connection =>
    {
        using var transaction = connection.BeginTransaction();
        using var head = new NpgsqlCommand("UPDATE identity_head SET last = last + 1 WHERE last = $1", connection);
        head.Parameters.Add(new NpgsqlParameter<long> { TypedValue = last });
        if (head.ExecuteNonQuery() == 0) return false;
        using var insert = new NpgsqlCommand("INSERT INTO identity_log(number, link, record) VALUES ($1, $2, $3)", connection);
        insert.Parameters.Add(new NpgsqlParameter<long> { TypedValue = last + 1 });
        insert.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = record.Id });
        insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = IdentityCodec.Write(record) });
        insert.ExecuteNonQuery();
        transaction.Commit();
        return true;
    });

    public long Blank(IReadOnlyCollection<Guid> links)
    {
        var blanked = 0L;
        database.Write("make identity records blank", connection =>
        {
            foreach (var (number, record) in About(connection, links))
            {
                using var update = new NpgsqlCommand("UPDATE identity_log SET record = $2 WHERE number = $1", connection);
                update.Parameters.Add(new NpgsqlParameter<long> { TypedValue = number });
                update.Parameters.Add(new NpgsqlParameter<string> { TypedValue = IdentityCodec.Write(new IdentityRecord.Blank(record.Id)) });
                blanked += update.ExecuteNonQuery();
            }
        });
        database.Vacuum("identity_log");
        return blanked;
    }

    private static List<NumberedRecord> About(NpgsqlConnection connection, IReadOnlyCollection<Guid> links)
    {
        using var command = new NpgsqlCommand("SELECT number, record FROM identity_log WHERE link = ANY($1)", connection);
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. links] });
        using var rows = command.ExecuteReader();
        var records = new List<NumberedRecord>();
        while (rows.Read())
            if (IdentityCodec.Read(rows.GetString(1)) is var told && told is IdentityRecord.Linked or IdentityRecord.Unlinked) records.Add(new NumberedRecord(rows.GetInt64(0), told));
        return records;
    }
}
