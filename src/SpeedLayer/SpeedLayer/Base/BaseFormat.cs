using System.Buffers.Binary;
using System.Numerics;

namespace Lambda.SpeedLayer.Base;

/// <summary>
/// A base file, little-endian. A storage format: a change takes a new <see cref="Version"/>.
/// <code>
/// header   512 B   magic, version, partition, epoch, definition hash, CRC32C of the 508 bytes before it
/// blocks           u32 n, u32 start[n+1], n × (u8 id length, id, state): starts count from the block's beginning, start[n] is its length
/// index            per block: u64 offset, u32 length, u32 CRC32C, u8 length of its first id, id; then u8 length of the file's last id, id
/// footer   128 B   u64 index offset, u64 index length, u64 blocks, u64 customers, u32 CRC32C of the index, SHA-256 of all before the footer, magic, CRC32C
/// </code>
/// </summary>
internal static class BaseFormat
{
    public const uint Version = 1;
    public const int HeaderBytes = 512, FooterBytes = 128, DefinitionHashBytesMax = 256;

    /// <summary>A block is closed when it has so many bytes: some thirty customers, two pages of memory more or less, 2 µs to check once.</summary>
    public const int BlockBytes = 12 << 10;

    public static ReadOnlySpan<byte> Magic => "LambdaBF"u8;
    public static ReadOnlySpan<byte> EndMagic => "BFendLmd"u8;

    public static string NameOf(int partition, long epoch) => $"base-{partition}-e{epoch}.lbf";

    /// <summary>CRC-32C (Castagnoli), eight bytes a step.</summary>
    public static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        for (; bytes.Length >= 8; bytes = bytes[8..]) crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var b in bytes) crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }
}
