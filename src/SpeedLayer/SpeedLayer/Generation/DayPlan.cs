using Lambda.Domain.Events;

namespace Lambda.SpeedLayer.Generation;

/// <summary>How many events fall on which day of the span, and at which time the k-th of a day happens. Integers only.</summary>
internal sealed class DayPlan
{
    private static readonly int[] Weekdays = [102, 115, 120, 75, 95, 95, 98]; // Thursday first: 1970-01-01 was one
    private static readonly int[] HoursBefore = Cumulate(World.Hours);
    private const long MicrosPerHour = 3_600_000_000;

    private readonly long[] _weightBefore; // [d] = weight of the days before day d of the span
    private readonly long _lastMass; // of the last day, which may be cut by the end
    private readonly long _events;

    internal DayPlan(int days, long events, long endMicros)
    {
        _events = events;
        FirstDay = Clock.DayOf(endMicros) - days + 1;
        _lastMass = Math.Max(MassAt(endMicros - Clock.DayOf(endMicros) * Clock.MicrosPerDay), 1);
        _weightBefore = new long[days + 1];
        for (var d = 0; d < days; d++)
            _weightBefore[d + 1] = _weightBefore[d] + Weekdays[(FirstDay + d) % 7 is var w and < 0 ? w + 7 : (FirstDay + d) % 7] * MassOf(d, days);
        Days = days;
    }

    internal int FirstDay { get; }
    internal int Days { get; }

    internal long EventsOn(int day) => Share(day + 1) - Share(day);

    /// <summary>Microseconds since 1970 of the k-th of a day's events.</summary>
    internal long TimeOf(int day, long k, long of)
    {
        var mass = (long)((Int128)MassOf(day, Days) * (2 * k + 1) / (2 * of));
        var hour = 0;
        while (hour < 23 && HoursBefore[hour + 1] * MicrosPerHour <= mass) hour++;
        var within = (mass - HoursBefore[hour] * MicrosPerHour) / World.Hours[hour];
        return (FirstDay + day) * Clock.MicrosPerDay + hour * MicrosPerHour + within;
    }

    /// <summary>True when the whole day lies in the span.</summary>
    internal bool IsWhole(int day) => day < Days - 1;

    private long Share(int day) => (long)((Int128)_events * _weightBefore[day] / _weightBefore[Days]);

    private long MassOf(int day, int days) => day == days - 1 ? _lastMass : HoursBefore[24] * MicrosPerHour;

    private static long MassAt(long microsOfDay)
    {
        var hour = (int)(microsOfDay / MicrosPerHour);
        return HoursBefore[hour] * MicrosPerHour + microsOfDay % MicrosPerHour * World.Hours[hour];
    }

    private static int[] Cumulate(int[] values)
    {
        var sums = new int[values.Length + 1];
        for (var i = 0; i < values.Length; i++) sums[i + 1] = sums[i] + values[i];
        return sums;
    }
}
