using System.Globalization;

namespace Lambda.Cluster.Options;

/// <summary>UTC times of a day, at least one, ascending.</summary>
public sealed class DailyTimes : IEquatable<DailyTimes>
{
    private const string Format = "HH:mm";
    private readonly TimeOnly[] _times;

    public DailyTimes(params IEnumerable<TimeOnly> times) => _times = [.. times.Distinct().Order()];

    /// <exception cref="FormatException">It is none; says what was expected.</exception>
    public static DailyTimes Parse(string text) => new(text.Split(',', StringSplitOptions.TrimEntries).Select(t => TimeOnly.TryParseExact(t, Format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
        ? time
        : throw new FormatException("UTC times as HH:MM with commas between several, or none")));

    /// <summary>The first of them behind now.</summary>
    public DateTimeOffset After(DateTimeOffset now)
    {
        var midnight = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        return _times.Select(time => midnight + time.ToTimeSpan()).Select(today => today > now ? today : today.AddDays(1)).Min();
    }

    public override string ToString() => string.Join(", ", _times.Select(t => t.ToString(Format, CultureInfo.InvariantCulture)));

    public bool Equals(DailyTimes? other) => other is not null && _times.AsSpan().SequenceEqual(other._times);

    public override bool Equals(object? obj) => Equals(obj as DailyTimes);

    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);
}
