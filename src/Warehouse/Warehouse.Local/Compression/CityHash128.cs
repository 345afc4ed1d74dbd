using System.Buffers.Binary;
using System.Numerics;

namespace Lambda.Warehouse.Local.Compression;

/// <summary>
/// CityHash128 of CityHash 1.0.2 (Google, MIT), the version whose values ClickHouse's compressed blocks carry; later ones differ.
/// </summary>
internal static class CityHash128
{
    private const ulong K0 = 0xc3a5c85c97cb3127, K1 = 0xb492b66fbe98f273, K2 = 0x9ae16a3b2f90404f, K3 = 0xc949d7c7509e6557;
    private const ulong Mul = 0x9ddfea08eb382d69;

    internal static (ulong Low, ulong High) Hash(ReadOnlySpan<byte> s) => s.Length switch
    {
        >= 16 => Seeded(s[16..], Fetch(s, 0) ^ K3, Fetch(s, 8)),
        >= 8 => Seeded([], Fetch(s, 0) ^ ((ulong)s.Length * K0), Fetch(s, s.Length - 8) ^ K1),
        _ => Seeded(s, K0, K1),
    };

    private static (ulong Low, ulong High) Seeded(ReadOnlySpan<byte> s, ulong seedLow, ulong seedHigh)
    {
        if (s.Length < 128)
            return Murmur(s, seedLow, seedHigh);
        var state = new State(seedLow, seedHigh, s);
        var at = 0;
        for (; s.Length - at >= 128; at += 128)
        {
            state.Mix(s[at..]);
            state.Mix(s[(at + 64)..]);
        }
        return state.Finish(s, s.Length - at);
    }

    /// <summary>The 56 bytes carried along a long text.</summary>
    private struct State
    {
        private ulong _x, _y, _z;
        private (ulong First, ulong Second) _v, _w;

        internal State(ulong seedLow, ulong seedHigh, ReadOnlySpan<byte> s)
        {
            (_x, _y, _z) = (seedLow, seedHigh, (ulong)s.Length * K1);
            _v.First = (Rotate(_y ^ K1, 49) * K1) + Fetch(s, 0);
            _v.Second = (Rotate(_v.First, 42) * K1) + Fetch(s, 8);
            _w.First = (Rotate(_y + _z, 35) * K1) + _x;
            _w.Second = Rotate(_x + Fetch(s, 88), 53) * K1;
        }

        /// <summary>Takes in 64 bytes.</summary>
        internal void Mix(ReadOnlySpan<byte> s)
        {
            _x = Rotate(_x + _y + _v.First + Fetch(s, 16), 37) * K1;
            _y = Rotate(_y + _v.Second + Fetch(s, 48), 42) * K1;
            _x ^= _w.Second;
            _y ^= _v.First;
            _z = Rotate(_z ^ _w.First, 33);
            _v = Weak32(s, _v.Second * K1, _x + _w.First);
            _w = Weak32(s[32..], _z + _w.Second, _y);
            (_z, _x) = (_x, _z);
        }

        /// <summary>Takes in the rest, in steps of 32 bytes from the end, and folds all to 128 bits.</summary>
        internal (ulong Low, ulong High) Finish(ReadOnlySpan<byte> s, int rest)
        {
            _y += (Rotate(_w.First, 37) * K0) + _z;
            _x += Rotate(_v.First + _z, 49) * K0;
            for (var done = 32; done < rest + 32; done += 32)
            {
                var tail = s[(s.Length - done)..];
                _y = (Rotate(_y - _x, 42) * K0) + _v.Second;
                _w.First += Fetch(tail, 16);
                _x = (Rotate(_x, 49) * K0) + _w.First;
                _w.First += _v.First;
                _v = Weak32(tail, _v.First, _v.Second);
            }
            _x = Fold(_x, _v.First);
            _y = Fold(_y, _w.First);
            return (Fold(_x + _v.Second, _w.Second) + _y, Fold(_x + _w.Second, _y + _v.Second));
        }
    }

    private static (ulong Low, ulong High) Murmur(ReadOnlySpan<byte> s, ulong a, ulong b)
    {
        ulong c, d;
        if (s.Length <= 16)
        {
            a = Shift(a * K1) * K1;
            c = (b * K1) + UpTo16(s);
            d = Shift(a + (s.Length >= 8 ? Fetch(s, 0) : c));
        }
        else
        {
            c = Fold(Fetch(s, s.Length - 8) + K1, a);
            d = Fold(b + (ulong)s.Length, c + Fetch(s, s.Length - 16));
            a += d;
            for (var at = 0; at < s.Length - 16; at += 16)
            {
                a = (a ^ (Shift(Fetch(s, at) * K1) * K1)) * K1;
                b ^= a;
                c = (c ^ (Shift(Fetch(s, at + 8) * K1) * K1)) * K1;
                d ^= c;
            }
        }
        a = Fold(a, c);
        b = Fold(d, b);
        return (a ^ b, Fold(b, a));
    }

    private static ulong UpTo16(ReadOnlySpan<byte> s)
    {
        var length = (ulong)s.Length;
        switch (s.Length)
        {
            case > 8:
                var last = Fetch(s, s.Length - 8);
                return Fold(Fetch(s, 0), Rotate(last + length, s.Length)) ^ last;
            case >= 4:
                ulong first = BinaryPrimitives.ReadUInt32LittleEndian(s);
                return Fold(length + (first << 3), BinaryPrimitives.ReadUInt32LittleEndian(s[^4..]));
            case > 0:
                var y = s[0] + ((uint)s[s.Length >> 1] << 8);
                var z = (uint)s.Length + ((uint)s[^1] << 2);
                return Shift((y * K2) ^ (z * K3)) * K2;
            default:
                return K2;
        }
    }

    private static (ulong, ulong) Weak32(ReadOnlySpan<byte> s, ulong a, ulong b)
    {
        a += Fetch(s, 0);
        b = Rotate(b + a + Fetch(s, 24), 21);
        var c = a;
        a += Fetch(s, 8) + Fetch(s, 16);
        b += Rotate(a, 44);
        return (a + Fetch(s, 24), b + c);
    }

    private static ulong Fold(ulong low, ulong high)
    {
        var a = Shift((low ^ high) * Mul);
        return Shift((high ^ a) * Mul) * Mul;
    }

    private static ulong Fetch(ReadOnlySpan<byte> s, int at) => BinaryPrimitives.ReadUInt64LittleEndian(s[at..]);

    private static ulong Rotate(ulong value, int by) => BitOperations.RotateRight(value, by);

    private static ulong Shift(ulong value) => value ^ (value >> 47);
}
