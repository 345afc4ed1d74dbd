using System.Globalization;
using System.Text.Json;
using Lambda.SpeedLayer.Sources;

namespace Lambda.SpeedLayer.Polling;

/// <summary>Order of since-cursors, so that one never goes backwards. Texts are kept in one form of each type.</summary>
internal static class SinceOrder
{
    private const string Kept = "yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'";
    private const string Asked = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"; // cut, not rounded: rather a change again than none

    /// <summary>Null when it is no such value.</summary>
    public static string? Read(SinceType type, JsonElement value) => value.TextOrNumber() is { } text ? Read(type, text) : null;

    public static string? Read(SinceType type, string text) => type switch
    {
        SinceType.Time => Time(text) is { } time ? time.ToString(Kept, CultureInfo.InvariantCulture) : null,
        SinceType.Number => decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number.ToString(CultureInfo.InvariantCulture) : null,
        _ => text.Length > 0 ? text : null,
    };

    /// <summary>The later of two; of opaque ones the one that came last.</summary>
    public static string? Later(SinceType type, string? a, string? b)
    {
        if (a is null || b is null) return a ?? b;
        return type switch
        {
            SinceType.Time => string.CompareOrdinal(a, b) >= 0 ? a : b,
            SinceType.Number => Number(a) >= Number(b) ? a : b,
            _ => b,
        };
    }

    /// <summary>What is asked for: the kept value less the overlap.</summary>
    public static string Before(Since since, string kept) => since.Type switch
    {
        SinceType.Time => Time(kept)!.Value.AddTicks(-Math.Min(since.Overlap, Time(kept)!.Value.Ticks)).ToString(Asked, CultureInfo.InvariantCulture),
        SinceType.Number => (Number(kept) - since.Overlap).ToString(CultureInfo.InvariantCulture),
        _ => kept,
    };

    /// <summary>A time that has not been yet would hide every change until then: now counts instead.</summary>
    public static string? NotLaterThan(SinceType type, string? value, DateTimeOffset now) =>
        type == SinceType.Time && value is not null && Time(value) > now.UtcDateTime ? now.UtcDateTime.ToString(Kept, CultureInfo.InvariantCulture) : value;

    private static DateTime? Time(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time.UtcDateTime : null;

    private static decimal Number(string text) => decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
}
