using System.Buffers.Binary;
using System.Numerics;

namespace Lambda.Domain.Bytes;

/// <summary>XXH64 (github.com/Cyan4973/xxHash): fast, not keyed, not against an adversary. Here because the domain has no packages.</summary>
public static class XxHash64
{
    private const ulong P1 = 0x9E3779B185EBCA87, P2 = 0xC2B2AE3D27D4EB4F, P3 = 0x165667B19E3779F9, P4 = 0x85EBCA77C2B2AE63, P5 = 0x27D4EB2F165667C5;

    public static ulong Hash(ReadOnlySpan<byte> data, ulong seed = 0)
    {
        var length = (ulong)data.Length;
        var h = seed + P5;
        if (data.Length >= 32) h = Stripes(ref data, seed);
        h += length;

        for (; data.Length >= 8; data = data[8..])
            h = BitOperations.RotateLeft(h ^ Mix(0, BinaryPrimitives.ReadUInt64LittleEndian(data)), 27) * P1 + P4;
        if (data.Length >= 4)
        {
            h = BitOperations.RotateLeft(h ^ BinaryPrimitives.ReadUInt32LittleEndian(data) * P1, 23) * P2 + P3;
            data = data[4..];
        }
        foreach (var b in data) h = BitOperations.RotateLeft(h ^ b * P5, 11) * P1;
        return Avalanche(h);
    }

    private static ulong Stripes(ref ReadOnlySpan<byte> data, ulong seed)
    {
        ulong a = seed + P1 + P2, b = seed + P2, c = seed, d = seed - P1;
        for (; data.Length >= 32; data = data[32..])
        {
            a = Mix(a, BinaryPrimitives.ReadUInt64LittleEndian(data));
            b = Mix(b, BinaryPrimitives.ReadUInt64LittleEndian(data[8..]));
            c = Mix(c, BinaryPrimitives.ReadUInt64LittleEndian(data[16..]));
            d = Mix(d, BinaryPrimitives.ReadUInt64LittleEndian(data[24..]));
        }
        var h = BitOperations.RotateLeft(a, 1) + BitOperations.RotateLeft(b, 7) + BitOperations.RotateLeft(c, 12) + BitOperations.RotateLeft(d, 18);
        h = (h ^ Mix(0, a)) * P1 + P4;
        h = (h ^ Mix(0, b)) * P1 + P4;
        h = (h ^ Mix(0, c)) * P1 + P4;
        return (h ^ Mix(0, d)) * P1 + P4;
    }

    private static ulong Mix(ulong lane, ulong input) => BitOperations.RotateLeft(lane + input * P2, 31) * P1;

    private static ulong Avalanche(ulong h)
    {
        h = (h ^ h >> 33) * P2;
        h = (h ^ h >> 29) * P3;
        return h ^ h >> 32;
    }
}
