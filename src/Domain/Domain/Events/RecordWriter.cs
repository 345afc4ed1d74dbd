using System.Buffers.Binary;
using System.Numerics;
using Lambda.Domain.Bytes;
using static Lambda.Domain.Events.RecordLayout;

namespace Lambda.Domain.Events;

/// <summary>
/// Makes event records from typed values: Begin, Set…, AddExtra, Finish. Reused for event after event without allocation; not thread-safe.
/// It checks shapes only: whether an event is acceptable is the parser's business.
/// </summary>
public sealed class RecordWriter
{
    private const byte NestedHashSeed = 5; // behind the last ExtraKind

    private readonly long[] _numbers = new long[EventCatalog.MaxFields];
    private readonly Int128[] _decimals = new Int128[EventCatalog.MaxFields];
    private readonly (int Start, int Length)[] _texts = new (int, int)[EventCatalog.MaxFields];
    private readonly GrowingBytes _values = new(1024);
    private readonly GrowingBytes _extras = new(256);
    private readonly GrowingBytes _record = new(2048);
    private EventBody? _body;
    private (int Start, int Length) _customerId, _eventId;
    private ulong _otherHash;

    public EventType Type { get; private set; } = EventCatalog.Transaction;
    public long OccurredAtMicros { get; private set; }

    /// <summary>Bit i set: field with ordinal i was set.</summary>
    public ulong Present { get; private set; }

    public ReadOnlySpan<byte> CustomerId => Slice(_customerId);
    public ReadOnlySpan<byte> EventId => Slice(_eventId);

    internal ReadOnlySpan<byte> Extras => _extras.Written;

    public RecordWriter Begin(EventType type, ReadOnlySpan<byte> customerId, ReadOnlySpan<byte> eventId, long occurredAtMicros)
    {
        Reset();
        SetHead(type, occurredAtMicros);
        SetCustomerId(customerId);
        SetEventId(eventId);
        return this;
    }

    /// <summary>Begins with everything a decoded event says, nested objects and the body excepted.</summary>
    public RecordWriter Copy(EventRow row)
    {
        CopyFields(row);
        foreach (var extra in RecordCodec.ExtrasOf(row)) AddExtra(extra.Name, extra.Kind, extra.Text);
        return this;
    }

    /// <summary>Begins with the fields of the catalogue alone.</summary>
    public RecordWriter CopyFields(EventRow row)
    {
        Begin(row.Type, row.CustomerId, row.EventId, row.OccurredAtMicros);
        for (var rest = row.Present; rest != 0; rest &= rest - 1)
        {
            var field = EventCatalog.Fields[BitOperations.TrailingZeroCount(rest)];
            if (field.Type == ScalarType.Text) SetText(field, row.Text(field.Ordinal));
            else if (field.Type == ScalarType.Decimal) SetDecimal(field, row.Decimal(field.Ordinal));
            else SetNumber(field, row.Number(field.Ordinal));
        }
        return this;
    }

    /// <summary>int64, bool (0/1), day or instant in storage units.</summary>
    public RecordWriter SetNumber(Field field, long value)
    {
        if (field.Type is ScalarType.Text or ScalarType.Decimal) throw NotA(field, "number");
        _numbers[field.Ordinal] = value;
        Present |= 1UL << field.Ordinal;
        return this;
    }

    public RecordWriter SetBool(Field field, bool value) => SetNumber(field, value ? 1 : 0);

    /// <summary>Decimal: value × 10^6.</summary>
    public RecordWriter SetDecimal(Field field, Int128 scaled)
    {
        if (field.Type != ScalarType.Decimal) throw NotA(field, "decimal");
        _decimals[field.Ordinal] = scaled;
        Present |= 1UL << field.Ordinal;
        return this;
    }

    public RecordWriter SetText(Field field, ReadOnlySpan<byte> utf8)
    {
        if (field.Type != ScalarType.Text) throw NotA(field, "text");
        _texts[field.Ordinal] = Keep(utf8);
        Present |= 1UL << field.Ordinal;
        return this;
    }

    /// <summary>A scalar outside the type's schema; text unescaped, numbers as written in JSON, empty for true and false.</summary>
    public RecordWriter AddExtra(ReadOnlySpan<byte> name, ExtraKind kind, ReadOnlySpan<byte> text = default)
    {
        _extras.AddVarint((ulong)name.Length);
        _extras.Add(name);
        _extras.Add((byte)kind);
        _extras.AddVarint((ulong)text.Length);
        _extras.Add(text);
        _otherHash += XxHash64.Hash(text, XxHash64.Hash(name, (byte)kind)); // a sum: the order of keys does not matter
        return this;
    }

    /// <summary>An object or array outside the schema: only the body holds it, here it counts for the content hash. Not rendered by <see cref="Finish()"/>.</summary>
    public RecordWriter AddNested(ReadOnlySpan<byte> name, ReadOnlySpan<byte> json)
    {
        _otherHash += XxHash64.Hash(json, XxHash64.Hash(name, NestedHashSeed));
        return this;
    }

    public bool Has(Field field) => (Present >> field.Ordinal & 1) != 0;

    public long Number(Field field) => _numbers[field.Ordinal];

    public Int128 Decimal(Field field) => _decimals[field.Ordinal];

    public ReadOnlySpan<byte> Text(Field field) => Slice(_texts[field.Ordinal]);

    /// <summary>The record with a body rendered from the values set: what a producer could have sent. Lives until the next Begin.</summary>
    public ReadOnlySpan<byte> Finish() => Finish((_body ??= new EventBody()).Render(this));

    /// <summary>What the last Finish gave. Lives until the next Begin.</summary>
    public ReadOnlyMemory<byte> FinishedMemory => _record.WrittenMemory;

    /// <summary>The record with this body (one JSON object, not checked). Lives until the next Begin.</summary>
    public ReadOnlySpan<byte> Finish(ReadOnlySpan<byte> body)
    {
        _record.Clear();
        WriteHeader(_record.Take(EventHeader), body.Length);
        _record.Add(CustomerId);
        _record.Add(EventId);
        for (var rest = Present; rest != 0; rest &= rest - 1) WriteField(BitOperations.TrailingZeroCount(rest));
        BinaryPrimitives.WriteUInt64LittleEndian(_record.Written[ContentHash..], HashOfContent());
        _record.Add(_extras.Written);
        _record.Add(body);
        return _record.Written;
    }

    internal void CopyText(Field from, Field to)
    {
        _texts[to.Ordinal] = _texts[from.Ordinal];
        Present |= 1UL << to.Ordinal;
    }

    internal void Reset()
    {
        Present = 0;
        _otherHash = 0;
        _customerId = _eventId = default;
        _values.Clear();
        _extras.Clear();
    }

    internal void SetHead(EventType type, long occurredAtMicros) => (Type, OccurredAtMicros) = (type, occurredAtMicros);

    internal void SetCustomerId(ReadOnlySpan<byte> utf8) => _customerId = Keep(utf8);

    internal void SetEventId(ReadOnlySpan<byte> utf8) => _eventId = Keep(utf8);

    private void WriteHeader(Span<byte> header, int bodyLength)
    {
        header.Clear();
        header[Kind] = (byte)RecordKind.Event;
        header[VersionAt] = RecordLayout.FormatVersion;
        header[TypeCodeAt] = Type.Code;
        header[CustomerIdLength] = checked((byte)_customerId.Length);
        header[EventIdLength] = checked((byte)_eventId.Length);
        BinaryPrimitives.WriteInt64LittleEndian(header[OccurredAt..], OccurredAtMicros);
        BinaryPrimitives.WriteUInt64LittleEndian(header[Presence..], Present);
        BinaryPrimitives.WriteUInt32LittleEndian(header[ExtrasLength..], (uint)_extras.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[BodyLength..], (uint)bodyLength);
    }

    private void WriteField(int ordinal)
    {
        switch (Shapes[ordinal])
        {
            case ScalarType.Text:
                var (start, length) = _texts[ordinal];
                _record.AddVarint((ulong)length);
                _record.Add(_values.Written.Slice(start, length));
                break;
            case ScalarType.Bool:
                _record.Add((byte)_numbers[ordinal]);
                break;
            case ScalarType.Decimal:
                var rest = ZigZag(_decimals[ordinal]);
                for (; rest >= 0x80; rest >>= 7) _record.Add((byte)((byte)rest | 0x80));
                _record.Add((byte)rest);
                break;
            default:
                _record.AddVarint(ZigZag(_numbers[ordinal]));
                break;
        }
    }

    /// <summary>Over everything the event says except its body's form: header up to the lengths of extras and body, ids, fields; plus the sum of the others.</summary>
    private ulong HashOfContent() =>
        XxHash64.Hash(_record.Written[EventHeader..], XxHash64.Hash(_record.Written[TypeCodeAt..ExtrasLength])) + _otherHash;

    private (int Start, int Length) Keep(ReadOnlySpan<byte> utf8) => (_values.Add(utf8), utf8.Length);

    private ReadOnlySpan<byte> Slice((int Start, int Length) range) => _values.Written.Slice(range.Start, range.Length);

    private static ArgumentException NotA(Field field, string what) => new($"{field.Name} is a {field.Type} field, not a {what}", nameof(field));
}
