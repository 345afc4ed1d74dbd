using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Lambda.SpeedLayer.Ports;
using Npgsql;

namespace Lambda.SpeedLayer.Postgres;

/// <summary>
/// Quarantine in PostgreSQL, shared by all nodes. Additions are serialised: ids then become visible in ascending order, so that a reader who goes on after
/// the last id misses none, and two nodes never store "once" twice.
/// </summary>
public sealed class PostgresQuarantine(PostgresDatabase database) : IQuarantine
{
    private const string Columns = "id, at_ms, source, line, field, reason, detail, raw, replayed_at_ms";

    private const string Insert = """
        INSERT INTO quarantine(at_ms, source, line, field, reason, detail, raw, fingerprint)
        SELECT at_ms, source, line, field, reason, detail, raw, fingerprint
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) WITH ORDINALITY AS new(at_ms, source, line, field, reason, detail, raw, fingerprint, ordinal)
        WHERE NOT $9 OR NOT EXISTS (
            SELECT FROM quarantine AS open WHERE open.replayed_at_ms IS NULL AND open.fingerprint = new.fingerprint
                AND open.source = new.source AND open.reason = new.reason AND open.raw = new.raw)
        ORDER BY ordinal
        """;

    public void Add(IReadOnlyList<QuarantineEntry> entries, bool once)
    {
        if (entries.Count == 0) return;
        var rows = entries.Select(e => new Row(e with { Source = Storable(e.Source), Field = Storable(e.Field), Reason = Storable(e.Reason), Detail = Storable(e.Detail) })).ToArray();
        if (once) rows = [.. rows.DistinctBy(r => (r.Entry.Source, r.Entry.Reason, Convert.ToBase64String(r.Entry.Raw.Span)))];
        database.Write("write to the quarantine", connection =>
        {
            using (var serialise = new NpgsqlCommand("SELECT pg_advisory_xact_lock('quarantine'::regclass::oid::integer, 0)", connection)) serialise.ExecuteNonQuery();
            using var command = new NpgsqlCommand(Insert, connection);
            Array(command, rows, r => r.Entry.AtMs);
            Array(command, rows, r => r.Entry.Source);
            Array(command, rows, r => r.Entry.Line);
            Array(command, rows, r => r.Entry.Field);
            Array(command, rows, r => r.Entry.Reason);
            Array(command, rows, r => r.Entry.Detail);
            Array(command, rows, r => r.Entry.Raw.ToArray());
            Array(command, rows, r => r.Fingerprint);
            command.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = once });
            command.ExecuteNonQuery();
        });
    }

    public IReadOnlyList<QuarantineEntry> List(long afterId, int limit, string? reason, bool includeReplayed) => database.Read("read the quarantine", connection =>
    {
        var conditions = (includeReplayed ? "" : " AND replayed_at_ms IS NULL") + (reason is null ? "" : " AND reason = $3");
        using var command = new NpgsqlCommand($"SELECT {Columns} FROM quarantine WHERE id > $1{conditions} ORDER BY id LIMIT $2", connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = afterId });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        if (reason is not null) command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Storable(reason) });
        using var rows = command.ExecuteReader();
        var entries = new List<QuarantineEntry>();
        while (rows.Read())
            entries.Add(new QuarantineEntry(rows.GetInt64(0), rows.GetInt64(1), rows.GetString(2), rows.GetInt64(3), rows.GetString(4), rows.GetString(5), rows.GetString(6),
                rows.GetFieldValue<byte[]>(7), rows.IsDBNull(8) ? null : rows.GetInt64(8)));
        return entries;
    });

    public void MarkReplayed(IReadOnlyList<long> ids, long atMs) => database.Write("mark quarantined entries as replayed", connection =>
    {
        using var command = new NpgsqlCommand("UPDATE quarantine SET replayed_at_ms = $1 WHERE id = ANY($2)", connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = atMs });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. ids] });
        command.ExecuteNonQuery();
    });

    /// <summary>A vacuum takes deleted rows out of their pages; what PostgreSQL's own log still holds of them goes with its recycling.</summary>
    public void Delete(IReadOnlyList<long> ids)
    {
        if (ids.Count == 0) return;
        database.Write("delete quarantined entries", connection =>
        {
            using var command = new NpgsqlCommand("DELETE FROM quarantine WHERE id = ANY($1)", connection);
            command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. ids] });
            command.ExecuteNonQuery();
        });
        database.Vacuum("quarantine");
    }

    public IReadOnlyDictionary<string, long> Counts() => database.Read("count the quarantine", connection =>
    {
        using var command = new NpgsqlCommand("SELECT reason, count(*) FROM quarantine WHERE replayed_at_ms IS NULL GROUP BY reason", connection);
        using var rows = command.ExecuteReader();
        var counts = new Dictionary<string, long>();
        while (rows.Read()) counts[rows.GetString(0)] = rows.GetInt64(1);
        return counts;
    });

    /// <summary>The database is its opener's to dispose.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>PostgreSQL's text knows no NUL, and half a surrogate pair is no UTF-8. Texts of ours quote input: the raw bytes are kept as they are.</summary>
    private static string Storable(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('\0', '\ufffd');

    private static void Array<T>(NpgsqlCommand command, Row[] rows, Func<Row, T> value) =>
        command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = System.Array.ConvertAll(rows, r => value(r)) });

    private sealed record Row(QuarantineEntry Entry)
    {
        /// <summary>Of source, reason and raw bytes. A storage format.</summary>
        public long Fingerprint { get; } = Of(Entry);

        private static long Of(QuarantineEntry entry)
        {
            var hash = new XxHash3();
            Span<byte> length = stackalloc byte[4];
            foreach (var text in (string[])[entry.Source, entry.Reason])
            {
                var utf8 = Encoding.UTF8.GetBytes(text);
                BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
                hash.Append(length);
                hash.Append(utf8);
            }
            hash.Append(entry.Raw.Span);
            return (long)hash.GetCurrentHashAsUInt64();
        }
    }
}
