namespace Lambda.Domain.Events;

/// <summary>Units of time and the UTC day they fall on. Nothing here reads a clock.</summary>
public static class Clock
{
    public const long MicrosPerMs = 1_000;
    public const long MsPerDay = 86_400_000;
    public const long MicrosPerDay = MsPerDay * MicrosPerMs;

    /// <summary>UTC day (days since 1970-01-01) of an instant in microseconds; floors, so instants before 1970 fall on negative days.</summary>
    public static int DayOf(long micros)
    {
        var day = micros / MicrosPerDay;
        return (int)(micros % MicrosPerDay < 0 ? day - 1 : day);
    }

    public static int DayOfMs(long ms) => DayOf(ms * MicrosPerMs);
}
