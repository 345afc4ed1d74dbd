using System.Globalization;
using System.Text.Json;

namespace Lambda.Load;

/// <summary>`POST /v1/events` with bodies made beforehand, each once; a body that was refused because a queue is full (429) is sent again.</summary>
internal sealed class PostLoad(IReadOnlyList<ReadOnlyMemory<byte>> bodies) : ILoad
{
    private readonly Queue<int> _again = new();
    private int _next;

    /// <summary>Events that responses called accepted.</summary>
    public long Accepted { get; private set; }

    /// <summary>Per partition the last offset that a response named: what a reader must have seen to have seen everything.</summary>
    public Dictionary<int, long> Positions { get; } = [];

    /// <summary>Answers with 429.</summary>
    public long Refused { get; private set; }

    public int Next(RequestBytes to)
    {
        if (!_again.TryDequeue(out var i))
        {
            if (_next == bodies.Count) return -1;
            i = _next++;
        }
        to.Add("POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\nContent-Length: "u8)
            .AddNumber(bodies[i].Length).Add("\r\n\r\n"u8).Add(bodies[i].Span);
        return i;
    }

    public bool Accept(int token, int status, ReadOnlySpan<byte> body)
    {
        if (status == 429)
        {
            Refused++;
            _again.Enqueue(token);
            return true;
        }
        if (status != 200) return false;
        var reader = new Utf8JsonReader(body);
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName) continue;
            if (reader.ValueTextEquals("accepted"u8))
            {
                reader.Read();
                Accepted += reader.GetInt64();
            }
            else if (reader.ValueTextEquals("positions"u8)) ReadPositions(ref reader);
        }
        return true;
    }

    private void ReadPositions(ref Utf8JsonReader reader)
    {
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var partition = int.Parse(reader.GetString()!, CultureInfo.InvariantCulture);
            reader.Read();
            Positions[partition] = Math.Max(Positions.GetValueOrDefault(partition, -1), reader.GetInt64());
        }
    }
}
