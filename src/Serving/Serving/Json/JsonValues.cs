using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;

namespace Lambda.Serving.Json;

/// <summary>
/// Scalars as JSON: int64 and decimal as numbers (the exact decimal text, up to 6 decimals, no trailing zeros), bool, text, day `YYYY-MM-DD`,
/// instant RFC 3339 in UTC with as many decimals as it has (up to microseconds), null for no value.
/// </summary>
public static class JsonValues
{
    private const int MicroDecimals = 6;
    private const long Micro = 1_000_000;

    public static void Write(Utf8JsonWriter to, in Value value)
    {
        if (value.IsNull)
        {
            to.WriteNullValue();
            return;
        }
        switch (value.Type)
        {
            case ScalarType.Int64: to.WriteNumberValue((long)value.Number); break;
            case ScalarType.Decimal: WriteDecimal(to, value.Number); break;
            case ScalarType.Text: to.WriteStringValue(value.Utf8); break;
            case ScalarType.Bool: to.WriteBooleanValue(value.IsTrue); break;
            case ScalarType.Day: WriteDay(to, (int)value.Number); break;
            case ScalarType.Instant: WriteInstant(to, (long)value.Number); break;
            default: throw new UnreachableException($"scalar type {value.Type}");
        }
    }

    /// <summary>value × 10^6 as decimal text.</summary>
    public static void WriteDecimal(Utf8JsonWriter to, Int128 scaled)
    {
        Span<byte> text = stackalloc byte[64];
        var negative = scaled < 0;
        // The magnitude as unsigned: the negation of Int128.MinValue does not fit Int128.
        var magnitude = negative ? (UInt128)(-(scaled + 1)) + 1 : (UInt128)scaled;
        var (whole, fraction) = UInt128.DivRem(magnitude, Micro);
        var n = 0;
        if (negative) text[n++] = (byte)'-';
        whole.TryFormat(text[n..], out var written, default, CultureInfo.InvariantCulture);
        n += written;
        n += WriteFraction(text[n..], (int)fraction);
        to.WriteRawValue(text[..n], skipInputValidation: true);
    }

    public static void WriteDay(Utf8JsonWriter to, int day)
    {
        Span<byte> text = stackalloc byte[16];
        to.WriteStringValue(text[..FormatDay(text, day)]);
    }

    public static void WriteInstant(Utf8JsonWriter to, long micros)
    {
        Span<byte> text = stackalloc byte[40];
        to.WriteStringValue(text[..FormatInstant(text, micros)]);
    }

    /// <summary>`YYYY-MM-DD`; years outside 0..9999 carry a sign, as ISO 8601 has it.</summary>
    public static int FormatDay(Span<byte> to, int day)
    {
        var (year, month, dayOfMonth) = Civil(day);
        var n = 0;
        if (year is < 0 or > 9999) to[n++] = (byte)(year < 0 ? '-' : '+');
        n += Digits(to[n..], Math.Abs(year), Math.Abs(year) > 9999 ? 7 : 4);
        to[n++] = (byte)'-';
        n += Digits(to[n..], month, 2);
        to[n++] = (byte)'-';
        return n + Digits(to[n..], dayOfMonth, 2);
    }

    public static int FormatInstant(Span<byte> to, long micros)
    {
        var day = Clock.DayOf(micros);
        var ofDay = micros - day * Clock.MicrosPerDay;
        var n = FormatDay(to, day);
        var seconds = (int)(ofDay / Micro);
        to[n++] = (byte)'T';
        n += Digits(to[n..], seconds / 3600, 2);
        to[n++] = (byte)':';
        n += Digits(to[n..], seconds / 60 % 60, 2);
        to[n++] = (byte)':';
        n += Digits(to[n..], seconds % 60, 2);
        n += WriteFraction(to[n..], (int)(ofDay % Micro));
        to[n++] = (byte)'Z';
        return n;
    }

    /// <summary>`YYYY-MM-DD`, nothing else.</summary>
    public static bool TryParseDay(string text, out int day)
    {
        day = 0;
        if (!DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)) return false;
        day = date.DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;
        return true;
    }

    /// <summary>Point and digits without trailing zeros; nothing for zero.</summary>
    private static int WriteFraction(Span<byte> to, int micro)
    {
        if (micro == 0) return 0;
        to[0] = (byte)'.';
        Digits(to[1..], micro, MicroDecimals);
        var n = 1 + MicroDecimals;
        while (to[n - 1] == '0') n--;
        return n;
    }

    private static int Digits(Span<byte> to, int value, int count)
    {
        for (var i = count - 1; i >= 0; i--, value /= 10) to[i] = (byte)('0' + value % 10);
        return count;
    }

    /// <summary>Days since 1970-01-01 → civil date, any year. Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.</summary>
    private static (int Year, int Month, int Day) Civil(int day)
    {
        var z = (long)day + 719_468;
        var era = (z >= 0 ? z : z - 146_096) / 146_097;
        var dayOfEra = (int)(z - era * 146_097);
        var yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        var dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        var shifted = (5 * dayOfYear + 2) / 153;
        var month = shifted < 10 ? shifted + 3 : shifted - 9;
        return ((int)(yearOfEra + era * 400) + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1);
    }
}
