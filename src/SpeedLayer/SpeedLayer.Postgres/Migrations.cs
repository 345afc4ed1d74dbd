using System.Security.Cryptography;
using System.Text;
using Lambda.SpeedLayer.Ports;
using Npgsql;

namespace Lambda.SpeedLayer.Postgres;

/// <summary>
/// Brings a schema up to date: the embedded files Migrations/NNNN-name.sql in order, each once, all in one transaction, one process at a time.
/// A file that was released is never changed: its hash is kept. A new one must leave the schema usable for the version before it, which may
/// still be running on other nodes.
/// </summary>
internal static class Migrations
{
    private const long LockKey = 0x4c616d626461; // "Lambda"

    private static readonly (int Number, string Name, string Sql)[] All = [.. Load()];

    public static void Apply(NpgsqlConnection connection, string schema, string place)
    {
        // Most starts find nothing to do and need no lock and no right to create.
        if (IsCurrent(connection, schema, place)) return;
        using var transaction = connection.BeginTransaction();
        Execute(connection, $"SELECT pg_advisory_xact_lock({LockKey})");
        Execute(connection, $"CREATE SCHEMA IF NOT EXISTS {schema}");
        Execute(connection, "CREATE TABLE IF NOT EXISTS schema_migrations(number integer PRIMARY KEY, name text NOT NULL, hash text NOT NULL, at timestamptz NOT NULL DEFAULT now())");
        var done = Done(connection, place);
        foreach (var (number, name, sql) in All.Skip(done))
        {
            Execute(connection, sql);
            using var insert = new NpgsqlCommand("INSERT INTO schema_migrations(number, name, hash) VALUES ($1, $2, $3)", connection);
            insert.Parameters.Add(new() { Value = number });
            insert.Parameters.Add(new() { Value = name });
            insert.Parameters.Add(new() { Value = Hash(sql) });
            insert.ExecuteNonQuery();
        }
        transaction.Commit();
    }

    private static bool IsCurrent(NpgsqlConnection connection, string schema, string place)
    {
        using var exists = new NpgsqlCommand($"SELECT to_regclass('{schema}.schema_migrations') IS NOT NULL", connection);
        return exists.ExecuteScalar() is true && Done(connection, place) == All.Length;
    }

    /// <summary>How many of ours are there; refuses what we do not know.</summary>
    private static int Done(NpgsqlConnection connection, string place)
    {
        using var command = new NpgsqlCommand("SELECT number, name, hash FROM schema_migrations ORDER BY number", connection);
        using var rows = command.ExecuteReader();
        var done = 0;
        for (; rows.Read(); done++)
        {
            var (number, name, hash) = (rows.GetInt32(0), rows.GetString(1), rows.GetString(2));
            if (done >= All.Length)
                throw new StorageException(place, $"the schema has step {name}, this Lambda knows up to {All[^1].Name}: start the newer Lambda that migrated it.");
            if (number != All[done].Number || hash != Hash(All[done].Sql))
                throw new StorageException(place, $"step {name} of the schema is not the one of this Lambda ({All[done].Name}): another program's schema, or a changed build. Choose another schema.");
        }
        return done;
    }

    private static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = PostgresLimits.MigrateSeconds };
        command.ExecuteNonQuery();
    }

    private static IEnumerable<(int, string, string)> Load()
    {
        var assembly = typeof(Migrations).Assembly;
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith("migrations/", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var text = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            var name = Path.GetFileNameWithoutExtension(resource["migrations/".Length..]);
            yield return (int.Parse(name.AsSpan(0, 4), System.Globalization.CultureInfo.InvariantCulture), name, text.ReadToEnd().ReplaceLineEndings("\n"));
        }
    }

    private static string Hash(string sql) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)));
}
