using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Lambda.Warehouse.Client;

namespace Lambda.Warehouse.Schema;

/// <summary>A numbered schema change, shipped inside the assembly as `Migrations/NNNN_name.sql`.</summary>
/// <param name="Text">Statements, each ending with a semicolon at the end of a line; safe to repeat. Placeholders are filled in after the checksum was taken.</param>
public sealed record Migration(int Number, string Name, string Text)
{
    public string Checksum { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text)));

    public IEnumerable<string> Statements =>
        Text.Replace("{raw_event_columns}", RawEventColumns.Ddl).Split(";\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}

/// <summary>The database was changed by something other than this version of Lambda.</summary>
public sealed class SchemaException(string message) : Exception(message);

/// <summary>
/// Brings the warehouse's database to this version's schema: every migration once, in order. ClickHouse has no transactions around DDL; a crash in
/// the middle repeats the migration it struck, so statements must stand being repeated.
/// </summary>
public sealed class Migrator(ClickHouseClient client, IReadOnlyList<Migration> migrations)
{
    public Migrator(ClickHouseClient client) : this(client, Shipped) { }

    public static IReadOnlyList<Migration> Shipped { get; } = [.. Load()];

    /// <returns>Numbers applied now.</returns>
    /// <exception cref="SchemaException">An applied migration was changed since, or the database is newer than this version.</exception>
    public async Task<IReadOnlyList<int>> ApplyAsync(CancellationToken cancel)
    {
        await client.ExecuteAsync(
            $"CREATE DATABASE IF NOT EXISTS {Names.Quote(client.Database)} ENGINE = Atomic", repeat: Repeat.Safe, database: "default", cancel: cancel);
        await client.ExecuteAsync(
            "CREATE TABLE IF NOT EXISTS schema_migrations (number UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3)) ENGINE = MergeTree ORDER BY number",
            repeat: Repeat.Safe, cancel: cancel);
        var applied = await AppliedAsync(cancel);
        Check(applied);
        var done = new List<int>();
        foreach (var migration in migrations.Where(m => !applied.ContainsKey(m.Number)))
        {
            foreach (var statement in migration.Statements) await client.ExecuteAsync(statement, repeat: Repeat.Safe, cancel: cancel);
            await RecordAsync(migration, cancel);
            done.Add(migration.Number);
        }
        await new RawEventEvolution(client).ApplyAsync(cancel);
        await new MergeTuning(client).ApplyAsync(RawEventColumns.Table, MergeTuning.RawEvents, cancel);
        return done;
    }

    private async Task<Dictionary<int, string>> AppliedAsync(CancellationToken cancel)
    {
        var rows = await client.ListAsync("SELECT number, any(checksum) FROM schema_migrations GROUP BY number",
            (ref RowBinaryReader row) => (Number: (int)row.UInt32(), Checksum: row.Text()), cancel: cancel);
        return rows.ToDictionary(r => r.Number, r => r.Checksum);
    }

    private void Check(Dictionary<int, string> applied)
    {
        var newest = migrations.Count == 0 ? 0 : migrations[^1].Number;
        if (applied.Keys.Where(n => n > newest).OrderDescending().FirstOrDefault() is > 0 and var ahead)
            throw new SchemaException($"warehouse database {client.Database} has migration {ahead:0000}, this version of Lambda knows only up to {newest:0000}: run the newer version");
        foreach (var migration in migrations)
            if (applied.TryGetValue(migration.Number, out var checksum) && checksum != migration.Checksum)
                throw new SchemaException($"migration {migration.Number:0000}_{migration.Name} was applied to {client.Database} with another text (checksum {checksum[..12]}, here {migration.Checksum[..12]}): a migration is never edited, add a new one");
    }

    private Task RecordAsync(Migration migration, CancellationToken cancel) => client.ExecuteAsync(
        "INSERT INTO schema_migrations (number, name, checksum) SELECT {number:UInt32}, {name:String}, {checksum:String}",
        new QueryParameters { { "number", migration.Number }, { "name", migration.Name }, { "checksum", migration.Checksum } }, repeat: Repeat.Safe, cancel: cancel);

    private static IEnumerable<Migration> Load()
    {
        var assembly = Assembly.GetExecutingAssembly();
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var text = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            var name = resource[..^".sql".Length];
            yield return new Migration(int.Parse(name.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture), name[5..], text.ReadToEnd().ReplaceLineEndings("\n"));
        }
    }
}
