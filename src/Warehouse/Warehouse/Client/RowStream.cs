using System.Buffers;
using System.Text;

namespace Lambda.Warehouse.Client;

/// <summary>
/// The rows of one streaming response. A server that fails after the first bytes can no longer change the status; it then ends the body with
/// `__exception__ CRLF tag CRLF message`, the tag announced in a header. Such a tail is looked for in everything that arrives, and the last bytes
/// are not parsed before the end has come, so that it can never be taken for a row.
/// </summary>
internal sealed class RowStream(HttpResponseMessage response, Stream body, string attempted, string queryId) : IDisposable
{
    private readonly byte[] _mark = ExceptionMark.Of(response.Headers);
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private int _start, _end, _searched;
    private int _exceptionAt = -1, _rowsEnd = -1;
    private bool _ended;

    /// <summary>Parses the next row; false at the end.</summary>
    /// <exception cref="ClickHouseException">The server failed, or the connection was cut, in mid-stream.</exception>
    public bool TryParse<T>(RowParser<T> parse, out T? row)
    {
        row = default;
        var end = _exceptionAt >= 0 ? _rowsEnd : _ended ? _end : Math.Max(_start, _end - ExceptionMark.HeldBack);
        if (end <= _start) return false;
        var reader = new RowBinaryReader(_buffer.AsSpan(_start, end - _start));
        row = parse(ref reader);
        if (reader.Incomplete) return false;
        if (reader.Position == 0) throw new InvalidOperationException("the row parser read nothing");
        _start += reader.Position;
        return true;
    }

    /// <summary>Fetches more bytes; false when all rows were parsed and the response ended as it should.</summary>
    public async ValueTask<bool> FillAsync(CancellationToken cancel)
    {
        if (_ended)
        {
            if (_exceptionAt >= 0) throw ClickHouseException.FromText(ExceptionText(), 0, response.StatusCode, attempted, queryId);
            if (_end > _start) throw Cut(new InvalidDataException($"the response ends within a row ({_end - _start} bytes left): {Tail()}"));
            return false;
        }
        MakeRoom();
        int read;
        try
        {
            read = await body.ReadAsync(_buffer.AsMemory(_end), cancel);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            if (_exceptionAt < 0) throw Cut(e); // after an exception block the server may just hang up
            read = 0;
        }
        if (read == 0) _ended = true;
        _end += read;
        LookForException();
        return true;
    }

    public void Dispose()
    {
        response.Dispose();
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_searched, _exceptionAt, _rowsEnd) = (Math.Max(0, _searched - _start), _exceptionAt < 0 ? -1 : _exceptionAt - _start, _rowsEnd - _start);
            (_start, _end) = (0, _end - _start);
        }
        if (_buffer.Length - _end >= BufferBytes / 4) return;
        if (_buffer.Length >= RowBytesMax) throw new InvalidDataException($"a row of more than {RowBytesMax} bytes while {attempted}");
        var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
        _buffer.AsSpan(0, _end).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    private void LookForException()
    {
        if (_exceptionAt >= 0 || _mark.Length == 0) return;
        var at = _buffer.AsSpan(_searched, _end - _searched).IndexOf(_mark);
        if (at >= 0) _exceptionAt = _searched + at;
        if (at >= 0 && _buffer.AsSpan(_start, _exceptionAt - _start).EndsWith("\r\n"u8)) _rowsEnd = _exceptionAt - 2; // the block begins with a line break
        else _rowsEnd = _exceptionAt;
        _searched = Math.Max(0, _end - _mark.Length);
    }

    private string ExceptionText() => Encoding.UTF8.GetString(_buffer, _exceptionAt + _mark.Length, _end - _exceptionAt - _mark.Length).Trim();

    private string Tail() => Encoding.UTF8.GetString(_buffer, Math.Max(_start, _end - 500), Math.Min(500, _end - _start));

    private ClickHouseException Cut(Exception why) => ClickHouseException.Transport(response.RequestMessage!.RequestUri!, attempted, queryId, why);

    private const int BufferBytes = 256 * 1024;
    private const int RowBytesMax = 1 << 29;
}
