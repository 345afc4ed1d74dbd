using System.Globalization;
using Lambda.Serving.Audit;
using Lambda.Serving.Ports;
using Npgsql;

namespace Lambda.SpeedLayer.Postgres;

/// <summary>
/// The audit chains of all nodes, a row for each group of entries that a node wrote at once. Two processes that take themselves for the same node cannot fork a chain: the
/// second to append at a place finds it taken.
/// </summary>
/// <param name="chain">Name of the chain that this node writes: its own.</param>
public sealed class PostgresAuditStore(PostgresDatabase database, string chain) : IAuditStore
{
    private const int RowsAtOnce = 256;

    public string Chain => chain;

    public IReadOnlyList<string> Notes() => [];

    public IReadOnlyList<string> Chains() => database.Read("read the audit chains", connection =>
    {
        // Jumps from chain to chain along the primary key: there are millions of rows and few chains.
        using var command = new NpgsqlCommand("""
            WITH RECURSIVE chains AS (
                (SELECT chain FROM audit ORDER BY chain LIMIT 1)
                UNION ALL
                SELECT (SELECT chain FROM audit WHERE chain > c.chain ORDER BY chain LIMIT 1) FROM chains c WHERE c.chain IS NOT NULL)
            SELECT chain FROM chains WHERE chain IS NOT NULL
            """, connection);
        using var rows = command.ExecuteReader();
        var all = new List<string>();
        while (rows.Read()) all.Add(rows.GetString(0));
        return all;
    });

    public AuditEnd End(string chain) => database.Read($"read the end of the audit chain {chain}", connection =>
    {
        using var command = new NpgsqlCommand("SELECT first, entries, bytes FROM audit WHERE chain = $1 ORDER BY first DESC LIMIT 1", connection) { Parameters = { new() { Value = chain } } };
        using var rows = command.ExecuteReader();
        if (!rows.Read()) return default;
        var bytes = rows.GetFieldValue<byte[]>(2);
        return new AuditEnd(rows.GetInt64(0) + rows.GetInt32(1) - 1, bytes.Length < AuditCodec.HashBytes ? bytes : bytes[^AuditCodec.HashBytes..]);
    });

    public bool TryAppend(long first, int count, ReadOnlySpan<byte> entries)
    {
        var bytes = entries.ToArray();
        return database.Run("write the audit log", connection =>
        {
            // Only right behind the end: the primary key alone would let two writers of different lengths overlap.
            using var command = new NpgsqlCommand("""
                INSERT INTO audit(chain, first, entries, bytes)
                SELECT $1, $2, $3, $4 WHERE $2 = coalesce((SELECT first + entries FROM audit WHERE chain = $1 ORDER BY first DESC LIMIT 1), 1)
                ON CONFLICT DO NOTHING
                """, connection);
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = chain });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = first });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = count });
            command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = bytes });
            return command.ExecuteNonQuery() == 1;
        });
    }

    public IEnumerable<AuditPart> Read(string chain, long from)
    {
        for (var next = database.Read($"read the audit chain {chain}", connection => RowOf(connection, chain, from)); ;)
        {
            var parts = database.Read($"read the audit chain {chain}", connection => ReadSome(connection, chain, next));
            foreach (var part in parts) yield return part;
            if (parts.Count < RowsAtOnce) yield break;
            next = parts[^1].First + 1;
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>The row that holds the entry, 0 when it is the first one there is.</summary>
    private static long RowOf(NpgsqlConnection connection, string chain, long entry)
    {
        using var command = new NpgsqlCommand("SELECT first FROM audit WHERE chain = $1 AND first <= $2 ORDER BY first DESC LIMIT 1", connection) { Parameters = { new() { Value = chain }, new() { Value = entry } } };
        return command.ExecuteScalar() is long first ? first : 0;
    }

    private List<AuditPart> ReadSome(NpgsqlConnection connection, string chain, long from)
    {
        using var command = new NpgsqlCommand("SELECT first, bytes FROM audit WHERE chain = $1 AND first >= $2 ORDER BY first LIMIT $3", connection) { Parameters = { new() { Value = chain }, new() { Value = from }, new() { Value = RowsAtOnce } } };
        using var rows = command.ExecuteReader();
        var parts = new List<AuditPart>();
        while (rows.Read())
        {
            var first = rows.GetInt64(0);
            parts.Add(new AuditPart(first, rows.GetFieldValue<byte[]>(1), string.Create(CultureInfo.InvariantCulture, $"{database.Place}, audit row {first}")));
        }
        return parts;
    }
}
