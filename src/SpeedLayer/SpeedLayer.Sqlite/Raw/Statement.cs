using SQLitePCL;
using static SQLitePCL.raw;

namespace Lambda.SpeedLayer.Sqlite.Raw;

/// <summary>A prepared statement. Parameters count from 1, columns from 0; blob spans live until the next Step or Reset.</summary>
internal sealed class Statement(Database database, sqlite3_stmt handle, string sql) : IDisposable
{
    public Statement Bind(int parameter, long value)
    {
        Check(sqlite3_bind_int64(handle, parameter, value));
        return this;
    }

    public Statement Bind(int parameter, ReadOnlySpan<byte> value)
    {
        // An empty span has a null pointer, which SQLite would take for NULL.
        Check(value.IsEmpty ? sqlite3_bind_zeroblob(handle, parameter, 0) : sqlite3_bind_blob(handle, parameter, value));
        return this;
    }

    public Statement Bind(int parameter, string value)
    {
        Check(sqlite3_bind_text(handle, parameter, value));
        return this;
    }

    public Statement BindNull(int parameter)
    {
        Check(sqlite3_bind_null(handle, parameter));
        return this;
    }

    /// <summary>True while there is a row. After the last one the statement is reset.</summary>
    public bool Step()
    {
        var code = sqlite3_step(handle);
        if (code == SQLITE_ROW) return true;
        if (code == SQLITE_DONE)
        {
            sqlite3_reset(handle);
            return false;
        }
        var fault = database.Fault(sql);
        sqlite3_reset(handle);
        throw fault;
    }

    /// <summary>For statements without rows.</summary>
    public void Run()
    {
        while (Step()) { }
    }

    public void Reset() => sqlite3_reset(handle);

    public long Long(int column) => sqlite3_column_int64(handle, column);

    public bool IsNull(int column) => sqlite3_column_type(handle, column) == SQLITE_NULL;

    public ReadOnlySpan<byte> Blob(int column) => sqlite3_column_blob(handle, column);

    public string Text(int column) => sqlite3_column_text(handle, column).utf8_to_string() ?? "";

    public void Dispose() => handle.Dispose();

    private void Check(int code)
    {
        if (code != SQLITE_OK) throw database.Fault(sql);
    }
}
