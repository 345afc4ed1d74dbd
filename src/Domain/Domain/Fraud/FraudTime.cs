using Lambda.Domain.Events;

namespace Lambda.Domain.Fraud;

/// <summary>Hours and weekdays in UTC, and spans as features tell them.</summary>
internal static class FraudTime
{
    public const long Second = 1_000_000, Minute = 60 * Second, Hour = 60 * Minute;

    /// <summary>What a feature says when there was no such moment: above every span that can be.</summary>
    public const float Never = 1e6f;

    public static int HourOf(long micros) => (int)((micros - Clock.DayOf(micros) * Clock.MicrosPerDay) / Hour);

    /// <summary>0 is Monday; 1970-01-01 was a Thursday.</summary>
    public static int WeekdayOf(long micros) => ((Clock.DayOf(micros) + 3) % 7 + 7) % 7;

    /// <summary>From <paramref name="then"/> to <paramref name="now"/>; 0 for what lies ahead, <see cref="Never"/> for what never was.</summary>
    public static float Days(long then, long now) => then == long.MinValue ? Never : (float)(Math.Max(0, now - then) / (double)Clock.MicrosPerDay);
}
