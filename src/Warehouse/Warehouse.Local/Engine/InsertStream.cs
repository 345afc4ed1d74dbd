using System.Text;
using Lambda.Warehouse.Local.Native;

namespace Lambda.Warehouse.Local.Engine;

/// <summary>
/// An open insert. The data goes by this way only: behind the SQL the engine would end it at the first blank line and run the rest.
/// Disposed before <see cref="Commit"/>, what it has not yet written is dropped; blocks already written stay, as on a server (a block
/// is about a million rows or 256 MB).
/// </summary>
internal sealed unsafe class InsertStream : IDisposable
{
    private nint _stream;

    private InsertStream(nint stream) => _stream = stream;

    /// <param name="sql">The insert up to, and without, its FORMAT or VALUES.</param>
    /// <exception cref="QueryError">Refused: no such table, no right, bad syntax.</exception>
    internal static InsertStream Open(
        Connection connection, ReadOnlySpan<byte> sql, string format, IReadOnlyList<QueryParameter> parameters)
    {
        using var native = new NativeParameters(parameters);
        var formatBytes = Encoding.UTF8.GetBytes(format);
        nint stream;
        fixed (byte* text = sql, name = formatBytes)
            stream = LibChdb.StreamInsert(connection.Handle, text, (nuint)sql.Length, name, (nuint)formatBytes.Length,
                native.Names, native.NameLengths, native.Values, native.ValueLengths, native.Count);
        var error = NativeText.Read(LibChdb.InsertError(stream));
        if (error == null)
            return new InsertStream(stream);
        LibChdb.DestroyInsert(stream);
        throw QueryError.Parse(error);
    }

    /// <summary>Hands over a piece of data; waits while the engine's queue is full.</summary>
    /// <returns>False when the insert has failed; <see cref="Commit"/> tells why.</returns>
    internal bool Append(ReadOnlySpan<byte> data)
    {
        fixed (byte* start = data)
            return data.IsEmpty || LibChdb.Append(_stream, start, (nuint)data.Length) == 0;
    }

    /// <summary>Ends the data; returns when the rows are written.</summary>
    internal ResultChunk Commit() => ResultChunk.Take(LibChdb.Done(_stream));

    public void Dispose()
    {
        if (_stream == 0)
            return;
        LibChdb.CancelInsert(_stream); // a no-op after Commit
        LibChdb.DestroyInsert(_stream);
        _stream = 0;
    }
}
