using System.Net.Http.Headers;
using System.Text;

namespace Lambda.Warehouse.Client;

/// <summary>How a server tells of an error once the status line has gone: `__exception__ CRLF tag CRLF message` in the body, the tag announced in a header.</summary>
internal static class ExceptionMark
{
    /// <summary>More than the longest mark with the line break before it.</summary>
    public const int HeldBack = 96;

    /// <summary>Empty when the server announced none.</summary>
    public static byte[] Of(HttpResponseHeaders headers) =>
        headers.TryGetValues("X-ClickHouse-Exception-Tag", out var tags) && tags.FirstOrDefault() is { Length: > 0 } tag
            ? Encoding.ASCII.GetBytes($"__exception__\r\n{tag}\r\n")
            : [];
}

/// <summary>
/// An answer's bytes, handed on as they come. The last ones are held back until more have come or the end has, so that the text of an error is never taken for
/// data: it is thrown instead, and so is a connection that was cut.
/// </summary>
internal sealed class CheckedStream(HttpResponseMessage response, Stream body, string attempted, string queryId) : AsyncReadStream
{
    private readonly byte[] _mark = ExceptionMark.Of(response.Headers);
    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _start, _end;
    private bool _ended;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel = default)
    {
        while (true)
        {
            var ready = (_ended ? _end : Math.Max(_start, _end - ExceptionMark.HeldBack)) - _start;
            if (ready > 0)
            {
                var taken = Math.Min(ready, buffer.Length);
                _buffer.AsMemory(_start, taken).CopyTo(buffer);
                _start += taken;
                return taken;
            }
            if (_ended) return 0;
            await FillAsync(cancel);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) response.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask FillAsync(CancellationToken cancel)
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        int read;
        try
        {
            read = await body.ReadAsync(_buffer.AsMemory(_end), cancel);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            Check(cut: true);
            throw ClickHouseException.Transport(response.RequestMessage!.RequestUri!, attempted, queryId, e);
        }
        _ended = read == 0;
        _end += read;
        if (_mark.Length > 0 && _buffer.AsSpan(0, _end).IndexOf(_mark) >= 0) await ReadExceptionAsync(cancel);
    }

    private async Task ReadExceptionAsync(CancellationToken cancel)
    {
        try
        {
            while (!_ended && _end < _buffer.Length)
            {
                var read = await body.ReadAsync(_buffer.AsMemory(_end), cancel);
                _ended = read == 0;
                _end += read;
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            // After the text the server may just hang up.
        }
        Check(cut: false);
    }

    /// <exception cref="ClickHouseException">An error's text is among the bytes at hand.</exception>
    private void Check(bool cut)
    {
        var at = _mark.Length == 0 ? -1 : _buffer.AsSpan(0, _end).IndexOf(_mark);
        if (at >= 0) throw ClickHouseException.FromText(Encoding.UTF8.GetString(_buffer, at + _mark.Length, _end - at - _mark.Length).Trim(), 0, response.StatusCode, attempted, queryId);
        if (!cut) throw new InvalidOperationException("an error was seen in an answer and is not there any more");
    }

    private const int BufferBytes = 256 * 1024;
}
