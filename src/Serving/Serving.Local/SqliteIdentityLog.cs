using Lambda.Domain.Identity;
using Lambda.SpeedLayer.Ports;
using Microsoft.Data.Sqlite;

namespace Lambda.Serving.Local;

/// <summary>The identity log of the embedded edition in one SQLite file; every append its own durable transaction.</summary>
public sealed class SqliteIdentityLog : IIdentityLog, IDisposable
{
    private const int SchemaVersion = 1;

    private readonly SqliteConnection _connection;
    private readonly Lock _gate = new();
    private readonly string _file;

    /// <param name="file">Path of the database; made when missing, readable by its owner only.</param>
    /// <exception cref="StorageException">Not an identity log, damaged, or of a newer version.</exception>
    public SqliteIdentityLog(string file)
    {
        _file = file;
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false, DefaultTimeout = 5 }.ToString());
        try
        {
            Do("open the identity log", () =>
            {
                SqliteFile.MakePrivate(file);
                _connection.Open();
                Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
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

    public IReadOnlyList<NumberedRecord> After(long number, int limit) => Do("read the identity log", () =>
        Read("SELECT number, record FROM identity_log WHERE number > $after ORDER BY number LIMIT $limit", ("$after", number), ("$limit", limit)));

    public bool TryAppend(long last, IdentityRecord record) => Do("append to the identity log", () => Execute("""
        INSERT INTO identity_log(number, link, record) SELECT $number, $link, $record WHERE (SELECT coalesce(max(number), 0) FROM identity_log) = $last
        """, ("$number", last + 1), ("$link", record.Id.ToString()), ("$record", IdentityCodec.Write(record)), ("$last", last)) > 0);

    public long Blank(IReadOnlyCollection<Guid> links) => Do("make identity records blank", () =>
    {
        var blanked = 0L;
        using (var transaction = _connection.BeginTransaction(deferred: false))
        {
            foreach (var (number, record) in links.SelectMany(l => Read("SELECT number, record FROM identity_log WHERE link = $link", ("$link", l.ToString()))))
                if (record is IdentityRecord.Linked or IdentityRecord.Unlinked)
                    blanked += Execute("UPDATE identity_log SET record = $record WHERE number = $number", ("$record", IdentityCodec.Write(new IdentityRecord.Blank(record.Id))), ("$number", number));
            transaction.Commit();
        }
        Purge(); // none, too: an earlier call may have been cut short here
        return blanked;
    });

    public void Dispose()
    {
        lock (_gate) _connection.Dispose();
    }

    /// <summary>The file is written anew, and its WAL emptied.</summary>
    private void Purge()
    {
        Execute("VACUUM");
        using var empty = Command("PRAGMA wal_checkpoint(TRUNCATE)");
        using var answer = empty.ExecuteReader();
        if (answer.Read() && answer.GetInt64(0) != 0) throw new StorageException(_file, "its WAL could not be emptied: somebody reads the file", isTransient: true);
    }

    private void Migrate()
    {
        using var version = Command("PRAGMA user_version");
        var found = (long)version.ExecuteScalar()!;
        if (found > SchemaVersion) throw new StorageException(_file, $"version {found} is newer than this program ({SchemaVersion})");
        if (found == SchemaVersion) return;
        Execute("""
            BEGIN IMMEDIATE;
            CREATE TABLE IF NOT EXISTS identity_log(number INTEGER PRIMARY KEY, link TEXT NOT NULL, record TEXT NOT NULL);
            CREATE INDEX IF NOT EXISTS identity_log_by_link ON identity_log(link);
            PRAGMA user_version = 1;
            COMMIT;
            """);
    }

    private List<NumberedRecord> Read(string sql, params ReadOnlySpan<(string, object)> parameters)
    {
        using var command = Command(sql, parameters);
        using var rows = command.ExecuteReader();
        var records = new List<NumberedRecord>();
        while (rows.Read()) records.Add(new NumberedRecord(rows.GetInt64(0), IdentityCodec.Read(rows.GetString(1))));
        return records;
    }

    private int Execute(string sql, params ReadOnlySpan<(string, object)> parameters)
    {
        using var command = Command(sql, parameters);
        return command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value);
        return command;
    }

    private T Do<T>(string doing, Func<T> work)
    {
        lock (_gate)
        {
            try
            {
                return work();
            }
            catch (SqliteException e)
            {
                throw new StorageException(_file, $"cannot {doing}: {e.Message}", e, isTransient: e.SqliteErrorCode is 5 or 6 or 13); // busy, locked, disk full
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new StorageException(_file, $"cannot {doing}: {e.Message}", e);
            }
        }
    }
}
