using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>
/// The forms in which a declared (uncatalogued) field is read. Anything else is null: no guess, and the same in both compilers.
/// int64: a JSON number `-?digits` (at most 19 of them) within int64. decimal: `-?digits` (at most 32) with at most 6 digits behind a point. day: text `YYYY-MM-DD`.
/// instant: text `YYYY-MM-DDTHH:MM:SS[.1–6 digits]Z`. Days lie in 1900-01-01 … 2299-12-31.
/// </summary>
public static class DeclaredForms
{
    public const int FirstDay = -25567; // 1900-01-01
    public const int LastDay = 120529; // 2299-12-31

    public static bool TryInt64(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        var negative = text.Length > 0 && text[0] == '-';
        var digits = negative ? text[1..] : text;
        if (digits.Length is 0 or > 19 || !TryDigits(digits, out var number)) return false;
        number = negative ? -number : number;
        value = (long)number;
        return number >= long.MinValue && number <= long.MaxValue;
    }

    public static bool TryDecimal(ReadOnlySpan<byte> text, out Int128 scaled)
    {
        scaled = 0;
        var negative = text.Length > 0 && text[0] == '-';
        if (negative) text = text[1..];
        var point = text.IndexOf((byte)'.');
        var whole = point < 0 ? text : text[..point];
        var behind = point < 0 ? default : text[(point + 1)..];
        if (whole.Length is 0 or > 32 || (point >= 0 && behind.Length is 0 or > 6)) return false;
        if (!TryDigits(whole, out var units) || !TryDigits(behind, out var rest)) return false;
        for (var i = behind.Length; i < 6; i++) rest *= 10;
        scaled = units * DecimalMath.One + rest;
        if (negative) scaled = -scaled;
        return true;
    }

    public static bool TryDay(ReadOnlySpan<byte> text, out long day)
    {
        day = 0;
        if (text.Length != 10 || text[4] != '-' || text[7] != '-') return false;
        if (!TryDigits(text[..4], out var year) || !TryDigits(text[5..7], out var month) || !TryDigits(text[8..], out var date)) return false;
        if (year < 1900 || year > 2299 || month < 1 || month > 12 || date < 1 || date > DateTime.DaysInMonth((int)year, (int)month)) return false;
        day = new DateOnly((int)year, (int)month, (int)date).DayNumber - UnixEpochDayNumber;
        return true;
    }

    public static bool TryInstant(ReadOnlySpan<byte> text, out long micros)
    {
        micros = 0;
        if (text.Length is < 20 or > 27 || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[^1] != 'Z') return false;
        if (!TryDay(text[..10], out var day) || !TryDigits(text[11..13], out var hour) || !TryDigits(text[14..16], out var minute) || !TryDigits(text[17..19], out var second)) return false;
        if (hour > 23 || minute > 59 || second > 59 || !TryFraction(text[19..^1], out var fraction)) return false;
        micros = day * Clock.MicrosPerDay + (long)(hour * 3600 + minute * 60 + second) * 1_000_000 + fraction;
        return true;
    }

    /// <summary>Days since 1970-01-01 as a date; day must lie in <see cref="FirstDay"/> … <see cref="LastDay"/>.</summary>
    public static DateOnly DateOf(int day) => DateOnly.FromDayNumber(day + UnixEpochDayNumber);

    private static readonly int UnixEpochDayNumber = new DateOnly(1970, 1, 1).DayNumber;

    private static bool TryFraction(ReadOnlySpan<byte> text, out long micros)
    {
        micros = 0;
        if (text.Length == 0) return true;
        if (text[0] != '.' || text.Length == 1 || !TryDigits(text[1..], out var digits)) return false;
        for (var i = text.Length - 1; i < 6; i++) digits *= 10;
        micros = (long)digits;
        return true;
    }

    private static bool TryDigits(ReadOnlySpan<byte> text, out Int128 number)
    {
        number = 0;
        foreach (var digit in text)
        {
            if (digit is < (byte)'0' or > (byte)'9') return false;
            number = number * 10 + (digit - '0');
        }
        return true;
    }
}
