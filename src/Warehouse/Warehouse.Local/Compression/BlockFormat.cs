using System.Buffers.Binary;
using K4os.Compression.LZ4;
using Lambda.Warehouse.Local.Engine;

namespace Lambda.Warehouse.Local.Compression;

/// <summary>
/// ClickHouse's compressed block: CityHash128 of what follows (16 bytes), method (1), size with these 9 bytes (4), size unpacked (4), data.
/// Little-endian. Methods: 0x02 none, 0x82 LZ4.
/// </summary>
internal static class BlockFormat
{
    internal const int ChecksumBytes = 16, HeaderBytes = 9;
    private const byte None = 0x02, Lz4 = 0x82;

    /// <summary>The server's own limit.</summary>
    private const int BytesMax = 1 << 30;

    internal static byte[] Pack(ReadOnlySpan<byte> data)
    {
        var block = new byte[ChecksumBytes + HeaderBytes + LZ4Codec.MaximumOutputSize(data.Length)];
        var body = block.AsSpan(ChecksumBytes);
        var packed = LZ4Codec.Encode(data, body[HeaderBytes..]);
        body[0] = Lz4;
        BinaryPrimitives.WriteInt32LittleEndian(body[1..], packed + HeaderBytes);
        BinaryPrimitives.WriteInt32LittleEndian(body[5..], data.Length);
        body = body[..(packed + HeaderBytes)];
        var (low, high) = CityHash128.Hash(body);
        BinaryPrimitives.WriteUInt64LittleEndian(block, low);
        BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(8), high);
        return block[..(ChecksumBytes + body.Length)];
    }

    /// <summary>Sizes of a block from its first 25 bytes: of what follows them, and unpacked.</summary>
    /// <exception cref="QueryError">Sizes that cannot be, or a method not supported.</exception>
    internal static (int Packed, int Unpacked) ReadSizes(ReadOnlySpan<byte> head)
    {
        if (head[ChecksumBytes] is not (None or Lz4))
            throw QueryError.Of(89, "UNKNOWN_COMPRESSION_METHOD",
                $"Unknown compression method: 0x{head[ChecksumBytes]:x2}; the local warehouse knows LZ4 and none");
        var packed = BinaryPrimitives.ReadInt32LittleEndian(head[(ChecksumBytes + 1)..]) - HeaderBytes;
        var unpacked = BinaryPrimitives.ReadInt32LittleEndian(head[(ChecksumBytes + 5)..]);
        return packed is >= 0 and <= BytesMax && unpacked is >= 0 and <= BytesMax
            ? (packed, unpacked)
            : throw QueryError.Of(271, "CANNOT_DECOMPRESS", "A block's sizes are out of range: the data is not compressed, or damaged");
    }

    /// <param name="block">Whole, with its checksum.</param>
    /// <exception cref="QueryError">Checksum or data are wrong.</exception>
    internal static void Unpack(ReadOnlySpan<byte> block, Span<byte> unpacked)
    {
        var body = block[ChecksumBytes..];
        var (low, high) = CityHash128.Hash(body);
        if (low != BinaryPrimitives.ReadUInt64LittleEndian(block) || high != BinaryPrimitives.ReadUInt64LittleEndian(block[8..]))
            throw QueryError.Of(40, "CHECKSUM_DOESNT_MATCH", "Checksum doesn't match: corrupted data.");
        var data = body[HeaderBytes..];
        var isWhole = body[0] == None
            ? data.Length == unpacked.Length && data.TryCopyTo(unpacked)
            : LZ4Codec.Decode(data, unpacked) == unpacked.Length;
        if (isWhole)
            return;
        throw QueryError.Of(271, "CANNOT_DECOMPRESS", "Cannot decompress a block");
    }
}
