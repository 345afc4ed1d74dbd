using System.Buffers;
using System.Globalization;
using System.Text;
using Lambda.Domain.Events;

namespace Lambda.Simulation;

/// <summary>Random events of every type over a few customers, small vocabularies so that values meet, extremes now and then, lateness to a year.</summary>
public sealed class RandomEvents(Chance chance, int customers)
{
    private readonly RecordWriter _writer = new();
    private readonly List<byte[]> _made = [];
    private long _next;

    /// <summary>A new event, or a repeat of an earlier one (sometimes with another body); now and then somebody is erased, once in a while somebody unknown or twice.</summary>
    public ReadOnlySpan<byte> Next(long nowMs)
    {
        if (chance.OneIn(60)) return Erasure();
        if (_made.Count > 0 && chance.OneIn(6)) return Repeat();
        var record = Fresh(chance.Pick(EventCatalog.Types), $"c{chance.Below(customers)}", $"e{_next++}", nowMs);
        _made.Add(record.ToArray());
        return _made[^1];
    }

    private ReadOnlySpan<byte> Erasure()
    {
        var record = new ArrayBufferWriter<byte>();
        ErasureRecords.Write(new CustomerErasure(CustomerId.From($"c{chance.Below(customers + 1)}"), new Guid((int)_next++, 0, 0, new byte[8])), record);
        return record.WrittenSpan;
    }

    private ReadOnlySpan<byte> Repeat()
    {
        // Near ones are retries, far ones may lie past the horizon, and a few come again and again: chains of repeats, each near the last.
        var at = chance.Below(6) switch
        {
            0 or 1 => chance.Below(_made.Count),
            2 or 3 => chance.Below(Math.Min(4, _made.Count)),
            _ => Math.Max(0, _made.Count - 1 - chance.Below(20)),
        };
        if (!chance.OneIn(5)) return _made[at];
        var row = new EventRow();
        RecordCodec.Read(_made[at], row);
        return Fresh(row.Type, Encoding.UTF8.GetString(row.CustomerId), Encoding.UTF8.GetString(row.EventId), Clock.MicrosPerDay / 1000 * 17_000);
    }

    private ReadOnlySpan<byte> Fresh(EventType type, string customer, string eventId, long nowMs)
    {
        _writer.Begin(type, Encoding.UTF8.GetBytes(customer), Encoding.UTF8.GetBytes(eventId), OccurredAt(nowMs) * Clock.MicrosPerMs);
        foreach (var use in type.Fields)
            if (use.Required || chance.Below(10) < 6) Set(use.Field);
        if (chance.OneIn(5)) _writer.AddExtra("loyalty_level"u8, ExtraKind.Text, Encoding.UTF8.GetBytes($"L{chance.Below(3)}"));
        return _writer.Finish();
    }

    private long OccurredAt(long nowMs) => chance.Below(20) switch
    {
        0 => nowMs - chance.Between(0, 365 * Clock.MsPerDay),
        1 or 2 => nowMs - chance.Between(0, 10 * Clock.MsPerDay),
        3 => nowMs + chance.Between(0, Clock.MsPerDay - 1),
        _ => nowMs - chance.Between(0, 60_000),
    };

    private void Set(Field field)
    {
        switch (field.Type)
        {
            case ScalarType.Text: _writer.SetText(field, Encoding.UTF8.GetBytes(TextOf(field))); break;
            case ScalarType.Decimal: _writer.SetDecimal(field, chance.Between((long)field.Min!.Value, (long)field.Max!.Value)); break;
            case ScalarType.Bool: _writer.SetBool(field, chance.OneIn(2)); break;
            case ScalarType.Day: _writer.SetNumber(field, chance.Between(-1000, 20_000)); break;
            case ScalarType.Int64 or ScalarType.Instant: _writer.SetNumber(field, NumberOf(field)); break;
            default: throw new InvalidOperationException($"{field.Name}: no random value for {field.Type}");
        }
    }

    private long NumberOf(Field field)
    {
        var (min, max) = ((long)(field.Min ?? -1000), (long)(field.Max ?? 1000));
        return chance.OneIn(30) ? chance.OneIn(2) ? min : max : Math.Clamp(chance.Between(-50, 5000), min, max);
    }

    private string TextOf(Field field)
    {
        if (field.Name.EndsWith("currency", StringComparison.Ordinal)) return "EUR";
        if (field.Vocabulary is { } known) return field.Closed || !chance.OneIn(8) ? chance.Pick(known) : "elsewhere";
        return string.Create(CultureInfo.InvariantCulture, $"{field.Name[0]}{chance.Below(6)}");
    }
}
