using System.Buffers;
using System.IO.Compression;
using System.Text;
using Lambda.Warehouse.Local.Compression;
using Lambda.Warehouse.Local.Engine;
using Lambda.Warehouse.Local.Sql;

namespace Lambda.Warehouse.Local.Http;

/// <summary>
/// The statement and its data: the URL's query, a line break, the body. Only as much is held as the statement needs; an insert's data
/// is handed on in chunks.
/// </summary>
internal sealed class RequestText : IDisposable
{
    private readonly Stream _body;
    private byte[] _buffer;
    private int _length;
    private bool _ended;
    private bool _firstChunkTaken;

    private RequestText(Stream body, string query)
    {
        _body = body;
        var head = query.Length == 0 ? 0 : Encoding.UTF8.GetMaxByteCount(query.Length) + 1;
        _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(head, 64 << 10));
        if (head == 0)
            return;
        _length = Encoding.UTF8.GetBytes(query, _buffer);
        _buffer[_length++] = (byte)'\n';
    }

    internal Statement Statement { get; private set; }

    /// <summary>The statement without a trailing semicolon; of an insert with data, the part before FORMAT or VALUES.</summary>
    internal ReadOnlySpan<byte> Sql => _buffer.AsSpan(0, Statement.End);

    /// <summary>Reads the statement and an insert's first chunk of data, so that no connection waits for a slow sender of little.</summary>
    /// <exception cref="QueryError">The statement is refused, or too large.</exception>
    internal static async Task<RequestText> ReadAsync(QueryRequest request, HttpContext context)
    {
        var text = new RequestText(Decode(request.DecompressBlocks, context.Request), request.Query);
        try
        {
            await text.ReadStatementAsync(context.RequestAborted);
            return text;
        }
        catch
        {
            text.Dispose();
            throw;
        }
    }

    /// <summary>The next piece of an insert's data; empty at its end. Valid until the next call.</summary>
    internal ReadOnlySpan<byte> NextChunk()
    {
        if (!_firstChunkTaken)
        {
            _firstChunkTaken = true;
            if (_length > Statement.DataStart)
                return _buffer.AsSpan(Statement.DataStart, _length - Statement.DataStart);
        }
        _length = 0;
        while (!_ended && _length < Limits.InsertChunkBytes)
        {
            var read = _body.Read(_buffer, _length, Limits.InsertChunkBytes - _length);
            _ended = read == 0;
            _length += read;
        }
        return _buffer.AsSpan(0, _length);
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private static Stream Decode(bool blocks, HttpRequest http) =>
        blocks ? new BlockReadStream(DecodeHttp(http)) : DecodeHttp(http);

    private static Stream DecodeHttp(HttpRequest http)
    {
        if (http.HasFormContentType && http.ContentType!.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase))
            return Stream.Null; // read already
        return http.Headers.ContentEncoding.ToString().ToLowerInvariant() switch
        {
            "" or "identity" => http.Body,
            "gzip" or "x-gzip" => new GZipStream(http.Body, CompressionMode.Decompress),
            "deflate" => new ZLibStream(http.Body, CompressionMode.Decompress),
            "br" => new BrotliStream(http.Body, CompressionMode.Decompress),
            var other => throw QueryError.Of(48, "NOT_IMPLEMENTED",
                $"Unknown compression method '{other}'. Only 'gzip', 'deflate', 'br' are supported by the local warehouse"),
        };
    }

    private async Task ReadStatementAsync(CancellationToken cancel)
    {
        var target = 64 << 10;
        while (true)
        {
            await FillAsync(target, cancel);
            Statement = Statement.Read(_buffer.AsSpan(0, _length), isWhole: _ended);
            if (Statement.Kind != StatementKind.Incomplete)
                break;
            if (_length >= Limits.QueryBytesMax)
                throw QueryError.Of(229, "QUERY_IS_TOO_LARGE",
                    $"Query is too large: the limit is {Limits.QueryBytesMax} bytes without data");
            target = Math.Max(target, _length) * 2;
        }
        if (Statement.Kind == StatementKind.InsertData)
            await FillAsync(Math.Max(Limits.InsertChunkBytes, Statement.DataStart + (64 << 10)), cancel);
    }

    private async Task FillAsync(int target, CancellationToken cancel)
    {
        Grow(target);
        while (!_ended && _length < target)
        {
            var read = await _body.ReadAsync(_buffer.AsMemory(_length), cancel);
            _ended = read == 0;
            _length += read;
        }
    }

    private void Grow(int target)
    {
        if (_buffer.Length >= target)
            return;
        var larger = ArrayPool<byte>.Shared.Rent(target);
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
