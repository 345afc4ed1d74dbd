using System.Buffers.Binary;
using Lambda.SpeedLayer.Ports;
using Npgsql;

namespace Lambda.SpeedLayer.Postgres.Checkpoints;

/// <summary>
/// Rows (customer, state or null, checksum) into the session's staging table, in COPY's binary format written straight into one buffer: the importer's
/// call per column took longer than the server.
/// </summary>
internal sealed class EntityCopy : IDisposable
{
    private const string Staging = "CREATE TEMP TABLE IF NOT EXISTS staged_entities(customer bytea, state bytea, checksum bigint) ON COMMIT DELETE ROWS";
    private const string Copy = "COPY pg_temp.staged_entities(customer, state, checksum) FROM STDIN (FORMAT binary)";
    private const int RowOverheadBytes = 2 + 3 * 4 + 8;

    private readonly NpgsqlRawCopyStream _stream;
    private byte[] _buffer = new byte[PostgresLimits.CopyBufferBytes];
    private int _used;

    private EntityCopy(NpgsqlRawCopyStream stream) => _stream = stream;

    /// <summary>In the caller's transaction, at whose end the staging table is empty again.</summary>
    public static void Stage(NpgsqlConnection connection, int partition, StoredEntity[] entities)
    {
        using (var make = new NpgsqlCommand(Staging, connection)) make.ExecuteNonQuery();
        var stream = connection.BeginRawBinaryCopy(Copy);
        using var copy = new EntityCopy(stream);
        try
        {
            copy.Raw("PGCOPY\n"u8);
            copy.Raw([0xff, (byte)'\r', (byte)'\n', 0]);
            copy.Raw([0, 0, 0, 0, 0, 0, 0, 0]); // no flags, no extension
            foreach (var entity in entities) copy.Row(partition, entity);
            copy.Raw([0xff, 0xff]);
            copy.Flush();
        }
        catch
        {
            CancelIfOpen(stream);
            throw;
        }
    }

    /// <summary>One that ended because its connection was lost cannot be cancelled, and need not be.</summary>
    private static void CancelIfOpen(NpgsqlRawCopyStream stream)
    {
        try
        {
            stream.Cancel();
        }
        catch (Exception e) when (e is ObjectDisposedException or NpgsqlException)
        {
            // What ended it is on its way up.
        }
    }

    public void Dispose() => _stream.Dispose();

    private void Row(int partition, StoredEntity entity)
    {
        var customer = entity.Customer.Utf8;
        var state = entity.State.Span;
        Reserve(RowOverheadBytes + customer.Length + state.Length);
        Short(3);
        Bytes(customer);
        if (state.IsEmpty) Int(-1);
        else Bytes(state);
        Int(8);
        BinaryPrimitives.WriteInt64BigEndian(_buffer.AsSpan(_used), Checksums.Of(partition, customer, state));
        _used += 8;
    }

    private void Bytes(ReadOnlySpan<byte> bytes)
    {
        Int(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    private void Short(short value)
    {
        BinaryPrimitives.WriteInt16BigEndian(_buffer.AsSpan(_used), value);
        _used += 2;
    }

    private void Int(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(_used), value);
        _used += 4;
    }

    private void Raw(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    private void Reserve(int bytes)
    {
        if (_used + bytes <= _buffer.Length) return;
        Flush();
        if (bytes > _buffer.Length) _buffer = new byte[bytes];
    }

    private void Flush()
    {
        _stream.Write(_buffer, 0, _used);
        _used = 0;
    }
}
