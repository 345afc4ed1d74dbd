using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite.Raw;

namespace Lambda.SpeedLayer.Sqlite;

/// <summary>Quarantine in one SQLite file. "Once" is found by a fingerprint of source, reason and raw bytes: 64 bits that lead to the row, which is then compared.</summary>
public sealed class SqliteQuarantine : IQuarantine
{
    private static readonly SchemaFile Schema = new("quarantine", 0x4c6d5175, 4_096, "Restore it from a copy, or move it away: Lambda starts with an empty one.", """
        CREATE TABLE quarantine(id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, source TEXT NOT NULL, line INTEGER NOT NULL, field TEXT NOT NULL,
            reason TEXT NOT NULL, detail TEXT NOT NULL, raw BLOB NOT NULL, fingerprint INTEGER NOT NULL, replayed_at_ms INTEGER);
        CREATE INDEX open_by_fingerprint ON quarantine(fingerprint) WHERE replayed_at_ms IS NULL;
        CREATE INDEX open_by_reason ON quarantine(reason, id) WHERE replayed_at_ms IS NULL;
        """);

    private const int WalPagesMax = 1_024; // 4 MB
    private const int WalWaitMs = 1_000;
    private const string Columns = "id, at_ms, source, line, field, reason, detail, raw, replayed_at_ms";

    private readonly Lock _lock = new();
    private readonly Database _database;
    private readonly Statement _insert, _same, _replayed, _delete, _list, _listOpen, _listReason, _listOpenReason, _counts;

    /// <exception cref="StorageException">No quarantine, damaged, or of a newer format.</exception>
    public SqliteQuarantine(string path)
    {
        _database = Schema.Open(path);
        _insert = _database.Prepare("INSERT INTO quarantine(at_ms, source, line, field, reason, detail, raw, fingerprint) VALUES (?,?,?,?,?,?,?,?)");
        _same = _database.Prepare("SELECT source, reason, raw FROM quarantine WHERE fingerprint = ? AND replayed_at_ms IS NULL");
        _replayed = _database.Prepare("UPDATE quarantine SET replayed_at_ms = ? WHERE id = ?");
        _delete = _database.Prepare("DELETE FROM quarantine WHERE id = ?");
        _list = PrepareList("");
        _listOpen = PrepareList("AND replayed_at_ms IS NULL");
        _listReason = PrepareList("AND reason = ?");
        _listOpenReason = PrepareList("AND replayed_at_ms IS NULL AND reason = ?");
        _counts = _database.Prepare("SELECT reason, count(*) FROM quarantine WHERE replayed_at_ms IS NULL GROUP BY reason");
    }

    public void Add(IReadOnlyList<QuarantineEntry> entries, bool once) => Write(() =>
    {
        foreach (var entry in entries)
        {
            var fingerprint = Fingerprint(entry);
            if (once && StandsOpen(entry, fingerprint)) continue;
            _insert.Bind(1, entry.AtMs).Bind(2, entry.Source).Bind(3, entry.Line).Bind(4, entry.Field).Bind(5, entry.Reason).Bind(6, entry.Detail)
                .Bind(7, entry.Raw.Span).Bind(8, fingerprint).Run();
        }
    });

    public IReadOnlyList<QuarantineEntry> List(long afterId, int limit, string? reason, bool includeReplayed)
    {
        lock (_lock)
        {
            var statement = (reason, includeReplayed) switch
            {
                (null, true) => _list,
                (null, false) => _listOpen,
                (_, true) => _listReason,
                (_, false) => _listOpenReason,
            };
            statement.Bind(1, afterId).Bind(2, limit);
            if (reason is not null) statement.Bind(3, reason);
            var entries = new List<QuarantineEntry>();
            while (statement.Step())
                entries.Add(new QuarantineEntry(statement.Long(0), statement.Long(1), statement.Text(2), statement.Long(3), statement.Text(4), statement.Text(5),
                    statement.Text(6), statement.Blob(7).ToArray(), statement.IsNull(8) ? null : statement.Long(8)));
            return entries;
        }
    }

    public void MarkReplayed(IReadOnlyList<long> ids, long atMs) => Write(() =>
    {
        foreach (var id in ids) _replayed.Bind(1, atMs).Bind(2, id).Run();
    });

    /// <summary>The file is written anew without what was deleted, and the WAL is emptied.</summary>
    public void Delete(IReadOnlyList<long> ids)
    {
        Write(() =>
        {
            foreach (var id in ids) _delete.Bind(1, id).Run();
        });
        lock (_lock)
        {
            try
            {
                _database.Execute("VACUUM");
            }
            catch (SqliteFault fault)
            {
                throw new QuarantineWriteException(fault.File, fault.Cause, fault);
            }
            if (!_database.EmptyWal(WalWaitMs)) throw new QuarantineWriteException(_database.Path, "its WAL could not be emptied: somebody reads the file");
        }
    }

    public IReadOnlyDictionary<string, long> Counts()
    {
        lock (_lock)
        {
            var counts = new Dictionary<string, long>();
            while (_counts.Step()) counts[_counts.Text(0)] = _counts.Long(1);
            return counts;
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            foreach (var statement in (Statement[])[_insert, _same, _replayed, _delete, _list, _listOpen, _listReason, _listOpenReason, _counts]) statement.Dispose();
            _database.Dispose();
        }
        return ValueTask.CompletedTask;
    }

    private Statement PrepareList(string condition) =>
        _database.Prepare($"SELECT {Columns} FROM quarantine WHERE id > ?1 {condition.Replace("?", "?3")} ORDER BY id LIMIT ?2");

    private void Write(Action work)
    {
        lock (_lock)
        {
            try
            {
                _database.Transaction(work);
            }
            catch (SqliteFault fault)
            {
                throw new QuarantineWriteException(fault.File, fault.Cause, fault);
            }
            _database.CheckpointWal(WalPagesMax);
        }
    }

    private bool StandsOpen(QuarantineEntry entry, long fingerprint)
    {
        _same.Bind(1, fingerprint);
        var found = false;
        while (!found && _same.Step())
            found = _same.Text(0) == entry.Source && _same.Text(1) == entry.Reason && _same.Blob(2).SequenceEqual(entry.Raw.Span);
        _same.Reset();
        return found;
    }

    /// <summary>A storage format.</summary>
    private static long Fingerprint(QuarantineEntry entry)
    {
        var hash = new XxHash3();
        Span<byte> length = stackalloc byte[4];
        foreach (var text in (string[])[entry.Source, entry.Reason])
        {
            var utf8 = Encoding.UTF8.GetBytes(text);
            BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
            hash.Append(length);
            hash.Append(utf8);
        }
        hash.Append(entry.Raw.Span);
        return (long)hash.GetCurrentHashAsUInt64();
    }
}
