using System.Buffers.Text;

namespace Lambda.SpeedLayer.Generation;

/// <summary>Ids and other short texts, built in one buffer: each lives until the next is made.</summary>
internal sealed class Texts(ulong seed)
{
    private readonly byte[] _text = new byte[128];
    private readonly ulong _idSeed = Xoshiro.Mix(seed ^ 0x1D);
    private int _length;

    /// <summary>`c00001234`.</summary>
    internal static ReadOnlySpan<byte> CustomerIdOf(int customer, Span<byte> to)
    {
        to[0] = (byte)'c';
        Utf8Formatter.TryFormat(customer, to[1..], out var length, new('D', 8));
        return to[..(length + 1)];
    }

    /// <summary>Unique, because Mix is a bijection; a letter first, so that it is never taken for a card number.</summary>
    internal ReadOnlySpan<byte> EventIdOf(ulong number) => Hex('e', Xoshiro.Mix(_idSeed + number));

    internal ReadOnlySpan<byte> DeviceOf(int customer) => Hex('d', Xoshiro.Mix(seed ^ (ulong)customer * 7919));

    internal ReadOnlySpan<byte> Hex(char prefix, ulong value)
    {
        _text[0] = (byte)prefix;
        Utf8Formatter.TryFormat(value, _text.AsSpan(1), out var length, new('x', 16));
        return _text.AsSpan(0, length + 1);
    }

    internal ReadOnlySpan<byte> Id(char prefix, int number)
    {
        _text[0] = (byte)prefix;
        Utf8Formatter.TryFormat(number, _text.AsSpan(1), out var length);
        return _text.AsSpan(0, length + 1);
    }

    internal ReadOnlySpan<byte> Written => _text.AsSpan(0, _length);

    internal void Clear() => _length = 0;

    internal void Add(byte b) => _text[_length++] = b;

    internal void Add(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_text.AsSpan(_length));
        _length += bytes.Length;
    }

    internal void Add(int number)
    {
        Utf8Formatter.TryFormat(number, _text.AsSpan(_length), out var length);
        _length += length;
    }
}
