using Lambda.BatchLayer.Ports;
using Npgsql;

namespace Lambda.SpeedLayer.Postgres;

/// <summary>Facts of the installation and its definitions in PostgreSQL: few and precious, every write its own durable transaction.</summary>
public sealed class PostgresFacts(PostgresDatabase database) : IFacts, IDefinitionStore
{
    public string? Fact(string name) => database.Read($"read the fact {name}", connection =>
    {
        using var command = Command(connection, "SELECT value FROM facts WHERE name = $1", name);
        return command.ExecuteScalar() as string;
    });

    public void SetFact(string name, string? value) => database.Run($"write the fact {name}", connection =>
    {
        using var command = value is null
            ? Command(connection, "DELETE FROM facts WHERE name = $1", name)
            : Command(connection, "INSERT INTO facts(name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value);
        return command.ExecuteNonQuery();
    });

    public bool TrySetFact(string name, string? expected, string value) => database.Run($"write the fact {name}", connection =>
    {
        using var command = expected is null
            ? Command(connection, "INSERT INTO facts(name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", name, value)
            : Command(connection, "UPDATE facts SET value = $2 WHERE name = $1 AND value = $3", name, value, expected);
        return command.ExecuteNonQuery() == 1;
    });

    public void Put(string hash, string name, string text) => database.Run($"store the definition {hash}", connection =>
    {
        using var command = Command(connection, "INSERT INTO definitions(hash, name, text) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING", hash, name, text);
        return command.ExecuteNonQuery();
    });

    public string? Get(string hash) => database.Read($"read the definition {hash}", connection =>
    {
        using var command = Command(connection, "SELECT text FROM definitions WHERE hash = $1", hash);
        return command.ExecuteScalar() as string;
    });

    public IReadOnlyList<(string Hash, string Name, string Text)> Definitions() => database.Read("read the definitions", connection =>
    {
        using var command = Command(connection, "SELECT hash, name, text FROM definitions ORDER BY seq");
        using var rows = command.ExecuteReader();
        var all = new List<(string, string, string)>();
        while (rows.Read()) all.Add((rows.GetString(0), rows.GetString(1), rows.GetString(2)));
        return all;
    });

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params ReadOnlySpan<string> parameters)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in parameters) command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = value });
        return command;
    }
}
