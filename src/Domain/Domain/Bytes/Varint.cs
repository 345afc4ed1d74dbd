namespace Lambda.Domain.Bytes;

/// <summary>Unsigned LEB128.</summary>
public static class Varint
{
    public const int MaxBytes = 10;

    public static int Write(Span<byte> to, ulong value)
    {
        var i = 0;
        for (; value >= 0x80; value >>= 7) to[i++] = (byte)(value | 0x80);
        to[i++] = (byte)value;
        return i;
    }

    /// <exception cref="InvalidDataException">Longer than ten bytes or cut short.</exception>
    public static ulong Read(ReadOnlySpan<byte> from, out int used)
    {
        ulong value = 0;
        for (var i = 0; i < from.Length && i < MaxBytes; i++)
        {
            value |= (ulong)(from[i] & 0x7f) << (7 * i);
            if (from[i] < 0x80)
            {
                used = i + 1;
                return value;
            }
        }
        throw new InvalidDataException("varint is cut short or too long");
    }
}
