using System.Buffers;
using Lambda.Domain.Log;

namespace Lambda.Domain.Events;

/// <summary>Kind of a log record: its first byte. A storage format: never renumber.</summary>
public enum RecordKind : byte { Event = 1, EpochBarrier = 2 }

/// <summary>Tag of a value in the extras section: how the JSON wrote it. A storage format.</summary>
public enum ExtraKind : byte { Number = 1, Text = 2, True = 3, False = 4 }

/// <summary>
/// Log records as bytes. A storage format (version byte behind the kind). A frame's payload is records, each behind its varint length.
/// </summary>
public static class RecordCodec
{
    public static RecordKind KindOf(ReadOnlySpan<byte> record) => throw new NotImplementedException();

    /// <summary>Fills <paramref name="row"/> from an event record. The row points into <paramref name="record"/>. Offset and append time are the caller's to set.</summary>
    /// <exception cref="InvalidDataException">The record is not one: names the byte and what was expected.</exception>
    public static void Read(ReadOnlyMemory<byte> record, EventRow row)
    {
        row.Reset(record);
        row.CustomerIdRange = row.EventIdRange = row.BodyRange = row.ExtrasRange = (0, 0);
        throw new NotImplementedException();
    }

    /// <summary>Only the customer id of an event record: cheap, for routing and for loading entities.</summary>
    public static ReadOnlySpan<byte> CustomerIdOf(ReadOnlySpan<byte> record) => throw new NotImplementedException();

    public static void WriteBarrier(EpochBarrier barrier, IBufferWriter<byte> to) => throw new NotImplementedException();

    public static EpochBarrier ReadBarrier(ReadOnlySpan<byte> record) => throw new NotImplementedException();

    /// <summary>A top-level scalar field outside the type's schema, by name; text unescaped, numbers as written.</summary>
    public static bool TryFindExtra(EventRow row, ReadOnlySpan<byte> name, out ExtraKind kind, out ReadOnlySpan<byte> text) => throw new NotImplementedException();
}
