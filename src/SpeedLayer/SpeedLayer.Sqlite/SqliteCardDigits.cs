using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite.Raw;

namespace Lambda.SpeedLayer.Sqlite;

/// <summary>Sealed digits in one SQLite file, apart from the directory.</summary>
public sealed class SqliteCardDigits : ICardDigits
{
    private static readonly SchemaFile Schema = new("card digits", 0x4c6d4364, 4_096, "Delete it: digits are kept anew as cards are seen.",
        "CREATE TABLE digits(name TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;");

    private const int WalPagesMax = 1_024, WalWaitMs = 1_000;

    private readonly Lock _lock = new();
    private readonly Database _database;
    private readonly Statement _put, _find, _remove;

    /// <exception cref="StorageException">No such file, damaged, or of a newer format.</exception>
    public SqliteCardDigits(string path)
    {
        _database = Schema.Open(path, "PRAGMA secure_delete=ON; PRAGMA synchronous=NORMAL;"); // no fsync for each card: who pays does not wait for it
        _put = _database.Prepare("INSERT OR IGNORE INTO digits(name, sealed) VALUES (?1,?2)");
        _find = _database.Prepare("SELECT sealed FROM digits WHERE name = ?");
        _remove = _database.Prepare("DELETE FROM digits WHERE name = ?");
    }

    public void Put(string row, byte[] sealedDigits) => Guarded(() =>
    {
        _database.Transaction(() => _put.Bind(1, row).Bind(2, sealedDigits).Run());
        _database.CheckpointWal(WalPagesMax);
        return 0L;
    });

    public byte[]? Find(string row) => Guarded(() =>
    {
        if (!_find.Bind(1, row).Step()) return null;
        var found = _find.Blob(0).ToArray();
        _find.Reset();
        return found;
    });

    public long Remove(IReadOnlyCollection<string> rows) => Guarded(() =>
    {
        var removed = 0L;
        _database.Transaction(() =>
        {
            foreach (var row in rows)
            {
                _remove.Bind(1, row).Run();
                removed += _database.Scalar("SELECT changes()");
            }
        });
        _database.EmptyWal(WalWaitMs); // it would keep what was there
        return removed;
    });

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var statement in (Statement[])[_put, _find, _remove]) statement.Dispose();
            _database.Dispose();
        }
    }

    private T Guarded<T>(Func<T> work)
    {
        lock (_lock)
        {
            try
            {
                return work();
            }
            catch (SqliteFault fault)
            {
                throw new StorageException(fault.File, $"the card digits cannot be used: {fault.Cause}", fault);
            }
        }
    }
}
