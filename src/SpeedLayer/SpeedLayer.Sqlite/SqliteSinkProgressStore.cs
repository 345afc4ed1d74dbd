using System.Globalization;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite.Raw;

namespace Lambda.SpeedLayer.Sqlite;

/// <summary>Sink progress in one small SQLite file. The hash sum is stored as the signed integer of the same bits, the 128-bit sum as decimal text.</summary>
public sealed class SqliteSinkProgressStore : ISinkProgressStore, IDisposable
{
    private static readonly SchemaFile Schema = new("sink progress", 0x4c6d536b, 4_096,
        "Restore it from a copy, or move it away: the sink then hands the whole log over again, and the warehouse removes the repeats.", """
        CREATE TABLE progress(partition INTEGER PRIMARY KEY, next INTEGER NOT NULL, events INTEGER NOT NULL, hash_sum INTEGER NOT NULL, billing_minor_sum TEXT NOT NULL);
        CREATE TABLE barriers(partition INTEGER NOT NULL, epoch INTEGER NOT NULL, next INTEGER NOT NULL, events INTEGER NOT NULL, hash_sum INTEGER NOT NULL,
            billing_minor_sum TEXT NOT NULL, PRIMARY KEY (partition, epoch)) WITHOUT ROWID;
        """);

    private const int WalPagesMax = 1_024; // 4 MB

    private readonly Lock _lock = new();
    private readonly Database _database;
    private readonly Statement _load, _save, _atBarrier, _saveBarrier;

    /// <exception cref="StorageException">No sink progress, damaged, or of a newer format.</exception>
    public SqliteSinkProgressStore(string path)
    {
        _database = Schema.Open(path);
        _load = _database.Prepare("SELECT next, events, hash_sum, billing_minor_sum FROM progress WHERE partition = ?");
        _save = _database.Prepare("INSERT OR REPLACE INTO progress(partition, next, events, hash_sum, billing_minor_sum) VALUES (?1,?3,?4,?5,?6)");
        _atBarrier = _database.Prepare("SELECT next, events, hash_sum, billing_minor_sum FROM barriers WHERE partition = ? AND epoch = ?");
        _saveBarrier = _database.Prepare("INSERT OR IGNORE INTO barriers(partition, epoch, next, events, hash_sum, billing_minor_sum) VALUES (?1,?2,?3,?4,?5,?6)");
    }

    public SinkProgress Load(int partition)
    {
        lock (_lock) return Read(_load.Bind(1, partition)) ?? SinkProgress.Zero;
    }

    public void Save(IReadOnlyList<(int Partition, SinkProgress Progress)> progress, IReadOnlyList<(int Partition, long Epoch, SinkProgress AtBarrier)> barriers)
    {
        lock (_lock)
        {
            try
            {
                _database.Transaction(() =>
                {
                    foreach (var (partition, now) in progress) Bind(_save.Bind(1, partition), now).Run();
                    foreach (var (partition, epoch, at) in barriers) Bind(_saveBarrier.Bind(1, partition).Bind(2, epoch), at).Run();
                });
            }
            catch (SqliteFault fault)
            {
                throw new StorageException(fault.File, $"sink progress was not written, the one before it stands: {fault.Cause}", fault);
            }
            _database.CheckpointWal(WalPagesMax);
        }
    }

    public SinkProgress? AtBarrier(int partition, long epoch)
    {
        lock (_lock) return Read(_atBarrier.Bind(1, partition).Bind(2, epoch));
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var statement in (Statement[])[_load, _save, _atBarrier, _saveBarrier]) statement.Dispose();
            _database.Dispose();
        }
    }

    private static Statement Bind(Statement statement, SinkProgress progress) => statement
        .Bind(3, progress.Next).Bind(4, progress.Events).Bind(5, (long)progress.HashSum).Bind(6, progress.BillingMinorSum.ToString(CultureInfo.InvariantCulture));

    private static SinkProgress? Read(Statement statement)
    {
        if (!statement.Step()) return null;
        var progress = new SinkProgress(statement.Long(0), statement.Long(1), (ulong)statement.Long(2), Int128.Parse(statement.Text(3), CultureInfo.InvariantCulture));
        statement.Reset();
        return progress;
    }
}
