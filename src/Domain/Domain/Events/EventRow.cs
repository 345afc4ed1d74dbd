using System.Runtime.InteropServices;

namespace Lambda.Domain.Events;

/// <summary>
/// One decoded event, reused for event after event without allocation: <see cref="RecordCodec"/> fills it from a log record, the folds,
/// the expression evaluators and the sink read it. Spans point into the record's memory and live as long as that does.
/// </summary>
public sealed class EventRow
{
    private readonly long[] _numbers = new long[EventCatalog.MaxFields];
    private readonly Int128[] _decimals = new Int128[EventCatalog.MaxFields];
    private readonly (int Start, int Length)[] _texts = new (int, int)[EventCatalog.MaxFields];
    private byte[] _record = []; // an array, not a Memory: every field of every event is sliced from it
    private int _start;

    public EventType Type { get; internal set; } = EventCatalog.Transaction;

    /// <summary>Offset of the record in its partition's log: with the partition, its position.</summary>
    public long Offset { get; set; }

    /// <summary>Append time of the record, milliseconds since 1970-01-01T00:00Z; never decreases within a partition.</summary>
    public long AppendedAtMs { get; set; }

    /// <summary>When the event happened, microseconds since 1970-01-01T00:00Z.</summary>
    public long OccurredAtMicros { get; internal set; }

    /// <summary>UTC day of <see cref="OccurredAtMicros"/>, days since 1970-01-01.</summary>
    public int OccurredDay => Clock.DayOf(OccurredAtMicros);

    /// <summary>Hash of what the event says, independent of key order and white space: tells a repeat from a conflicting duplicate.</summary>
    public ulong ContentHash { get; internal set; }

    /// <summary>Bit i set: field with ordinal i is present.</summary>
    public ulong Present { get; internal set; }

    internal (int Start, int Length) CustomerIdRange, EventIdRange, BodyRange, ExtrasRange;

    public ReadOnlySpan<byte> CustomerId => Slice(CustomerIdRange);
    public ReadOnlySpan<byte> EventId => Slice(EventIdRange);

    /// <summary>The whole event as JSON, as it was sent (white space folded, card numbers masked).</summary>
    public ReadOnlySpan<byte> Body => Slice(BodyRange);

    /// <summary>Fields outside the type's schema: see <see cref="RecordCodec.TryFindExtra"/>.</summary>
    internal ReadOnlySpan<byte> Extras => Slice(ExtrasRange);

    public bool Has(int ordinal) => (Present >> ordinal & 1) != 0;

    /// <summary>Int64, bool, day or instant field in storage units. Meaningless unless <see cref="Has"/>.</summary>
    public long Number(int ordinal) => _numbers[ordinal];

    /// <summary>Decimal field, value × 10^6. Meaningless unless <see cref="Has"/>.</summary>
    public Int128 Decimal(int ordinal) => _decimals[ordinal];

    /// <summary>Text field, UTF-8. Meaningless unless <see cref="Has"/>.</summary>
    public ReadOnlySpan<byte> Text(int ordinal) => Slice(_texts[ordinal]);

    internal ReadOnlyMemory<byte> TextMemory(int ordinal) => MemoryOf(_texts[ordinal]);

    internal void Reset(ReadOnlyMemory<byte> record)
    {
        var bytes = MemoryMarshal.TryGetArray(record, out var segment) && segment.Array is not null ? segment : new ArraySegment<byte>(record.ToArray());
        (_record, _start) = (bytes.Array!, bytes.Offset);
        Present = 0;
    }

    internal void SetNumber(int ordinal, long value) => (_numbers[ordinal], Present) = (value, Present | 1UL << ordinal);

    internal void SetDecimal(int ordinal, Int128 value) => (_decimals[ordinal], Present) = (value, Present | 1UL << ordinal);

    internal void SetText(int ordinal, int start, int length) => (_texts[ordinal], Present) = ((start, length), Present | 1UL << ordinal);

    internal ReadOnlyMemory<byte> EventIdMemory => MemoryOf(EventIdRange);

    private ReadOnlyMemory<byte> MemoryOf((int Start, int Length) range) => new(_record, _start + range.Start, range.Length);

    private ReadOnlySpan<byte> Slice((int Start, int Length) range) => new(_record, _start + range.Start, range.Length);
}
