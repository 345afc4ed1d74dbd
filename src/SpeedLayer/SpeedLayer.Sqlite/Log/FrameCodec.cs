using System.Buffers.Binary;
using System.IO.Hashing;
using K4os.Compression.LZ4;

namespace Lambda.SpeedLayer.Sqlite.Log;

/// <summary>How a frame's payload is stored. A storage format: never renumber.</summary>
internal enum FrameEncoding : byte { Plain = 0, Lz4 = 1 }

/// <summary>What stands beside a frame's payload in its row; all of it goes into the checksum.</summary>
internal readonly record struct FrameHeader(int Partition, long FirstOffset, int Count, long AppendedAtMs, FrameEncoding Encoding, int RawBytes);

/// <summary>Payload of a frame: LZ4 where that is shorter, and XxHash3 over header and stored bytes. A storage format.</summary>
internal static class FrameCodec
{
    private const int WorthCompressingBytes = 64;

    /// <summary>The stored payload: a part of <paramref name="buffer"/>, which grows as needed, or the records themselves.</summary>
    public static ReadOnlySpan<byte> Encode(ReadOnlySpan<byte> records, ref byte[] buffer, out FrameEncoding encoding)
    {
        encoding = FrameEncoding.Plain;
        if (records.Length < WorthCompressingBytes) return records;
        var bound = LZ4Codec.MaximumOutputSize(records.Length);
        if (buffer.Length < bound) buffer = GC.AllocateUninitializedArray<byte>(bound);
        var length = LZ4Codec.Encode(records, buffer, LZ4Level.L00_FAST);
        if (length <= 0 || length >= records.Length) return records;
        encoding = FrameEncoding.Lz4;
        return buffer.AsSpan(0, length);
    }

    /// <exception cref="InvalidDataException">The payload is not what the header says.</exception>
    public static byte[] Decode(FrameHeader header, ReadOnlySpan<byte> stored, long checksum)
    {
        if (Checksum(header, stored) != checksum) throw new InvalidDataException("checksum differs");
        var records = GC.AllocateUninitializedArray<byte>(header.RawBytes);
        switch (header.Encoding)
        {
            case FrameEncoding.Plain when stored.Length == records.Length:
                stored.CopyTo(records);
                return records;
            case FrameEncoding.Lz4 when LZ4Codec.Decode(stored, records) == records.Length:
                return records;
            default:
                throw new InvalidDataException($"{stored.Length} bytes of encoding {header.Encoding} do not make {header.RawBytes} bytes");
        }
    }

    public static long Checksum(FrameHeader header, ReadOnlySpan<byte> stored)
    {
        Span<byte> bytes = stackalloc byte[33];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, header.Partition);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[4..], header.FirstOffset);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], header.Count);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], header.AppendedAtMs);
        bytes[24] = (byte)header.Encoding;
        BinaryPrimitives.WriteInt64LittleEndian(bytes[25..], header.RawBytes);
        return (long)XxHash3.HashToUInt64(stored, (long)XxHash3.HashToUInt64(bytes));
    }

    public static long Checksum(int partition, PartitionBounds bounds)
    {
        Span<byte> bytes = stackalloc byte[28];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, partition);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[4..], bounds.Start);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[12..], bounds.End);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[20..], bounds.LastAppendedAtMs);
        return (long)XxHash3.HashToUInt64(bytes);
    }
}
