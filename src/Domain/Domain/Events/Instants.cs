namespace Lambda.Domain.Events;

/// <summary>RFC 3339 instants and ISO days as UTF-8 text, without allocation and without a culture.</summary>
public static class Instants
{
    /// <summary>`YYYY-MM-DDTHH:MM:SS.ffffffZ`.</summary>
    public const int MaxBytes = 27;

    public const int DayBytes = 10;

    /// <summary>0001-01-01 and 9999-12-31 as days since 1970-01-01: what four digits of year can say.</summary>
    public const int MinDay = -719_162, MaxDay = 2_932_896;

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

    private static void Digits(Span<byte> to, int value, int count)
    {
        for (var i = count - 1; i >= 0; i--, value /= 10) to[i] = (byte)('0' + value % 10);
    }
}
