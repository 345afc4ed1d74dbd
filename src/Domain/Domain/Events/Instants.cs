namespace Lambda.Domain.Events;

public enum InstantError : byte { None, NotRfc3339, NoOffset, NoSuchTime, LeapSecond }

/// <summary>RFC 3339 instants and ISO days as UTF-8 text, without allocation and without a culture.</summary>
public static class Instants
{
    /// <summary>`YYYY-MM-DDTHH:MM:SS.ffffffZ`.</summary>
    public const int MaxBytes = 27;

    public const int DayBytes = 10;

    /// <summary>0001-01-01 and 9999-12-31 as days since 1970-01-01: what four digits of year can say.</summary>
    public const int MinDay = -719_162, MaxDay = 2_932_896;

    /// <summary>
    /// RFC 3339 with an offset (`Z` or `±hh:mm`) to UTC microseconds. Digits behind the sixth of a fraction are cut off. A leap second (`:60`) is refused:
    /// no count of microseconds tells it from its neighbour.
    /// </summary>
    public static InstantError Parse(ReadOnlySpan<byte> text, out long micros)
    {
        micros = 0;
        if (text.Length < 19 || text[10] is not ((byte)'T' or (byte)'t' or (byte)' ') || text[13] != ':' || text[16] != ':') return InstantError.NotRfc3339;
        int hour = Two(text, 11), minute = Two(text, 14), second = Two(text, 17);
        if ((hour | minute | second) < 0) return InstantError.NotRfc3339;
        var error = ParseDay(text[..DayBytes], out var day);
        if (error != InstantError.None) return error;
        if (second == 60) return InstantError.LeapSecond;
        if (hour > 23 || minute > 59 || second > 59) return InstantError.NoSuchTime;
        var at = 19;
        var fraction = 0;
        if (at < text.Length && text[at] == '.' && !TryFraction(text, ref at, out fraction)) return InstantError.NotRfc3339;
        error = ParseOffset(text[at..], out var offsetMinutes);
        if (error != InstantError.None) return error;
        micros = day * Clock.MicrosPerDay + (hour * 3600 + minute * 60 + second - offsetMinutes * 60) * 1_000_000L + fraction;
        return InstantError.None;
    }

    /// <summary>`YYYY-MM-DD` to days since 1970-01-01; years 1..9999.</summary>
    public static InstantError ParseDay(ReadOnlySpan<byte> text, out int day)
    {
        day = 0;
        if (text.Length != DayBytes || text[4] != '-' || text[7] != '-') return InstantError.NotRfc3339;
        int century = Two(text, 0), rest = Two(text, 2), month = Two(text, 5), dayOfMonth = Two(text, 8);
        if ((century | rest | month | dayOfMonth) < 0) return InstantError.NotRfc3339;
        var year = century * 100 + rest;
        if (year == 0 || month is 0 or > 12 || dayOfMonth == 0 || (dayOfMonth > 28 && dayOfMonth > DateTime.DaysInMonth(year, month))) return InstantError.NoSuchTime;
        day = DaysFromCivil(year, month, dayOfMonth);
        return InstantError.None;
    }

    /// <summary>UTC, with three or six fraction digits only where they are not zero. Returns the bytes written.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the years 1..9999.</exception>
    public static int Format(long micros, Span<byte> to)
    {
        var day = Clock.DayOf(micros);
        FormatDay(day, to);
        var rest = micros - day * Clock.MicrosPerDay;
        var seconds = (int)(rest / 1_000_000);
        var fraction = (int)(rest % 1_000_000);
        to[10] = (byte)'T';
        Digits(to[11..], seconds / 3600, 2);
        to[13] = (byte)':';
        Digits(to[14..], seconds / 60 % 60, 2);
        to[16] = (byte)':';
        Digits(to[17..], seconds % 60, 2);
        var at = 19;
        if (fraction != 0)
        {
            var places = fraction % 1000 == 0 ? 3 : 6;
            to[at] = (byte)'.';
            Digits(to[(at + 1)..], places == 3 ? fraction / 1000 : fraction, places);
            at += 1 + places;
        }
        to[at] = (byte)'Z';
        return at + 1;
    }

    /// <summary>`YYYY-MM-DD`; returns 10.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the years 1..9999.</exception>
    public static int FormatDay(int day, Span<byte> to)
    {
        if (day is < MinDay or > MaxDay) throw new ArgumentOutOfRangeException(nameof(day), day, "outside the years 1..9999");
        var date = DateOnly.FromDayNumber(day - MinDay);
        Digits(to, date.Year, 4);
        to[4] = (byte)'-';
        Digits(to[5..], date.Month, 2);
        to[7] = (byte)'-';
        Digits(to[8..], date.Day, 2);
        return DayBytes;
    }

    private static bool TryFraction(ReadOnlySpan<byte> text, ref int at, out int micros)
    {
        micros = 0;
        var digits = 0;
        for (at++; at < text.Length && (uint)(text[at] - '0') <= 9; at++, digits++)
            if (digits < 6) micros = micros * 10 + (text[at] - '0');
        for (var i = digits; i < 6; i++) micros *= 10;
        return digits > 0;
    }

    private static InstantError ParseOffset(ReadOnlySpan<byte> text, out int minutes)
    {
        minutes = 0;
        if (text.IsEmpty) return InstantError.NoOffset;
        if (text.Length == 1 && (text[0] | 0x20) == 'z') return InstantError.None;
        if (text.Length != 6 || text[0] is not ((byte)'+' or (byte)'-') || text[3] != ':') return InstantError.NotRfc3339;
        int hours = Two(text, 1), rest = Two(text, 4);
        if ((hours | rest) < 0) return InstantError.NotRfc3339;
        if (hours > 23 || rest > 59) return InstantError.NoSuchTime;
        minutes = (hours * 60 + rest) * (text[0] == '-' ? -1 : 1);
        return InstantError.None;
    }

    /// <summary>Two digits, or a negative number when they are not digits.</summary>
    private static int Two(ReadOnlySpan<byte> text, int at)
    {
        int tens = text[at] - '0', ones = text[at + 1] - '0';
        return (uint)tens <= 9 && (uint)ones <= 9 ? tens * 10 + ones : -1;
    }

    /// <summary>Howard Hinnant's days_from_civil, for years ≥ 1.</summary>
    private static int DaysFromCivil(int year, int month, int day)
    {
        if (month <= 2) year--;
        var era = year / 400;
        var yearOfEra = year - era * 400;
        var dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468;
    }

    private static void Digits(Span<byte> to, int value, int count)
    {
        for (var i = count - 1; i >= 0; i--, value /= 10) to[i] = (byte)('0' + value % 10);
    }
}
