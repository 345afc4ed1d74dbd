using System.Text;

namespace Lambda.SpeedLayer.Generation;

/// <summary>Lines that must be refused, one of each kind in turn: what broken producers send.</summary>
internal sealed class BadLines(ulong seed)
{
    private Xoshiro _random = new(seed ^ 0xBAD);
    private int _kind;

    /// <param name="good">A good line, to break it.</param>
    internal ReadOnlyMemory<byte> Next(ReadOnlySpan<byte> good)
    {
        var line = Encoding.UTF8.GetString(good);
        var number = _random.Below(1_000_000);
        return (_kind++ % 8) switch
        {
            0 => Encoding.UTF8.GetBytes(line[.._random.Between(1, line.Length - 1)]), // cut off
            1 => Encoding.UTF8.GetBytes($"ERROR {number}: upstream timed out"),
            2 => Encoding.UTF8.GetBytes($$"""{"event_id":"bad{{number}}","customer_id":"c1","type":"purchase","occurred_at":"2026-01-01T00:00:00Z"}"""),
            3 => Encoding.UTF8.GetBytes($$"""{"event_id":"bad{{number}}","type":"login","occurred_at":"2026-01-01T00:00:00Z","success":true}"""),
            4 => Encoding.UTF8.GetBytes($$"""{"event_id":"bad{{number}}","customer_id":"c1","type":"transaction","occurred_at":"2026-01-01T00:00:00Z","amount":"9.999","currency":"EUR","direction":"debit","status":"approved"}"""),
            5 => Encoding.UTF8.GetBytes($$"""{"event_id":"bad{{number}}","customer_id":"c1","type":"login","occurred_at":"2026-01-01T00:00:00Z","success":true,"note":"card 4111 1111 1111 1111"}"""),
            6 => (byte[])[.. "{\"event_id\":\"bad"u8, .. Encoding.UTF8.GetBytes($"{number}"), 0xff, .. "\"}"u8], // not UTF-8
            _ => Encoding.UTF8.GetBytes($$"""{"event_id":{{number}},"customer_id":"c1","type":"login","occurred_at":"2026-01-01T00:00:00Z","success":true}"""),
        };
    }
}
