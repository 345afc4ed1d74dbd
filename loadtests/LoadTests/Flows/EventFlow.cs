using System.Globalization;
using System.Text;
using System.Text.Json;
using Lambda.Load;

namespace Lambda.LoadTests.Flows;

/// <summary>
/// Purchases, so many a request. A request is sent again until it is acknowledged, whatever happened to it; and now and then one that was acknowledged is sent once more:
/// neither may count twice.
/// </summary>
/// <param name="part">Makes event ids of several flows of one load test different.</param>
internal sealed class EventFlow(Ledger ledger, int perRequest, ulong seed, string part = "load") : IFinishing
{
    private const int RepeatEvery = 50;

    private sealed record Batch(byte[] Body, List<(int Customer, long Minor)> Events, int Lines, bool IsRepeat);

    private readonly Dictionary<int, Batch> _pending = [];
    private readonly Queue<(int Token, Batch Batch)> _again = new();
    private readonly WrongAnswers _wrong = new();
    private readonly List<(int, long)> _positions = [];
    private ulong _state = seed;
    private int _next;

    public string Name => part == "load" ? "events" : $"events {part}";
    public IReadOnlyList<string> Wrong => _wrong.Told;

    /// <summary>Events of requests nobody has acknowledged yet.</summary>
    public long Unacknowledged => _pending.Values.Concat(_again.Select(a => a.Batch)).Sum(b => b.IsRepeat ? 0 : b.Events.Count);

    /// <summary>So many requests; after them only what must be sent again is sent.</summary>
    public int RequestsMax { get; set; } = int.MaxValue;

    public void EndNew() => RequestsMax = 0;

    /// <summary>Counts one event more than is sent: the checks must notice.</summary>
    public bool DropsOne { get; init; }

    public bool TryNext(out Request request)
    {
        request = default;
        if (!_again.TryDequeue(out var next))
        {
            if (_next >= RequestsMax) return false;
            next = (_next, Make(_next));
            _next++;
        }
        _pending[next.Token] = next.Batch;
        request = new Request("/v1/events", next.Batch.Body, next.Token);
        return true;
    }

    public bool Accept(int token, int status, ReadOnlySpan<byte> body)
    {
        _pending.Remove(token, out var batch);
        if (status is 429 or 503)
        {
            _again.Enqueue((token, batch!));
            return status == 429; // told to come back: backpressure at work
        }
        if (status != 200 || !Acknowledge(batch!, body))
        {
            _wrong.Add($"events: {status} {Encoding.UTF8.GetString(body[..Math.Min(200, body.Length)])}");
            return false;
        }
        if (!batch!.IsRepeat && token % RepeatEvery == 0) _again.Enqueue((token, batch with { IsRepeat = true }));
        return true;
    }

    public void Lost(int token)
    {
        _pending.Remove(token, out var batch);
        _again.Enqueue((token, batch!));
    }

    private bool Acknowledge(Batch batch, ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        var reply = JsonElement.ParseValue(ref reader);
        if (reply.GetProperty("accepted").GetInt64() != batch.Lines || reply.GetProperty("rejected").GetArrayLength() > 0) return false;
        _positions.Clear();
        foreach (var p in reply.GetProperty("positions").EnumerateObject()) _positions.Add((int.Parse(p.Name, CultureInfo.InvariantCulture), p.Value.GetInt64()));
        ledger.Acknowledge(batch.IsRepeat ? [] : batch.Events, _positions);
        return true;
    }

    private Batch Make(int number)
    {
        var (events, lines) = (new List<(int, long)>(perRequest), new StringBuilder(perRequest * 230));
        var dropped = DropsOne && number == 0 ? 0 : -1;
        for (var i = 0; i < perRequest; i++)
        {
            var random = SplitMix.Next(ref _state);
            var (customer, minor) = ((int)(random % (ulong)ledger.Customers), 1 + (long)(random >> 40) % 50_000);
            events.Add((customer, minor));
            ledger.Sending(customer);
            if (i == dropped) continue;
            var at = DateTime.UtcNow.AddSeconds(-(int)(random >> 20 & 0xfff));
            lines.Append(CultureInfo.InvariantCulture, $$"""{"event_id":"{{ledger.Run}}-{{part}}{{number}}e{{i}}","customer_id":"{{ledger.Id(customer)}}","type":"transaction","occurred_at":"{{at:yyyy-MM-ddTHH:mm:ssZ}}","amount_minor":{{minor}},"currency":"EUR","direction":"debit","status":"approved","category":"groceries","channel":"pos","merchant_id":"m{{random >> 8 & 0xff}}"}""").Append('\n');
        }
        return new Batch(Encoding.UTF8.GetBytes(lines.ToString()), events, perRequest - (dropped < 0 ? 0 : 1), IsRepeat: false);
    }
}
