using System.Globalization;

namespace Lambda.Domain.Events;

/// <summary>Decimals with six places, kept as value × 10^6, as text. Exact: no floating point.</summary>
public static class Decimals
{
    public const int Places = 6;
    public const int Scale = 1_000_000;
    public const int MaxBytes = 48;

    /// <summary>Shortest exact text: `-12.5`, `3`, `0.000001`. Returns the bytes written; <paramref name="to"/> holds at least <see cref="MaxBytes"/>.</summary>
    public static int Format(Int128 scaled, Span<byte> to)
    {
        var at = 0;
        var magnitude = scaled < 0 ? (UInt128)(-scaled) : (UInt128)scaled;
        if (scaled < 0) to[at++] = (byte)'-';
        var whole = magnitude / Scale;
        var fraction = (uint)(magnitude - whole * Scale);
        whole.TryFormat(to[at..], out var written, default, CultureInfo.InvariantCulture);
        at += written;
        if (fraction == 0) return at;
        to[at++] = (byte)'.';
        for (var unit = Scale / 10u; fraction != 0; unit /= 10)
        {
            to[at++] = (byte)('0' + fraction / unit);
            fraction %= unit;
        }
        return at;
    }
}
