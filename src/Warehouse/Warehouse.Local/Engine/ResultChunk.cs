using Lambda.Warehouse.Local.Native;

namespace Lambda.Warehouse.Local.Engine;

/// <summary>Rows and bytes a statement has read and written so far.</summary>
internal record struct Progress(ulong ReadRows, ulong ReadBytes, ulong WrittenRows, ulong WrittenBytes, ulong ResultRows, ulong ResultBytes)
{
    /// <summary>The text of X-ClickHouse-Summary.</summary>
    internal readonly string ToJson(TimeSpan elapsed)
    {
        (string Name, ulong Value)[] counts =
        [
            ("read_rows", ReadRows), ("read_bytes", ReadBytes), ("written_rows", WrittenRows), ("written_bytes", WrittenBytes),
            ("total_rows_to_read", 0), ("result_rows", ResultRows), ("result_bytes", ResultBytes), ("elapsed_ns", (ulong)elapsed.Ticks * 100),
        ];
        return "{" + string.Join(",", counts.Select(static c => $"\"{c.Name}\":\"{c.Value}\"")) + "}"; // numbers as text, like the server's
    }

    internal void Add(ResultChunk chunk)
    {
        ReadRows += LibChdb.RowsRead(chunk.Handle);
        ReadBytes += LibChdb.BytesRead(chunk.Handle);
        WrittenRows += LibChdb.RowsWritten(chunk.Handle);
        WrittenBytes += LibChdb.BytesWritten(chunk.Handle);
        ResultRows += LibChdb.ResultRows(chunk.Handle);
        ResultBytes += (ulong)chunk.Bytes.Length;
    }
}

/// <summary>A result of libchdb, or a part of one. Its bytes are valid until it is disposed.</summary>
internal sealed unsafe class ResultChunk : IDisposable
{
    private ResultChunk(nint handle) => Handle = handle;

    internal nint Handle { get; private set; }

    /// <exception cref="QueryError">The result is an error.</exception>
    internal static ResultChunk Take(nint handle)
    {
        var error = NativeText.Read(LibChdb.ResultError(handle));
        if (error == null)
            return new ResultChunk(handle);
        LibChdb.Destroy(handle);
        throw QueryError.Parse(error);
    }

    internal int Length => checked((int)Math.Min(LibChdb.ResultLength(Handle), int.MaxValue));

    /// <summary>At most 2 GiB of it: a whole result beyond that must be streamed.</summary>
    internal ReadOnlySpan<byte> Bytes => LibChdb.ResultLength(Handle) <= int.MaxValue
        ? new ReadOnlySpan<byte>(LibChdb.ResultBuffer(Handle), Length)
        : throw QueryError.Of(396, "TOO_MANY_ROWS_OR_BYTES", "The result is over 2 GiB; in a row-based format it would be streamed");

    /// <summary>The same bytes, for a writer that wants memory; not to be used after the chunk is disposed.</summary>
    internal ReadOnlyMemory<byte> Memory => new NativeMemory((nint)LibChdb.ResultBuffer(Handle), Bytes.Length).Memory;

    public void Dispose()
    {
        if (Handle == 0)
            return;
        LibChdb.Destroy(Handle);
        Handle = 0;
    }

    private sealed class NativeMemory(nint start, int length) : System.Buffers.MemoryManager<byte>
    {
        public override Span<byte> GetSpan() => new((void*)start, length);

        public override System.Buffers.MemoryHandle Pin(int elementIndex = 0) => new((byte*)start + elementIndex);

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}

/// <summary>The result of a running SELECT, chunk by chunk; each chunk is a complete document of its format.</summary>
internal sealed unsafe class ResultStream : IDisposable
{
    private readonly Connection _connection;
    private nint _stream;
    private bool _ended;

    private ResultStream(Connection connection, nint stream) => (_connection, _stream) = (connection, stream);

    /// <exception cref="QueryError">The statement was refused or failed before its first row.</exception>
    internal static ResultStream Open(
        Connection connection, ReadOnlySpan<byte> sql, string format, IReadOnlyList<QueryParameter> parameters)
    {
        using var native = new NativeParameters(parameters);
        var formatBytes = System.Text.Encoding.UTF8.GetBytes(format);
        nint stream;
        fixed (byte* text = sql, name = formatBytes)
            stream = LibChdb.StreamQuery(connection.Handle, text, (nuint)sql.Length, name, (nuint)formatBytes.Length,
                native.Names, native.NameLengths, native.Values, native.ValueLengths, native.Count);
        var error = NativeText.Read(LibChdb.ResultError(stream));
        if (error == null)
            return new ResultStream(connection, stream);
        LibChdb.Destroy(stream);
        throw QueryError.Parse(error);
    }

    /// <summary>The next chunk, or null at the end.</summary>
    /// <exception cref="QueryError">The statement failed; nothing more comes.</exception>
    internal ResultChunk? Next()
    {
        if (_ended)
            return null;
        try
        {
            var chunk = ResultChunk.Take(LibChdb.Fetch(_connection.Handle, _stream));
            if (chunk.Length > 0)
                return chunk;
            _ended = true;
            chunk.Dispose();
            return null;
        }
        catch (QueryError)
        {
            _ended = true;
            throw;
        }
    }

    public void Dispose()
    {
        if (_stream == 0)
            return;
        if (!_ended)
            LibChdb.CancelQuery(_connection.Handle, _stream);
        LibChdb.Destroy(_stream);
        _stream = 0;
    }
}
