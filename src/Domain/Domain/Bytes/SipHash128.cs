using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Lambda.Domain.Bytes;

/// <summary>
/// SipHash-2-4 with 128-bit output, as the reference implementation (github.com/veorq/SipHash) and as ClickHouse's
/// `sipHash128Reference(text)` (keys 0, 0) and `sipHash128ReferenceKeyed((k0, k1), text)`. ClickHouse's plain `sipHash128` is another function.
/// </summary>
public static class SipHash128
{
    /// <summary>
    /// The low half of the result is the first eight bytes of the reference's output (and of ClickHouse's FixedString(16)), little-endian; the high
    /// half the last eight. So <c>BinaryPrimitives.WriteUInt128LittleEndian</c> gives the 16 bytes that ClickHouse gives.
    /// </summary>
    public static UInt128 Hash(ReadOnlySpan<byte> data, ulong k0 = 0, ulong k1 = 0)
    {
        var v0 = k0 ^ 0x736f6d6570736575UL;
        var v1 = k1 ^ 0x646f72616e646f6dUL ^ 0xee; // 0xee sets the 128-bit variant apart from the 64-bit one
        var v2 = k0 ^ 0x6c7967656e657261UL;
        var v3 = k1 ^ 0x7465646279746573UL;
        var last = (ulong)data.Length << 56;

        for (; data.Length >= 8; data = data[8..])
        {
            var m = BinaryPrimitives.ReadUInt64LittleEndian(data);
            v3 ^= m;
            Round(ref v0, ref v1, ref v2, ref v3);
            Round(ref v0, ref v1, ref v2, ref v3);
            v0 ^= m;
        }
        for (var i = 0; i < data.Length; i++) last |= (ulong)data[i] << (8 * i);

        v3 ^= last;
        Round(ref v0, ref v1, ref v2, ref v3);
        Round(ref v0, ref v1, ref v2, ref v3);
        v0 ^= last;

        v2 ^= 0xee;
        for (var i = 0; i < 4; i++) Round(ref v0, ref v1, ref v2, ref v3);
        var low = v0 ^ v1 ^ v2 ^ v3;
        v1 ^= 0xdd;
        for (var i = 0; i < 4; i++) Round(ref v0, ref v1, ref v2, ref v3);
        return new UInt128(v0 ^ v1 ^ v2 ^ v3, low);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v0 += v1;
        v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
        v0 = BitOperations.RotateLeft(v0, 32);
        v2 += v3;
        v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
        v0 += v3;
        v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
        v2 += v1;
        v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
        v2 = BitOperations.RotateLeft(v2, 32);
    }
}
