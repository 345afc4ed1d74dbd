using System.Text.Json;
using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Runs;
using Microsoft.Data.Sqlite;

namespace Lambda.BatchLayer.Sqlite;

/// <summary>
/// Runs and definitions in one SQLite file, every write its own durable transaction: facts here are few and precious.
/// </summary>
public sealed class SqliteRunJournal : IRunJournal, IRewritableJournal, IDefinitionStore, IFacts, IDisposable
{
    private const int SchemaVersion = 1;
    private readonly SqliteConnection _connection;
    private readonly Lock _gate = new();
    private readonly string _file;

    /// <param name="file">Path of the database; made when missing.</param>
    /// <exception cref="InvalidDataException">Not a journal, or one of a newer version.</exception>
    public SqliteRunJournal(string file)
    {
        _file = file;
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        try
        {
            _connection.Open();
            Execute("PRAGMA journal_mode=WAL");
            Execute("PRAGMA synchronous=FULL");
            Migrate();
        }
        catch (SqliteException e)
        {
            _connection.Dispose();
            throw new InvalidDataException($"{file}: not a run journal ({e.Message}). Restore it from a copy: it names the served epoch.", e);
        }
    }

    public IReadOnlyList<RunEvent> Load()
    {
        lock (_gate)
        {
            using var command = Command("SELECT seq, event FROM run_events ORDER BY seq");
            using var rows = command.ExecuteReader();
            var events = new List<RunEvent>();
            while (rows.Read()) events.Add(Parse(rows.GetInt64(0), rows.GetString(1)));
            return events;
        }
    }

    public Task AppendAsync(RunEvent happened)
    {
        lock (_gate)
        {
            using var command = Command("INSERT INTO run_events(run, event) VALUES ($run, $event)");
            command.Parameters.AddWithValue("$run", happened.Run);
            command.Parameters.AddWithValue("$event", JsonSerializer.Serialize(happened, RunJson.Default.RunEvent));
            command.ExecuteNonQuery();
        }
        return Task.CompletedTask;
    }

    public int Rewrite(Func<RunEvent, RunEvent> change)
    {
        lock (_gate)
        {
            var changed = new List<(long Seq, string Text)>();
            using (var command = Command("SELECT seq, event FROM run_events ORDER BY seq"))
            using (var rows = command.ExecuteReader())
                while (rows.Read())
                    if (Parse(rows.GetInt64(0), rows.GetString(1)) is var before && change(before) is var after && !ReferenceEquals(after, before))
                        changed.Add((rows.GetInt64(0), JsonSerializer.Serialize(after, RunJson.Default.RunEvent)));
            using (var transaction = _connection.BeginTransaction())
            {
                foreach (var (seq, text) in changed)
                {
                    using var command = Command("UPDATE run_events SET event = $event WHERE seq = $seq");
                    command.Transaction = transaction;
                    command.Parameters.AddWithValue("$event", text);
                    command.Parameters.AddWithValue("$seq", seq);
                    command.ExecuteNonQuery();
                }
                transaction.Commit();
            }
            Execute("VACUUM");
            Execute("PRAGMA wal_checkpoint(TRUNCATE)"); // this connection is the only one
            return changed.Count;
        }
    }

    public void Put(string hash, string name, string text)
    {
        lock (_gate)
        {
            using var command = Command("INSERT INTO definitions(hash, name, text) VALUES ($hash, $name, $text) ON CONFLICT(hash) DO NOTHING");
            command.Parameters.AddWithValue("$hash", hash);
            command.Parameters.AddWithValue("$name", name);
            command.Parameters.AddWithValue("$text", text);
            command.ExecuteNonQuery();
        }
    }

    public string? Get(string hash)
    {
        lock (_gate)
        {
            using var command = Command("SELECT text FROM definitions WHERE hash = $hash");
            command.Parameters.AddWithValue("$hash", hash);
            return command.ExecuteScalar() as string;
        }
    }

    public IReadOnlyList<(string Hash, string Name, string Text)> Definitions()
    {
        lock (_gate)
        {
            using var command = Command("SELECT hash, name, text FROM definitions ORDER BY rowid");
            using var rows = command.ExecuteReader();
            var all = new List<(string, string, string)>();
            while (rows.Read()) all.Add((rows.GetString(0), rows.GetString(1), rows.GetString(2)));
            return all;
        }
    }

    public string? Fact(string name)
    {
        lock (_gate)
        {
            using var command = Command("SELECT value FROM facts WHERE name = $name");
            command.Parameters.AddWithValue("$name", name);
            return command.ExecuteScalar() as string;
        }
    }

    public void SetFact(string name, string? value)
    {
        lock (_gate)
        {
            using var command = Command(value is null
                ? "DELETE FROM facts WHERE name = $name"
                : "INSERT INTO facts(name, value) VALUES ($name, $value) ON CONFLICT(name) DO UPDATE SET value = excluded.value");
            command.Parameters.AddWithValue("$name", name);
            if (value is not null) command.Parameters.AddWithValue("$value", value);
            command.ExecuteNonQuery();
        }
    }

    public bool TrySetFact(string name, string? expected, string value)
    {
        lock (_gate)
        {
            using var command = Command(expected is null
                ? "INSERT INTO facts(name, value) VALUES ($name, $value) ON CONFLICT(name) DO NOTHING"
                : "UPDATE facts SET value = $value WHERE name = $name AND value = $expected");
            command.Parameters.AddWithValue("$name", name);
            command.Parameters.AddWithValue("$value", value);
            if (expected is not null) command.Parameters.AddWithValue("$expected", expected);
            return command.ExecuteNonQuery() == 1;
        }
    }

    public void Dispose() => _connection.Dispose();

    private RunEvent Parse(long seq, string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, RunJson.Default.RunEvent) ?? throw new JsonException("null");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new InvalidDataException($"{_file}: record {seq} of the run journal cannot be read ({e.Message}). It was written by a newer version, or the file is damaged: restore it from a copy.", e);
        }
    }

    private void Migrate()
    {
        using var version = Command("PRAGMA user_version");
        var found = Convert.ToInt64(version.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
        if (found > SchemaVersion) throw new InvalidDataException($"{_file}: version {found} is newer than this program ({SchemaVersion})");
        if (found == SchemaVersion) return;
        Execute("""
            BEGIN;
            CREATE TABLE IF NOT EXISTS run_events(seq INTEGER PRIMARY KEY, run TEXT NOT NULL, event TEXT NOT NULL);
            CREATE TABLE IF NOT EXISTS definitions(hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, text TEXT NOT NULL);
            CREATE TABLE IF NOT EXISTS facts(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
            PRAGMA user_version = 1;
            COMMIT;
            """);
    }

    private void Execute(string sql)
    {
        using var command = Command(sql);
        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        return command;
    }
}
