using System.Globalization;
using System.Text.Json;
using Lambda.Cluster.Bench.Data;
using Lambda.Load;

namespace Lambda.Cluster.Bench.Load;

/// <summary>`POST /v1/events` with events made on the way until told to end. What was refused, or lost with its node, is sent again: each event has one id, so it counts once.</summary>
internal sealed class StreamLoad(EventStream stream, int perBody) : ILoad
{
    private readonly Dictionary<int, ReadOnlyMemory<byte>> _unacknowledged = [];
    private readonly Queue<int> _again = new();
    private int _next;

    /// <summary>Nothing new from now on: what is left is what must be sent again.</summary>
    public bool Ends { get; set; }

    /// <summary>Per partition the last offset that was acknowledged.</summary>
    public Dictionary<int, long> Positions { get; } = [];

    /// <summary>Requests that nobody has acknowledged.</summary>
    public int Unacknowledged => _unacknowledged.Count;

    public int Next(RequestBytes to)
    {
        if (!_again.TryDequeue(out var token))
        {
            if (Ends) return -1;
            token = _next++;
            _unacknowledged.Add(token, EventBatches.Lines(stream, perBody, perBody)[0]);
        }
        var body = _unacknowledged[token];
        to.Add("POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\nContent-Length: "u8)
            .AddNumber(body.Length).Add("\r\n\r\n"u8).Add(body.Span);
        return token;
    }

    public bool Accept(int token, int status, ReadOnlySpan<byte> body)
    {
        if (status is 429 or 503)
        {
            _again.Enqueue(token);
            return true;
        }
        _unacknowledged.Remove(token);
        if (status != 200) return false;
        var reader = new Utf8JsonReader(body);
        var reply = JsonElement.ParseValue(ref reader);
        foreach (var position in reply.GetProperty("positions").EnumerateObject())
        {
            var partition = int.Parse(position.Name, CultureInfo.InvariantCulture);
            Positions[partition] = Math.Max(Positions.GetValueOrDefault(partition, -1), position.Value.GetInt64());
        }
        return reply.GetProperty("accepted").GetInt32() == perBody;
    }

    public void Lost(int token) => _again.Enqueue(token);
}
