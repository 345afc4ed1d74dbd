using System.Buffers;
using System.IO.Compression;
using System.Text;
using Lambda.Warehouse.Local.Compression;
using Lambda.Warehouse.Local.Engine;
using Lambda.Warehouse.Local.Sql;

namespace Lambda.Warehouse.Local.Http;

/// <summary>The reader has gone, or takes nothing more.</summary>
internal sealed class ClientGoneException() : Exception("the client closed the connection");

/// <summary>
/// The answer's body. It is held back while small, so that an error still changes the status; beyond that it flows, and the writer waits
/// for a slow reader. An error that comes after the head has gone is written into the body as ClickHouse does and the transfer is cut.
/// </summary>
internal sealed class ResponseBody : IDisposable
{
    private readonly HttpContext _context;
    private readonly QueryRequest _request;
    private readonly ArrayBufferWriter<byte> _held = new(4096);
    private readonly string _exceptionTag = RandomTag();
    private Stream? _output;
    private FileStream? _spool;

    internal ResponseBody(HttpContext context, QueryRequest request) => (_context, _request) = (context, request);

    /// <summary>The status line has been sent.</summary>
    internal bool IsStarted => _output != null;

    internal OutputFormat? Format { get; set; }

    /// <summary>Blocks while the reader is slow.</summary>
    /// <exception cref="ClientGoneException"/>
    internal void Write(ReadOnlyMemory<byte> bytes)
    {
        if (!IsStarted && _spool == null && _held.WrittenCount + bytes.Length <= HeldBytesMax)
        {
            _held.Write(bytes.Span);
            return;
        }
        if (!IsStarted && _request.WaitEndOfQuery)
        {
            Spool(Packed(bytes).Span);
            return;
        }
        if (!IsStarted)
        {
            Start();
            Send(Packed(_held.WrittenMemory));
            _held.Clear();
        }
        Send(Packed(bytes));
    }

    /// <summary>Sends what is held; the end of a good answer.</summary>
    internal async Task CompleteAsync(string summary)
    {
        if (!IsStarted)
        {
            _context.Response.Headers["X-ClickHouse-Summary"] = summary;
            var held = Packed(_held.WrittenMemory);
            if (_spool == null && !WillCompress)
                _context.Response.ContentLength = held.Length;
            Start();
            await _output!.WriteAsync(held);
            if (_spool != null)
            {
                _spool.Position = 0;
                await _spool.CopyToAsync(_output, _context.RequestAborted);
            }
        }
        if (_output is GZipStream)
            await _output.DisposeAsync();
    }

    /// <summary>Ends the answer with an error, in the status if that is still possible.</summary>
    internal async Task FailAsync(QueryError error, string version)
    {
        var text = error.Body(version);
        if (IsStarted)
        {
            await _output!.WriteAsync(Packed(Frame(text)));
            await _output.FlushAsync();
            if (_output is GZipStream)
                await _output.DisposeAsync();
            await _context.Response.Body.FlushAsync();
            throw new IOException("cut after an error within the body"); // the server closes without the last chunk
        }
        _context.Response.StatusCode = ErrorStatus.Of(error.Code);
        _context.Response.Headers["X-ClickHouse-Exception-Code"] = error.Code.ToString();
        _context.Response.ContentType = Formats.PlainText;
        _context.Response.ContentLength = text.Length;
        await _context.Response.Body.WriteAsync(text);
    }

    public void Dispose() => _spool?.Dispose();

    private bool WillCompress => _request.CompressHttp
        && _context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);

    private int HeldBytesMax => _request.WaitEndOfQuery ? Limits.SpoolMemoryBytes : Limits.ResponseBufferBytes;

    private void Start()
    {
        var response = _context.Response;
        response.ContentType = Format?.ContentType ?? Formats.PlainText;
        response.Headers["X-ClickHouse-Exception-Tag"] = _exceptionTag;
        if (Format is { } format)
            response.Headers["X-ClickHouse-Format"] = format.Name;
        if (WillCompress)
        {
            response.Headers.ContentEncoding = "gzip";
            _output = new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
        }
        else
        {
            _output = response.Body;
        }
    }

    /// <summary>With compress=1 the answer is a sequence of ClickHouse's own blocks, whatever HTTP does with it.</summary>
    private ReadOnlyMemory<byte> Packed(ReadOnlyMemory<byte> bytes)
    {
        if (!_request.CompressBlocks)
            return bytes;
        var blocks = new ArrayBufferWriter<byte>((bytes.Length / 2) + 64);
        for (var at = 0; at < bytes.Length; at += Limits.CompressedBlockBytes)
            blocks.Write(BlockFormat.Pack(bytes.Span.Slice(at, Math.Min(Limits.CompressedBlockBytes, bytes.Length - at))));
        return blocks.WrittenMemory;
    }

    /// <summary>One write is one chunk of the transfer: written piece by piece, each 4 KB would be one.</summary>
    private void Send(ReadOnlyMemory<byte> bytes)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(_context.RequestAborted);
        timeout.CancelAfter(Limits.SendTimeout);
        try
        {
            if (_output is GZipStream)
            {
                _output.Write(bytes.Span);
                _output.Flush();
                return;
            }
            var written = _context.Response.Body.WriteAsync(bytes, timeout.Token);
            if (!written.IsCompletedSuccessfully)
                written.AsTask().GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            throw new ClientGoneException();
        }
    }

    private void Spool(ReadOnlySpan<byte> bytes)
    {
        _spool ??= new FileStream(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.None, 128 << 10,
            FileOptions.DeleteOnClose);
        _spool.Write(bytes);
    }

    /// <summary>ClickHouse's block for an error within a body; clients find it by the tag in the header.</summary>
    private byte[] Frame(byte[] message)
    {
        using var frame = new MemoryStream();
        frame.Write(Encoding.ASCII.GetBytes($"\r\n__exception__\r\n{_exceptionTag}\r\n"));
        frame.Write(message); // ends with a line break, which counts
        frame.Write(Encoding.ASCII.GetBytes($"{message.Length} {_exceptionTag}\r\n__exception__\r\n"));
        return frame.ToArray();
    }

    private static string RandomTag() => Random.Shared.GetString("abcdefghijklmnopqrstuvwxyz", 16);
}
