using System.Buffers;
using static Lambda.Domain.Events.RecordLayout;

namespace Lambda.Domain.Events;

/// <summary>
/// A person asked to be forgotten: what lies before this record, of this customer, counts for nothing. Events behind it are a new customer's.
/// </summary>
/// <param name="Request">Names the request: the same one appended twice is recognised by it.</param>
public sealed record CustomerErasure(CustomerId Customer, Guid Request);

/// <summary>Log records of erasures, and what takes the place of a record that was physically removed.</summary>
public static class ErasureRecords
{
    /// <summary>Takes the place of a record in a frame, so that every other record keeps its offset.</summary>
    public static ReadOnlySpan<byte> Void => [(byte)RecordKind.Void, FormatVersion];

    public static void Write(CustomerErasure erasure, IBufferWriter<byte> to)
    {
        var id = erasure.Customer.Utf8;
        var record = to.GetSpan(EventHeader + id.Length);
        record[..EventHeader].Clear();
        (record[Kind], record[VersionAt], record[CustomerIdLength]) = ((byte)RecordKind.Erasure, FormatVersion, (byte)id.Length);
        erasure.Request.TryWriteBytes(record[RequestId..], bigEndian: true, out _);
        id.CopyTo(record[EventHeader..]);
        to.Advance(EventHeader + id.Length);
    }

    /// <exception cref="InvalidDataException">The record is not an erasure: names the byte and what was expected.</exception>
    public static CustomerErasure Read(ReadOnlySpan<byte> record)
    {
        RecordCodec.CheckHeader(record, RecordKind.Erasure, EventHeader);
        int length = record[CustomerIdLength];
        if (EventHeader + length != record.Length) throw Corrupt(CustomerIdLength, $"an erasure of {EventHeader + length} bytes in a record of {record.Length}");
        return new CustomerErasure(new CustomerId(record.Slice(EventHeader, length)), new Guid(record.Slice(RequestId, 16), bigEndian: true));
    }
}
