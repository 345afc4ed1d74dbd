using System.Globalization;

namespace Lambda.Domain.Events;

public enum NumberError : byte { None, NotANumber, TooManyDecimals, TooLarge }

/// <summary>Decimal text, exactly: to integers of a given number of places and back. No floating point, no allocation.</summary>
public static class Decimals
{
    public const int Places = 6;
    public const int Scale = 1_000_000;
    public const int MaxBytes = 48;

    /// <summary>Most digits of a scaled value: decimal(38,6).</summary>
    public const int MaxDigits = 38;

    private const int ExponentCap = 1_000_000; // beyond any text that fits a line; keeps the arithmetic below in int

    /// <summary>
    /// A number as JSON writes it (`12.30`, `1e2`, `-0.5`) to value × 10^<paramref name="places"/>. The decimals are those written, less the exponent:
    /// `12.500` has three, `1e2` none, `15e-1` one. More than <paramref name="places"/> are an error even if they are zeros.
    /// </summary>
    public static NumberError Parse(ReadOnlySpan<byte> text, int places, out Int128 scaled) => Parse(text, places, round: false, out scaled);

    /// <summary>As <see cref="Parse(ReadOnlySpan{byte}, int, out Int128)"/>, but what is beyond the places is rounded half-even: for measures such as coordinates, never for money.</summary>
    public static NumberError ParseRounded(ReadOnlySpan<byte> text, int places, out Int128 scaled) => Parse(text, places, round: true, out scaled);

    /// <summary>Shortest exact text of value × 10^6: `-12.5`, `3`, `0.000001`. Returns the bytes written; <paramref name="to"/> holds at least <see cref="MaxBytes"/>.</summary>
    public static int Format(Int128 scaled, Span<byte> to) => Format(scaled, Places, to);

    /// <summary>Shortest exact text of value × 10^<paramref name="places"/> (at most 9).</summary>
    public static int Format(Int128 scaled, int places, Span<byte> to)
    {
        var at = 0;
        var magnitude = scaled < 0 ? (UInt128)(-scaled) : (UInt128)scaled;
        if (scaled < 0) to[at++] = (byte)'-';
        var unit = 1u;
        for (var i = 0; i < places; i++) unit *= 10;
        var (whole, fraction) = UInt128.DivRem(magnitude, unit);
        whole.TryFormat(to[at..], out var written, default, CultureInfo.InvariantCulture);
        at += written;
        if (fraction == 0) return at;
        to[at++] = (byte)'.';
        var rest = (uint)fraction;
        for (unit /= 10; rest != 0; unit /= 10)
        {
            to[at++] = (byte)('0' + rest / unit);
            rest %= unit;
        }
        return at;
    }

    private static NumberError Parse(ReadOnlySpan<byte> text, int places, bool round, out Int128 scaled)
    {
        scaled = 0;
        if (!TrySplit(text, out var shape)) return NumberError.NotANumber;
        var decimals = shape.Fraction - shape.Exponent;
        var keep = shape.Digits;
        if (decimals > places)
        {
            if (!round) return NumberError.TooManyDecimals;
            keep -= decimals - places;
        }
        if (!TryAccumulate(text, shape, keep, out var magnitude, out var up)) return NumberError.TooLarge;
        if (up) magnitude++;
        for (var i = decimals; i < places && magnitude != 0; i++)
        {
            if (magnitude >= Limit / 10) return NumberError.TooLarge;
            magnitude *= 10;
        }
        if (magnitude >= Limit) return NumberError.TooLarge;
        scaled = shape.Negative ? -(Int128)magnitude : (Int128)magnitude;
        return NumberError.None;
    }

    private static readonly UInt128 Limit = UInt128.Parse("1" + new string('0', MaxDigits), CultureInfo.InvariantCulture);

    /// <param name="Start">Where the digits begin.</param>
    /// <param name="Digits">How many, before and behind the point together.</param>
    /// <param name="Fraction">How many of them behind the point.</param>
    private readonly record struct Shape(bool Negative, int Start, int Digits, int Fraction, int Exponent);

    /// <summary>JSON's grammar: -? (0 | [1-9][0-9]*) (.[0-9]+)? ([eE][+-]?[0-9]+)?</summary>
    private static bool TrySplit(ReadOnlySpan<byte> text, out Shape shape)
    {
        shape = default;
        var negative = text.Length > 0 && text[0] == '-';
        var start = negative ? 1 : 0;
        var whole = CountDigits(text[start..]);
        if (whole == 0 || (whole > 1 && text[start] == '0')) return false;
        var at = start + whole;
        var fraction = 0;
        if (at < text.Length && text[at] == '.')
        {
            fraction = CountDigits(text[(at + 1)..]);
            if (fraction == 0) return false;
            at += 1 + fraction;
        }
        var exponent = 0;
        if (at < text.Length && (text[at] | 0x20) == 'e')
        {
            var minus = ++at < text.Length && text[at] == '-';
            if (at < text.Length && text[at] is (byte)'-' or (byte)'+') at++;
            var count = CountDigits(text[at..]);
            if (count == 0) return false;
            foreach (var digit in text.Slice(at, count)) exponent = Math.Min(exponent * 10 + (digit - '0'), ExponentCap);
            if (minus) exponent = -exponent;
            at += count;
        }
        shape = new Shape(negative, start, whole + fraction, fraction, exponent);
        return at == text.Length;
    }

    /// <summary>The first <paramref name="keep"/> digits as a number; <paramref name="up"/> when the rest rounds half-even up.</summary>
    private static bool TryAccumulate(ReadOnlySpan<byte> text, Shape shape, int keep, out UInt128 magnitude, out bool up)
    {
        magnitude = 0;
        up = false;
        ulong small = 0; // UInt128 arithmetic is slow: the first 18 digits go here
        int used = 0, firstDropped = 0;
        var tail = false;
        for (var i = 0; i < shape.Digits; i++)
        {
            var wholes = shape.Digits - shape.Fraction;
            var digit = (uint)(text[shape.Start + i + (i >= wholes ? 1 : 0)] - '0');
            if (i == keep) firstDropped = (int)digit;
            else if (i > keep) tail |= digit != 0;
            else if (used < 18)
            {
                small = small * 10 + digit;
                magnitude = small;
                if (small != 0) used++;
            }
            else if (++used > MaxDigits) return false;
            else magnitude = magnitude * 10 + digit;
        }
        up = keep >= 0 && (firstDropped > 5 || (firstDropped == 5 && (tail || !UInt128.IsEvenInteger(magnitude))));
        return true;
    }

    private static int CountDigits(ReadOnlySpan<byte> text)
    {
        var count = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return count < 0 ? text.Length : count;
    }
}
