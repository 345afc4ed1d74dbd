using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Lambda.Warehouse.Tests.Client;

/// <summary>
/// Plays a server byte by byte: for each connection the next answer, sent once the request's body has come (or at once, for a refusal). A null
/// answer closes the connection without a word. What came is kept.
/// </summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Queue<byte[]?> _answers;
    private readonly bool _answerEarly;

    internal ScriptedServer(IEnumerable<byte[]?> answers, bool answerEarly = false)
    {
        (_answers, _answerEarly) = (new Queue<byte[]?>(answers), answerEarly);
        _listener.Start();
        _ = ServeAsync();
    }

    internal Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>Request line and headers of every request.</summary>
    internal List<string> Heads { get; } = [];

    internal List<byte[]> Bodies { get; } = [];

    /// <summary>200 with this body; the connection ends with it.</summary>
    internal static byte[] Ok(ReadOnlySpan<byte> body, string headers = "") =>
        [.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\nConnection: close\r\n{headers}\r\n"), .. body];

    /// <summary>200 whose chunked body lacks its end: the server hung up.</summary>
    internal static byte[] Cut(ReadOnlySpan<byte> body, string headers = "") =>
        [.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{headers}\r\n{body.Length:x}\r\n"), .. body, .. "\r\n"u8];

    internal static byte[] Error(int status, string text, string headers = "") =>
        Encoding.UTF8.GetBytes($"HTTP/1.1 {status} Error\r\nContent-Length: {Encoding.UTF8.GetByteCount(text)}\r\nConnection: close\r\n{headers}\r\n{text}");

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync()
    {
        while (_answers.TryDequeue(out var answer))
        {
            using var connection = await _listener.AcceptTcpClientAsync();
            var stream = connection.GetStream();
            var received = new MemoryStream();
            var head = await ReadUntilAsync(stream, received, "\r\n\r\n"u8.ToArray(), 0);
            Heads.Add(Encoding.ASCII.GetString(received.GetBuffer(), 0, head));
            if (answer is null) continue;
            if (!_answerEarly) Bodies.Add(await ReadBodyAsync(stream, received, head));
            await stream.WriteAsync(answer);
            connection.Client.Shutdown(SocketShutdown.Send);
            if (!_answerEarly) continue;
            await Task.WhenAny(stream.CopyToAsync(Stream.Null), Task.Delay(TimeSpan.FromSeconds(10)));
        }
    }

    private async Task<byte[]> ReadBodyAsync(NetworkStream stream, MemoryStream received, int head)
    {
        var length = Heads[^1].Split("\r\n").FirstOrDefault(h => h.StartsWith("Content-Length: ", StringComparison.Ordinal));
        if (length is not null)
        {
            var bytes = int.Parse(length["Content-Length: ".Length..]);
            var buffer = new byte[4096];
            while (received.Length < head + bytes) received.Write(buffer, 0, await stream.ReadAsync(buffer));
            return received.ToArray()[head..];
        }
        var end = await ReadUntilAsync(stream, received, "\r\n0\r\n\r\n"u8.ToArray(), head);
        return Unchunk(received.ToArray().AsSpan(head..end));
    }

    private static async Task<int> ReadUntilAsync(NetworkStream stream, MemoryStream received, byte[] mark, int from)
    {
        var buffer = new byte[4096];
        while (true)
        {
            var at = received.GetBuffer().AsSpan(from, (int)received.Length - from).IndexOf(mark);
            if (at >= 0) return from + at + mark.Length;
            var read = await stream.ReadAsync(buffer);
            if (read == 0) throw new EndOfStreamException("the client hung up");
            received.Write(buffer, 0, read);
        }
    }

    private static byte[] Unchunk(ReadOnlySpan<byte> body)
    {
        var plain = new MemoryStream();
        while (true)
        {
            var line = body.IndexOf("\r\n"u8);
            var size = Convert.ToInt32(Encoding.ASCII.GetString(body[..line]), 16);
            if (size == 0) return plain.ToArray();
            plain.Write(body.Slice(line + 2, size));
            body = body[(line + 2 + size + 2)..];
        }
    }
}
