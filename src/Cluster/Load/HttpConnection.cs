using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;

namespace Lambda.Load;

/// <summary>
/// One kept-alive HTTP/1.1 connection that never blocks: one request at a time, responses with Content-Length. Reads what it needs of HTTP and no more:
/// a load generator must cost less than what it measures.
/// </summary>
internal sealed class HttpConnection : IDisposable
{
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(1);

    private readonly Socket _socket;
    private byte[] _received = new byte[16 * 1024];
    private int _filled, _sent;

    private HttpConnection(Socket socket, int slot) => (_socket, Slot) = (socket, slot);

    /// <param name="slot">The caller's name for it.</param>
    /// <returns>Null when nobody listens there.</returns>
    public static HttpConnection? TryOpen(Uri url, int slot)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            using var patience = new CancellationTokenSource(ConnectPatience);
            if (IPAddress.TryParse(url.Host, out var address) && IPAddress.IsLoopback(address)) socket.Connect(address, url.Port); // at once or not at all
            else socket.ConnectAsync(url.Host, url.Port, patience.Token).AsTask().GetAwaiter().GetResult();
            socket.Blocking = false;
            return new HttpConnection(socket, slot);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            return null;
        }
    }

    public int Slot { get; }

    public RequestBytes Request { get; } = new();
    public int Token { get; set; }

    /// <summary>Timestamp from which the latency of the request counts.</summary>
    public long Since { get; set; }

    public bool IsBusy { get; private set; }
    public int Descriptor => (int)_socket.Handle;

    /// <summary>True while the request has not gone out whole.</summary>
    public bool IsSending => IsBusy && _sent < Request.Length;

    public int Status { get; private set; }
    public ReadOnlySpan<byte> Body => _received.AsSpan(_bodyAt, _bodyLength);

    private int _bodyAt, _bodyLength; // the length is -1 while it comes in chunks

    public void Begin()
    {
        (IsBusy, _sent, _filled, _bodyAt) = (true, 0, 0, 0);
        Send();
    }

    /// <exception cref="IOException">The connection is gone.</exception>
    public void Send()
    {
        while (_sent < Request.Length)
        {
            var n = _socket.Send(Request.Written[_sent..], SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock) return;
            if (error != SocketError.Success) throw new IOException($"send: {error}");
            _sent += n;
        }
    }

    /// <returns>True when the response is complete: see <see cref="Status"/> and <see cref="Body"/>.</returns>
    /// <exception cref="IOException">The connection is gone, or this is no response with a length.</exception>
    public bool Receive()
    {
        while (true)
        {
            if (_filled == _received.Length) Array.Resize(ref _received, _received.Length * 2);
            var n = _socket.Receive(_received.AsSpan(_filled), SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock) return false;
            if (error != SocketError.Success || n == 0) throw new IOException($"receive: {(n == 0 ? "closed" : error)}");
            _filled += n;
            if (!IsComplete()) continue;
            IsBusy = false;
            return true;
        }
    }

    public void Dispose() => _socket.Dispose();

    private bool IsComplete()
    {
        if (_bodyAt == 0 && !ReadHead()) return false;
        if (_bodyLength < 0) _bodyLength = JoinChunks();
        return _bodyLength >= 0 && _filled >= _bodyAt + _bodyLength;
    }

    private bool ReadHead()
    {
        var bytes = _received.AsSpan(0, _filled);
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0) return false;
        var head = bytes[..(end + 2)];
        if (!Utf8Parser.TryParse(head[9..], out int status, out _)) throw new IOException("not an HTTP response");
        var length = head.IndexOf("Content-Length: "u8);
        var bodyLength = -1;
        if (head.IndexOf("Transfer-Encoding: chunked"u8) < 0 && (length < 0 || !Utf8Parser.TryParse(head[(length + 16)..], out bodyLength, out _))) throw new IOException($"a response with status {status} has no Content-Length");
        (Status, _bodyAt, _bodyLength) = (status, end + 4, bodyLength);
        return true;
    }

    /// <summary>Takes the chunks' frames out of a body once its last chunk is there.</summary>
    /// <returns>The body's length; -1 while chunks are missing.</returns>
    private int JoinChunks()
    {
        var bytes = _received.AsSpan(_bodyAt, _filled - _bodyAt);
        if (!bytes.EndsWith("\r\n0\r\n\r\n"u8) && !bytes.SequenceEqual("0\r\n\r\n"u8)) return -1; // looked at once a reception, not once a chunk
        if (!TryWalk(bytes, join: false, out _)) return -1; // the end of a chunk only looked like the end of all
        TryWalk(bytes, join: true, out var length);
        return length;
    }

    private static bool TryWalk(Span<byte> bytes, bool join, out int length)
    {
        length = 0;
        for (var at = 0; at < bytes.Length;)
        {
            if (!Utf8Parser.TryParse(bytes[at..], out int size, out var digits, 'x')) throw new IOException("not a chunk of an HTTP response");
            if (size == 0) return true;
            at += digits + 2;
            if (at + size + 2 > bytes.Length) return false;
            if (join) bytes.Slice(at, size).CopyTo(bytes[length..]);
            (length, at) = (length + size, at + size + 2);
        }
        return false;
    }
}
