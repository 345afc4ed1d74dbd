using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Npgsql;

namespace Lambda.SpeedLayer.Postgres;

/// <summary>Whose a card is, for all nodes. Asked each time: another node may have written since.</summary>
public sealed class PostgresCardDirectory(PostgresDatabase database) : ICardDirectory
{
    public CardEntry? Find(string token) => database.Read("find a card", connection =>
    {
        // The token itself, or the first that its older ones lead to.
        using var command = new NpgsqlCommand("""
            WITH RECURSIVE way(token, step) AS (SELECT $1::text, 0 UNION ALL SELECT l.older, w.step + 1 FROM card_links l JOIN way w ON l.newer = w.token WHERE w.step < 16)
            SELECT c.customer, c.active, c.occurred_at, c.partition, c."offset" FROM way w JOIN cards c ON c.token = w.token ORDER BY w.step LIMIT 1
            """, connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = token });
        using var rows = command.ExecuteReader();
        return rows.Read() ? new CardEntry(token, new CustomerId((byte[])rows[0]), rows.GetBoolean(1), rows.GetInt64(2), rows.GetInt32(3), rows.GetInt64(4)) : null;
    });

    public void Link(string older, string newer) => database.Run("link a card's tokens", connection =>
    {
        using var command = new NpgsqlCommand("INSERT INTO card_links(newer, older) VALUES ($1, $2) ON CONFLICT (newer) DO UPDATE SET older = excluded.older", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = newer });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = older });
        return command.ExecuteNonQuery();
    });

    public void Put(IReadOnlyList<CardEntry> entries) => database.Run("store cards", connection =>
    {
        // Of one token the newest only: a statement may not change a row twice.
        var newest = entries.GroupBy(e => e.Token).Select(g => g.OrderBy(e => (e.OccurredAtMicros, e.Partition, e.Offset)).Last()).OrderBy(e => e.Token, StringComparer.Ordinal).ToList();
        using var command = new NpgsqlCommand("""
            INSERT INTO cards(token, customer, active, occurred_at, partition, "offset") SELECT * FROM unnest($1::text[], $2::bytea[], $3::boolean[], $4::bigint[], $5::integer[], $6::bigint[])
            ON CONFLICT (token) DO UPDATE SET customer = excluded.customer, active = excluded.active, occurred_at = excluded.occurred_at, partition = excluded.partition, "offset" = excluded."offset"
            WHERE (excluded.occurred_at, excluded.partition, excluded."offset") >= (cards.occurred_at, cards.partition, cards."offset")
            """, connection);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. newest.Select(e => e.Token)] });
        command.Parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = [.. newest.Select(e => e.Customer.Utf8.ToArray())] });
        command.Parameters.Add(new NpgsqlParameter<bool[]> { TypedValue = [.. newest.Select(e => e.IsActive)] });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. newest.Select(e => e.OccurredAtMicros)] });
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = [.. newest.Select(e => e.Partition)] });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. newest.Select(e => e.Offset)] });
        return command.ExecuteNonQuery();
    });

    public IReadOnlyList<string> TokensOf(CustomerId customer, long belowOffset) => Grown("read a customer's cards", "SELECT token FROM cards WHERE customer = $1 AND \"offset\" < $2",
        new NpgsqlParameter<byte[]> { TypedValue = customer.Utf8.ToArray() }, new NpgsqlParameter<long> { TypedValue = belowOffset });

    public IReadOnlyList<string> Linked(string token) => Grown("read a card's tokens", "SELECT $1::text", new NpgsqlParameter<string> { TypedValue = token });

    /// <summary>These tokens and all that links lead to.</summary>
    private List<string> Grown(string doing, string from, params NpgsqlParameter[] parameters) => database.Read(doing, connection =>
    {
        using var command = new NpgsqlCommand($"""
            WITH RECURSIVE g(token) AS ({from} UNION SELECT CASE WHEN l.older = g.token THEN l.newer ELSE l.older END FROM g JOIN card_links l ON l.older = g.token OR l.newer = g.token) SELECT token FROM g
            """, connection);
        foreach (var parameter in parameters) command.Parameters.Add(parameter.Clone());
        using var rows = command.ExecuteReader();
        var tokens = new List<string>();
        while (rows.Read()) tokens.Add(rows.GetString(0));
        return tokens;
    });

    public long Forget(CustomerId customer, long belowOffset)
    {
        var forgotten = database.Run("forget cards", connection =>
        {
            using var cards = new NpgsqlCommand("DELETE FROM cards WHERE customer = $1 AND \"offset\" < $2", connection);
            cards.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = customer.Utf8.ToArray() });
            cards.Parameters.Add(new NpgsqlParameter<long> { TypedValue = belowOffset });
            var count = (long)cards.ExecuteNonQuery();
            using var links = new NpgsqlCommand("""
                DELETE FROM card_links WHERE newer NOT IN (
                    WITH RECURSIVE reach(token) AS (SELECT token FROM cards UNION SELECT l.newer FROM card_links l JOIN reach r ON l.older = r.token) SELECT token FROM reach)
                """, connection);
            return count + links.ExecuteNonQuery();
        });
        foreach (var table in (string[])["cards", "card_links"]) database.Vacuum(table);
        return forgotten;
    }

    public void Dispose() { } // the database is its opener's
}
