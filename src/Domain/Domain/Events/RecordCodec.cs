using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;
using Lambda.Domain.Bytes;
using Lambda.Domain.Log;
using static Lambda.Domain.Events.RecordLayout;

namespace Lambda.Domain.Events;

/// <summary>Kind of a log record: its first byte. A storage format: never renumber.</summary>
public enum RecordKind : byte { Event = 1, EpochBarrier = 2, Erasure = 3, Void = 4 }

/// <summary>Tag of a value in the extras section: how the JSON wrote it. A storage format.</summary>
public enum ExtraKind : byte { Number = 1, Text = 2, True = 3, False = 4 }

/// <summary>
/// Log records as bytes: reads what <see cref="RecordWriter"/> writes. The layout is that of <see cref="RecordLayout"/>. A frame's payload is
/// records, each behind its varint length.
/// </summary>
public static class RecordCodec
{
    /// <exception cref="InvalidDataException">Empty, or of no known kind.</exception>
    public static RecordKind KindOf(ReadOnlySpan<byte> record)
    {
        if (record.IsEmpty) throw Corrupt(0, "empty, expected a kind");
        var kind = (RecordKind)record[Kind];
        return kind is >= RecordKind.Event and <= RecordKind.Void ? kind : throw Corrupt(Kind, $"kind {record[Kind]}, expected 1 (event), 2 (barrier), 3 (erasure) or 4 (void)");
    }

    /// <summary>Fills <paramref name="row"/> from an event record. The row points into <paramref name="record"/>. Offset and append time are the caller's to set.</summary>
    /// <exception cref="InvalidDataException">The record is not one: names the byte and what was expected.</exception>
    public static void Read(ReadOnlyMemory<byte> record, EventRow row)
    {
        var bytes = record.Span;
        CheckHeader(bytes, RecordKind.Event, EventHeader);
        row.Reset(record);
        row.Type = EventCatalog.TypeOf(bytes[TypeCodeAt]);
        row.OccurredAtMicros = BinaryPrimitives.ReadInt64LittleEndian(bytes[OccurredAt..]);
        row.ContentHash = BinaryPrimitives.ReadUInt64LittleEndian(bytes[ContentHash..]);
        var extras = BinaryPrimitives.ReadUInt32LittleEndian(bytes[ExtrasLength..]);
        var body = BinaryPrimitives.ReadUInt32LittleEndian(bytes[BodyLength..]);
        var at = EventHeader;
        row.CustomerIdRange = (at, bytes[CustomerIdLength]);
        at += bytes[CustomerIdLength];
        row.EventIdRange = (at, bytes[EventIdLength]);
        at += bytes[EventIdLength];
        var tail = (ulong)extras + body;
        if ((ulong)at + tail > (ulong)bytes.Length) throw Corrupt(CustomerIdLength, $"sections of at least {(ulong)at + tail} bytes in a record of {bytes.Length}");
        var end = bytes.Length - (int)tail;
        row.ExtrasRange = (end, (int)extras);
        row.BodyRange = (end + (int)extras, (int)body);

        var present = BinaryPrimitives.ReadUInt64LittleEndian(bytes[Presence..]);
        if ((present & ~KnownFields) != 0) throw Corrupt(Presence, "has a field that this version does not know");
        at = ReadFields(bytes[..end], at, present, row);
        if (at != end) throw Corrupt(at, $"field values end here, expected at {end}");
        row.Present = present;
    }

    /// <summary>Whether the record is about one customer: an event or an erasure.</summary>
    public static bool IsOfCustomer(ReadOnlySpan<byte> record) => KindOf(record) is RecordKind.Event or RecordKind.Erasure;

    /// <summary>Only the customer id of an event or an erasure, which have it at the same place: cheap, for routing and for loading entities.</summary>
    /// <exception cref="InvalidDataException">Not such a record, or cut short.</exception>
    public static ReadOnlySpan<byte> CustomerIdOf(ReadOnlySpan<byte> record)
    {
        CheckHeader(record, KindOf(record) == RecordKind.Erasure ? RecordKind.Erasure : RecordKind.Event, EventHeader);
        int length = record[CustomerIdLength];
        return EventHeader + length <= record.Length ? record.Slice(EventHeader, length) : throw Corrupt(CustomerIdLength, "customer id is cut short");
    }

    /// <summary>Only what an event record adds to the control totals, its content hash and billing_amount_minor (0 if absent): a few bytes from the header on.</summary>
    /// <exception cref="InvalidDataException">Not an event record, or cut short.</exception>
    public static (ulong ContentHash, long BillingMinor) TotalsOf(ReadOnlySpan<byte> record)
    {
        CheckHeader(record, RecordKind.Event, EventHeader);
        var hash = BinaryPrimitives.ReadUInt64LittleEndian(record[ContentHash..]);
        var present = BinaryPrimitives.ReadUInt64LittleEndian(record[Presence..]);
        var billing = 1UL << EventCatalog.BillingAmountMinor.Ordinal;
        if ((present & billing) == 0) return (hash, 0);
        var at = EventHeader + record[CustomerIdLength] + record[EventIdLength];
        for (var before = present & (billing - 1); before != 0; before &= before - 1)
            SkipField(record, ref at, Shapes[BitOperations.TrailingZeroCount(before)]);
        return (hash, UnZigZag(ReadVarint(record, ref at)));
    }

    public static void WriteBarrier(EpochBarrier barrier, IBufferWriter<byte> to)
    {
        var run = Encoding.UTF8.GetBytes(barrier.Run);
        var hash = Encoding.UTF8.GetBytes(barrier.DefinitionHash);
        var span = to.GetSpan(BarrierHeader + 2 * Varint.MaxBytes + run.Length + hash.Length);
        span[Kind] = (byte)RecordKind.EpochBarrier;
        span[VersionAt] = FormatVersion;
        BinaryPrimitives.WriteInt64LittleEndian(span[BarrierEpoch..], barrier.Epoch);
        var at = BarrierHeader;
        foreach (var text in (ReadOnlySpan<byte[]>)[run, hash])
        {
            at += Varint.Write(span[at..], (ulong)text.Length);
            text.CopyTo(span[at..]);
            at += text.Length;
        }
        to.Advance(at);
    }

    /// <exception cref="InvalidDataException">The record is not a barrier: names the byte and what was expected.</exception>
    public static EpochBarrier ReadBarrier(ReadOnlySpan<byte> record)
    {
        CheckHeader(record, RecordKind.EpochBarrier, BarrierHeader);
        var at = BarrierHeader;
        var run = Encoding.UTF8.GetString(ReadText(record, ref at));
        var hash = Encoding.UTF8.GetString(ReadText(record, ref at));
        if (at != record.Length) throw Corrupt(at, $"the barrier ends here, the record at {record.Length}");
        return new EpochBarrier(BinaryPrimitives.ReadInt64LittleEndian(record[BarrierEpoch..]), run, hash);
    }

    /// <summary>A top-level scalar field outside the type's schema, by name; text unescaped, numbers as written, empty for true and false.</summary>
    /// <exception cref="InvalidDataException">The extras section is corrupt: names the byte, counted from the section's begin.</exception>
    public static bool TryFindExtra(EventRow row, ReadOnlySpan<byte> name, out ExtraKind kind, out ReadOnlySpan<byte> text)
    {
        foreach (var extra in ExtrasOf(row))
        {
            if (!extra.Name.SequenceEqual(name)) continue;
            kind = extra.Kind;
            text = extra.Text;
            return true;
        }
        kind = default;
        text = default;
        return false;
    }

    /// <summary>All top-level scalar fields outside the type's schema, in the order of the event.</summary>
    public static ExtraEnumerator ExtrasOf(EventRow row) => new(row.Extras);

    public readonly ref struct Extra(ReadOnlySpan<byte> name, ExtraKind kind, ReadOnlySpan<byte> text)
    {
        public ReadOnlySpan<byte> Name { get; } = name;
        public ExtraKind Kind { get; } = kind;
        public ReadOnlySpan<byte> Text { get; } = text;
    }

    public ref struct ExtraEnumerator(ReadOnlySpan<byte> section)
    {
        private readonly ReadOnlySpan<byte> _section = section;
        private int _at = 0;

        public Extra Current { get; private set; }

        public readonly ExtraEnumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_at == _section.Length) return false;
            var name = ReadText(_section, ref _at);
            if (_at == _section.Length) throw Corrupt(_at, "extras are cut short, expected a kind");
            var kind = (ExtraKind)_section[_at];
            if (kind is < ExtraKind.Number or > ExtraKind.False) throw Corrupt(_at, $"kind {(byte)kind} in the extras, expected 1..4");
            _at++;
            Current = new Extra(name, kind, ReadText(_section, ref _at));
            return true;
        }
    }

    internal static void CheckHeader(ReadOnlySpan<byte> record, RecordKind expected, int header)
    {
        if (record.Length < header) throw Corrupt(record.Length, $"ends here, expected a header of {header} bytes");
        if (record[Kind] != (byte)expected) throw Corrupt(Kind, $"kind {record[Kind]}, expected {(byte)expected} ({expected})");
        if (record[VersionAt] != FormatVersion) throw Corrupt(VersionAt, $"version {record[VersionAt]}, expected {FormatVersion}");
    }

    private static int ReadFields(ReadOnlySpan<byte> bytes, int at, ulong present, EventRow row)
    {
        for (; present != 0; present &= present - 1)
        {
            var ordinal = BitOperations.TrailingZeroCount(present);
            switch (Shapes[ordinal])
            {
                case ScalarType.Text:
                    var length = ReadVarint(bytes, ref at);
                    if (length > (ulong)(bytes.Length - at)) throw Corrupt(at, $"text of {length} bytes where {bytes.Length - at} are left");
                    row.SetText(ordinal, at, (int)length);
                    at += (int)length;
                    break;
                case ScalarType.Bool:
                    var flag = ReadVarint(bytes, ref at);
                    row.SetNumber(ordinal, flag <= 1 ? (long)flag : throw Corrupt(at - 1, $"{flag} for a bool, expected 0 or 1"));
                    break;
                case ScalarType.Decimal:
                    row.SetDecimal(ordinal, ReadDecimal(bytes, ref at));
                    break;
                default:
                    row.SetNumber(ordinal, UnZigZag(ReadVarint(bytes, ref at)));
                    break;
            }
        }
        return at;
    }

    private static void SkipField(ReadOnlySpan<byte> bytes, scoped ref int at, ScalarType shape)
    {
        if (shape == ScalarType.Text) ReadText(bytes, ref at);
        else if (shape == ScalarType.Decimal) ReadDecimal(bytes, ref at);
        else ReadVarint(bytes, ref at);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ReadVarint(ReadOnlySpan<byte> bytes, scoped ref int at)
    {
        if ((uint)at < (uint)bytes.Length && bytes[at] < 0x80) return bytes[at++];
        return ReadLongVarint(bytes, ref at);
    }

    private static ulong ReadLongVarint(ReadOnlySpan<byte> bytes, scoped ref int at)
    {
        ulong value = 0;
        for (var shift = 0; shift < 64 && at + shift / 7 < bytes.Length; shift += 7)
        {
            var b = bytes[at + shift / 7];
            value |= (ulong)(b & 0x7f) << shift;
            if (b >= 0x80) continue;
            at += shift / 7 + 1;
            return value;
        }
        throw Corrupt(at, "number is cut short or longer than ten bytes");
    }

    private static Int128 ReadDecimal(ReadOnlySpan<byte> bytes, scoped ref int at)
    {
        UInt128 value = 0;
        for (var i = 0; i < MaxDecimalBytes && at + i < bytes.Length; i++)
        {
            var b = bytes[at + i];
            value |= (UInt128)(uint)(b & 0x7f) << (7 * i);
            if (b >= 0x80) continue;
            at += i + 1;
            return UnZigZag(value);
        }
        throw Corrupt(at, $"decimal is cut short or longer than {MaxDecimalBytes} bytes");
    }

    private static ReadOnlySpan<byte> ReadText(ReadOnlySpan<byte> bytes, scoped ref int at)
    {
        var length = ReadVarint(bytes, ref at);
        if (length > (ulong)(bytes.Length - at)) throw Corrupt(at, $"text of {length} bytes where {bytes.Length - at} are left");
        at += (int)length;
        return bytes.Slice(at - (int)length, (int)length);
    }
}
