using System.Data.Common;
using Lambda.Serving.Segments;
using Lambda.SpeedLayer.Ports;
using Microsoft.Data.Sqlite;

namespace Lambda.Serving.Local;

/// <summary>Segments, webhooks and fraud cases of the embedded edition in one SQLite file, for one process: nobody else has to be fenced.</summary>
public sealed class SqliteSegments : ISegmentDatabase, IDisposable
{
    private const int SchemaVersion = 4;

    private readonly SqliteConnection _connection;
    private readonly Lock _gate = new();
    private readonly string _file;

    /// <param name="file">Path of the database, made when missing, readable by its owner only; `:memory:` keeps it in memory.</param>
    /// <exception cref="StorageException">No such file, damaged, or of a newer version.</exception>
    public SqliteSegments(string file)
    {
        _file = file;
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false, DefaultTimeout = 5 }.ToString());
        try
        {
            Read("open the segments", connection =>
            {
                SqliteFile.MakePrivate(file);
                connection.Open();
                Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
                Migrate();
                Execute("UPDATE webhook_deliveries SET due_ms = 0"); // what the last process was about to deliver is nobody's now
                return true;
            });
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    public T Read<T>(string doing, Func<DbConnection, T> work)
    {
        lock (_gate)
        {
            try
            {
                return work(_connection);
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

    public void Write(string doing, Action<DbConnection> work) => Read(doing, connection =>
    {
        using var transaction = _connection.BeginTransaction(deferred: false);
        work(connection);
        transaction.Commit();
        return true;
    });

    public void Fence(DbConnection connection, PartitionFence fence)
    {
        // The data folder's lock lets one process in, and it has one writer.
    }

    public void SelectOf(DbConnection connection, string sql, IReadOnlyCollection<byte[]> customers, Action<DbDataReader> read)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"{sql} = @customer";
        var parameter = command.CreateParameter();
        parameter.ParameterName = "@customer";
        command.Parameters.Add(parameter);
        foreach (var customer in customers)
        {
            parameter.Value = customer;
            using var rows = command.ExecuteReader();
            while (rows.Read()) read(rows);
        }
    }

    /// <summary>The file is written anew, and its WAL emptied.</summary>
    public void Purge(params IReadOnlyList<string> tables) => Read("write the segments' file anew", _ =>
    {
        Execute("VACUUM");
        using var empty = _connection.CreateCommand();
        empty.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";
        using var answer = empty.ExecuteReader();
        if (answer.Read() && answer.GetInt64(0) != 0) throw new StorageException(_file, "its WAL could not be emptied: somebody reads the file", isTransient: true);
        return true;
    });

    public void Dispose()
    {
        lock (_gate) _connection.Dispose();
    }

    private void Migrate()
    {
        using var version = _connection.CreateCommand();
        version.CommandText = "PRAGMA user_version";
        var found = (long)version.ExecuteScalar()!;
        if (found > SchemaVersion) throw new StorageException(_file, $"version {found} is newer than this program ({SchemaVersion})");
        if (found < 1) Execute(First);
        if (found < 2) Execute(Second);
        if (found < 3) Execute(Third);
        if (found < 4) Execute(Fourth);
    }

    private const string First = """
        BEGIN IMMEDIATE;
        CREATE TABLE IF NOT EXISTS segment_members(
            customer BLOB NOT NULL, segment TEXT NOT NULL, definition TEXT NOT NULL, partition INTEGER NOT NULL, log_offset INTEGER NOT NULL, day INTEGER NOT NULL,
            cause INTEGER NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (customer, segment)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS segment_changes(
            number INTEGER PRIMARY KEY, entered INTEGER NOT NULL, customer BLOB NOT NULL, segment TEXT NOT NULL, definition TEXT NOT NULL, partition INTEGER NOT NULL,
            log_offset INTEGER NOT NULL, day INTEGER NOT NULL, cause INTEGER NOT NULL, at_ms INTEGER NOT NULL);
        CREATE INDEX IF NOT EXISTS segment_changes_by_customer ON segment_changes(customer, number);
        CREATE INDEX IF NOT EXISTS segment_changes_by_time ON segment_changes(at_ms);
        CREATE TABLE IF NOT EXISTS segment_feed(last INTEGER NOT NULL);
        INSERT INTO segment_feed(last) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM segment_feed);
        CREATE TABLE IF NOT EXISTS segment_sweeps(partition INTEGER PRIMARY KEY, definition TEXT NOT NULL, day INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS webhooks(
            id TEXT PRIMARY KEY, url TEXT NOT NULL, segments TEXT NOT NULL, enabled INTEGER NOT NULL, secret TEXT NOT NULL, created_by TEXT NOT NULL, created_at_ms INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS webhook_deliveries(
            webhook TEXT NOT NULL, number INTEGER NOT NULL, customer BLOB NOT NULL, attempts INTEGER NOT NULL, due_ms INTEGER NOT NULL, dead INTEGER NOT NULL, error TEXT NOT NULL,
            PRIMARY KEY (webhook, number)) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS webhook_deliveries_by_customer ON webhook_deliveries(customer, webhook, number);
        CREATE INDEX IF NOT EXISTS webhook_deliveries_by_number ON webhook_deliveries(number);
        PRAGMA user_version = 1;
        COMMIT;
        """;

    /// <summary>For which purposes a customer counts, and whom a webhook is told of for one. A membership of before counts for none until its customer is looked at again.</summary>
    private const string Second = """
        BEGIN IMMEDIATE;
        ALTER TABLE segment_members ADD COLUMN purposes TEXT NOT NULL DEFAULT '';
        ALTER TABLE segment_changes ADD COLUMN purposes TEXT NOT NULL DEFAULT '';
        ALTER TABLE webhooks ADD COLUMN purpose TEXT NOT NULL DEFAULT '';
        ALTER TABLE webhooks ADD COLUMN previous_secret TEXT NOT NULL DEFAULT '';
        ALTER TABLE webhooks ADD COLUMN previous_until_ms INTEGER NOT NULL DEFAULT 0;
        PRAGMA user_version = 2;
        COMMIT;
        """;

    private const string Third = """
        BEGIN IMMEDIATE;
        ALTER TABLE segment_members ADD COLUMN others_at INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE segment_members ADD COLUMN linked INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE segment_changes ADD COLUMN others_at INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE segment_changes ADD COLUMN linked INTEGER NOT NULL DEFAULT 0;
        PRAGMA user_version = 3;
        COMMIT;
        """;

    /// <summary>Fraud cases, see <see cref="Cases.CaseStore"/>, and webhooks that are told of them.</summary>
    private const string Fourth = """
        BEGIN IMMEDIATE;
        CREATE TABLE fraud_cases(
            number INTEGER PRIMARY KEY, customer BLOB NOT NULL, transaction_id TEXT NOT NULL, partition INTEGER NOT NULL, log_offset INTEGER NOT NULL, occurred_at INTEGER NOT NULL,
            amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, decision INTEGER NOT NULL, score REAL NOT NULL, judgement TEXT NOT NULL, alerted_at_ms INTEGER NOT NULL,
            state INTEGER NOT NULL, assignee TEXT NOT NULL, version INTEGER NOT NULL, changed_at_ms INTEGER NOT NULL,
            label_due INTEGER NOT NULL, verdict_at_ms INTEGER NOT NULL DEFAULT 0, verdict_fraud INTEGER NOT NULL DEFAULT 0, UNIQUE (customer, transaction_id));
        CREATE INDEX fraud_cases_by_state ON fraud_cases(state, number);
        CREATE INDEX fraud_cases_with_labels ON fraud_cases(number) WHERE label_due > 0;
        CREATE TABLE fraud_case_entries(
            number INTEGER NOT NULL, place INTEGER NOT NULL, at_ms INTEGER NOT NULL, by_whom TEXT NOT NULL, what TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (number, place)) WITHOUT ROWID;
        CREATE TABLE fraud_case_feed(last INTEGER NOT NULL);
        INSERT INTO fraud_case_feed(last) VALUES (0);
        ALTER TABLE webhooks ADD COLUMN topic INTEGER NOT NULL DEFAULT 0;
        PRAGMA user_version = 4;
        COMMIT;
        """;

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
