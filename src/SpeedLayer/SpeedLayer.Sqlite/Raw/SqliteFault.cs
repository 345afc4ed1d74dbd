using static SQLitePCL.raw;

namespace Lambda.SpeedLayer.Sqlite.Raw;

/// <summary>SQLite could not do it. Says which file, what was attempted, and the cause with its extended result code.</summary>
internal sealed class SqliteFault(string file, string doing, int code, string message)
    : Exception($"{file}: {message} (SQLite {code}) at: {doing}")
{
    public string File => file;

    /// <summary>Cause in a few words: for messages that already name the file.</summary>
    public string Cause => $"{message} (SQLite {code})";

    /// <summary>What the file holds is wrong. SQLITE_ERROR counts: our statements are right, so the schema they met is not.</summary>
    public bool IsCorrupt => (code & 0xff) is SQLITE_CORRUPT or SQLITE_NOTADB or SQLITE_ERROR || code == SQLITE_IOERR_SHORT_READ;
}
