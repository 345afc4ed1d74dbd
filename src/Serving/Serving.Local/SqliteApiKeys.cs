using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Lambda.SpeedLayer.Ports;
using Microsoft.Data.Sqlite;

namespace Lambda.Serving.Local;

/// <summary>API keys in one SQLite file, every write its own durable transaction. The command line may use the file beside a running node.</summary>
public sealed class SqliteApiKeys : IApiKeys, IDisposable
{
    private const int SchemaVersion = 1;
    private const string Columns = "id, name, roles, pii, hash, created_at_ms, created_by, expires_at_ms, revoked_at_ms, requests_per_second";

    private readonly SqliteConnection _connection;
    private readonly Lock _gate = new();
    private readonly string _file;

    /// <param name="file">Path of the database; made when missing, readable by its owner only.</param>
    /// <exception cref="StorageException">Not a file of keys, damaged, or of a newer version.</exception>
    public SqliteApiKeys(string file)
    {
        _file = file;
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false, DefaultTimeout = 5 }.ToString());
        try
        {
            Do("open the keys", () =>
            {
                SqliteFile.MakePrivate(file);
                _connection.Open();
                Execute("PRAGMA journal_mode=WAL");
                Execute("PRAGMA synchronous=FULL");
                Migrate();
                return true;
            });
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    public long Version() => Do("read the keys", () => Scalar("SELECT n FROM version"));

    public IReadOnlyList<ApiKey> List() => Do("read the keys", () => Read($"SELECT {Columns} FROM api_keys ORDER BY seq"));

    public bool TryAdd(ApiKey key) => Add(key, "WHERE true"); // without a WHERE, SQLite reads the ON behind it as a join's

    public bool TryAddFirst(ApiKey key) => Add(key, "WHERE NOT EXISTS (SELECT 1 FROM api_keys)");

    public ApiKey? Revoke(string id, long atMs) => Do("revoke a key", () =>
    {
        using var transaction = _connection.BeginTransaction(deferred: false);
        using var revoke = Command("UPDATE api_keys SET revoked_at_ms = $at WHERE id = $id AND revoked_at_ms IS NULL", ("$at", atMs), ("$id", id));
        if (revoke.ExecuteNonQuery() > 0) Execute("UPDATE version SET n = n + 1");
        var key = Read($"SELECT {Columns} FROM api_keys WHERE id = $id", ("$id", id)).FirstOrDefault();
        transaction.Commit();
        return key;
    });

    public void Dispose()
    {
        lock (_gate) _connection.Dispose();
    }

    private bool Add(ApiKey key, string condition) => Do("add a key", () =>
    {
        using var transaction = _connection.BeginTransaction(deferred: false);
        using var insert = Command($"""
            INSERT INTO api_keys({Columns})
            SELECT $id, $name, $roles, $pii, $hash, $created, $by, $expires, $revoked, $rate {condition}
            ON CONFLICT(id) DO NOTHING
            """,
            ("$id", key.Id), ("$name", key.Name), ("$roles", string.Join(' ', RoleNames.Of(key.Roles))), ("$pii", key.SeesPersonalData), ("$hash", key.Hash.ToArray()), ("$created", key.CreatedAtMs),
            ("$by", key.CreatedBy), ("$expires", key.ExpiresAtMs), ("$revoked", key.RevokedAtMs), ("$rate", key.RequestsPerSecond));
        var added = insert.ExecuteNonQuery() == 1;
        if (added) Execute("UPDATE version SET n = n + 1");
        transaction.Commit();
        return added;
    });

    private List<ApiKey> Read(string sql, params ReadOnlySpan<(string, object?)> parameters)
    {
        using var command = Command(sql, parameters);
        using var rows = command.ExecuteReader();
        var keys = new List<ApiKey>();
        while (rows.Read())
        {
            var roles = RoleNames.Parse(rows.GetString(2).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                ?? throw new StorageException(_file, $"key {rows.GetString(0)} has the roles '{rows.GetString(2)}', which this Lambda does not know: start the newer one that made it");
            keys.Add(new ApiKey(rows.GetString(0), rows.GetString(1), roles, rows.GetBoolean(3), rows.GetFieldValue<byte[]>(4), rows.GetInt64(5), rows.GetString(6),
                rows.IsDBNull(7) ? null : rows.GetInt64(7), rows.IsDBNull(8) ? null : rows.GetInt64(8), rows.IsDBNull(9) ? null : rows.GetInt32(9)));
        }
        return keys;
    }

    private void Migrate()
    {
        var found = Scalar("PRAGMA user_version");
        if (found > SchemaVersion) throw new StorageException(_file, $"version {found} is newer than this program ({SchemaVersion})");
        if (found == SchemaVersion) return;
        Execute("""
            BEGIN IMMEDIATE;
            CREATE TABLE IF NOT EXISTS api_keys(
                seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, roles TEXT NOT NULL, pii INTEGER NOT NULL, hash BLOB NOT NULL,
                created_at_ms INTEGER NOT NULL, created_by TEXT NOT NULL, expires_at_ms INTEGER, revoked_at_ms INTEGER, requests_per_second INTEGER);
            CREATE TABLE IF NOT EXISTS version(n INTEGER NOT NULL);
            INSERT INTO version(n) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM version);
            PRAGMA user_version = 1;
            COMMIT;
            """);
    }

    private T Do<T>(string what, Func<T> work)
    {
        lock (_gate)
        {
            try
            {
                return work();
            }
            catch (SqliteException e)
            {
                throw new StorageException(_file, $"cannot {what}: {e.Message}", e, isTransient: e.SqliteErrorCode is 5 or 6); // busy, locked
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new StorageException(_file, $"cannot {what}: {e.Message}", e);
            }
        }
    }

    private long Scalar(string sql)
    {
        using var command = Command(sql);
        return Convert.ToInt64(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }

    private void Execute(string sql)
    {
        using var command = Command(sql);
        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        return command;
    }
}
