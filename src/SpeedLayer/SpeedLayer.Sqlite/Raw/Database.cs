using SQLitePCL;
using static SQLitePCL.raw;

namespace Lambda.SpeedLayer.Sqlite.Raw;

/// <summary>
/// One SQLite connection, used by one thread at a time. Straight on the C interface: ADO.NET copies every blob into a fresh array and hides
/// which statement failed. Every failure is a <see cref="SqliteFault"/> that names the file.
/// </summary>
internal sealed class Database : IDisposable
{
    private readonly sqlite3 _handle;
    private readonly Statement _beginRead, _begin, _commit;
    private int _walPages;
    private const int BusyMs = 5_000;

    static Database() => Batteries_V2.Init();

    private Database(string path, sqlite3 handle)
    {
        (Path, _handle) = (path, handle);
        sqlite3_extended_result_codes(handle, 1);
        sqlite3_busy_timeout(handle, BusyMs);
        _beginRead = Prepare("BEGIN");
        _begin = Prepare("BEGIN IMMEDIATE");
        _commit = Prepare("COMMIT");
    }

    public string Path { get; }

    public static Database Open(string path)
    {
        const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
        var code = sqlite3_open_v2(path, out var handle, flags, null);
        if (code == SQLITE_OK) return new Database(path, handle);
        var message = handle is null ? "" : sqlite3_errmsg(handle).utf8_to_string();
        handle?.Dispose();
        throw new SqliteFault(path, "open", code, message);
    }

    public void Execute(string sql)
    {
        var code = sqlite3_exec(_handle, sql);
        if (code != SQLITE_OK) throw Fault(sql);
    }

    public Statement Prepare(string sql)
    {
        var code = sqlite3_prepare_v3(_handle, sql, SQLITE_PREPARE_PERSISTENT, out var statement);
        return code == SQLITE_OK ? new Statement(this, statement, sql) : throw Fault(sql);
    }

    /// <summary>Rows that the newest statement changed.</summary>
    public int Changed => sqlite3_changes(_handle);

    public long Scalar(string sql)
    {
        using var statement = Prepare(sql);
        return statement.Step() ? statement.Long(0) : throw new SqliteFault(Path, sql, SQLITE_ERROR, "no row");
    }

    /// <summary>After a failure: SQLite may have rolled back by itself (disk full), then there is nothing to do.</summary>
    private void Rollback()
    {
        if (sqlite3_get_autocommit(_handle) == 0) sqlite3_exec(_handle, "ROLLBACK");
    }

    /// <summary>All of it or nothing.</summary>
    public void Transaction(Action work) => Transaction(_begin, work);

    /// <summary>Everything read in it is of one snapshot.</summary>
    public void ReadTransaction(Action work) => Transaction(_beginRead, work);

    private void Transaction(Statement begin, Action work)
    {
        begin.Run();
        try
        {
            work();
            _commit.Run();
        }
        catch
        {
            Rollback();
            throw;
        }
    }

    /// <summary>
    /// Moves the WAL into the file, as far as readers allow, once this connection has written so many pages into it. To be called when nobody waits:
    /// after the commit was answered. A failure is no loss, the pages stay in the WAL and a later call tries again; when the disk is full the next
    /// commit says so.
    /// </summary>
    public void CheckpointWal(int pagesMax)
    {
        sqlite3_db_status(_handle, SQLITE_DBSTATUS_CACHE_WRITE, out var written, out _, 1);
        _walPages += written;
        if (_walPages < pagesMax) return;
        sqlite3_wal_checkpoint_v2(_handle, null, SQLITE_CHECKPOINT_PASSIVE, out _, out _);
        _walPages = 0;
    }

    /// <summary>Moves all of the WAL into the file and empties it, so that no earlier content of a page stands there.</summary>
    /// <returns>False when a reader holds it: to be tried again.</returns>
    public bool EmptyWal(int waitMs)
    {
        sqlite3_busy_timeout(_handle, waitMs);
        var code = sqlite3_wal_checkpoint_v2(_handle, null, SQLITE_CHECKPOINT_TRUNCATE, out _, out _);
        sqlite3_busy_timeout(_handle, BusyMs);
        return code == SQLITE_OK;
    }

    public SqliteFault Fault(string doing) => new(Path, doing, sqlite3_extended_errcode(_handle), sqlite3_errmsg(_handle).utf8_to_string());

    public void Dispose()
    {
        _beginRead.Dispose();
        _begin.Dispose();
        _commit.Dispose();
        _handle.Dispose();
    }
}
