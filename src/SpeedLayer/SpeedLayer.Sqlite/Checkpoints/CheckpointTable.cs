using System.Buffers.Binary;
using System.IO.Hashing;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite.Raw;

namespace Lambda.SpeedLayer.Sqlite.Checkpoints;

/// <summary>The statements on one partition's checkpoint file, on one connection. Every row carries a checksum over all of it.</summary>
internal sealed class CheckpointTable(int partition, Database database) : IDisposable
{
    private readonly Statement _header = database.Prepare("SELECT applied, generation, worker, checksum FROM checkpoint");
    private readonly Statement _setHeader = database.Prepare("INSERT OR REPLACE INTO checkpoint(id, applied, generation, worker, checksum) VALUES (0,?,?,?,?)");
    private readonly Statement _find = database.Prepare("SELECT state, checksum FROM entities WHERE customer = ?");
    private readonly Statement _put = database.Prepare("INSERT OR REPLACE INTO entities(customer, state, checksum) VALUES (?,?,?)");
    private readonly Statement _remove = database.Prepare("DELETE FROM entities WHERE customer = ?");
    private readonly Statement _all = database.Prepare("SELECT customer, state, checksum FROM entities ORDER BY customer");

    public Database Database => database;

    public Checkpoint? Header() => Checked(() =>
    {
        if (!_header.Step()) return null;
        var checkpoint = new Checkpoint(_header.Long(0), _header.Long(1), _header.Blob(2).ToArray());
        var checksum = _header.Long(3);
        _header.Reset();
        return checksum == Checksum(checkpoint) ? checkpoint : throw Corrupt("checksum of its header differs");
    });

    /// <summary>In the caller's transaction. Entities in ascending order of id, so that each page is written once.</summary>
    public void Write(Checkpoint checkpoint, StoredEntity[] sorted)
    {
        foreach (var (customer, state) in sorted)
        {
            if (state.IsEmpty) _remove.Bind(1, customer.Utf8).Run();
            else _put.Bind(1, customer.Utf8).Bind(2, state.Span).Bind(3, Checksum(customer.Utf8, state.Span)).Run();
        }
        _setHeader.Bind(1, checkpoint.Applied).Bind(2, checkpoint.Generation).Bind(3, checkpoint.Worker.Span).Bind(4, Checksum(checkpoint)).Run();
    }

    /// <summary>In the caller's transaction: deletes the row if it holds this state.</summary>
    public bool TryRemove(CustomerId customer, ReadOnlySpan<byte> state)
    {
        var matches = _find.Bind(1, customer.Utf8).Step() && _find.Blob(0).SequenceEqual(state);
        _find.Reset();
        if (matches) _remove.Bind(1, customer.Utf8).Run();
        return matches;
    }

    /// <summary>
    /// One prepared look-up per customer, for the caller's read transaction: what SQLite would do for a join, without building the other table.
    /// </summary>
    public void Find(ReadOnlySpan<CustomerId> customers, EntityReader deliver)
    {
        try
        {
            foreach (var customer in customers)
            {
                if (!_find.Bind(1, customer.Utf8).Step()) continue;
                var state = _find.Blob(0);
                if (Checksum(customer.Utf8, state) != _find.Long(1)) throw Corrupt($"checksum of customer {customer} differs");
                deliver(customer, state);
                _find.Reset();
            }
        }
        catch (SqliteFault fault)
        {
            throw Fault(partition, fault);
        }
        finally
        {
            _find.Reset();
        }
    }

    /// <summary>All in order: one statement, hence one snapshot.</summary>
    public IEnumerable<StoredEntity> Scan()
    {
        try
        {
            for (CustomerId? before = null; Checked(_all.Step);)
            {
                var entity = new StoredEntity(new CustomerId(_all.Blob(0)), _all.Blob(1).ToArray());
                if (Checksum(entity.Customer.Utf8, entity.State.Span) != _all.Long(2)) throw Corrupt($"checksum of customer {entity.Customer} differs");
                if (before?.CompareTo(entity.Customer) >= 0) throw Corrupt($"customer {entity.Customer} is out of order");
                before = entity.Customer;
                yield return entity;
            }
        }
        finally
        {
            _all.Reset();
        }
    }

    /// <summary>What the caller of the store is told.</summary>
    public static Exception Fault(int partition, SqliteFault fault) => fault.IsCorrupt
        ? new CheckpointCorruptException(partition, fault.Message)
        : new StorageException(fault.File, $"the checkpoint of partition {partition} cannot be read or written, the one before stands: {fault.Cause}", fault);

    private CheckpointCorruptException Corrupt(string what) => new(partition, $"{database.Path}: {what}");

    private T Checked<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteFault fault)
        {
            throw Fault(partition, fault);
        }
    }

    private static long Checksum(ReadOnlySpan<byte> customer, ReadOnlySpan<byte> state) =>
        (long)XxHash3.HashToUInt64(state, (long)XxHash3.HashToUInt64(customer));

    private static long Checksum(Checkpoint checkpoint)
    {
        Span<byte> numbers = stackalloc byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(numbers, checkpoint.Applied);
        BinaryPrimitives.WriteInt64LittleEndian(numbers[8..], checkpoint.Generation);
        return Checksum(numbers, checkpoint.Worker.Span);
    }

    public void Dispose()
    {
        foreach (var statement in (Statement[])[_header, _setHeader, _find, _put, _remove, _all]) statement.Dispose();
        database.Dispose();
    }
}
