using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Lambda.Domain.Events;

namespace Lambda.SpeedLayer.Import;

/// <summary>Writes a row's event as JSON. What the event may hold is judged by the ingress; here only what cannot be read at all is refused.</summary>
public static class EventWriter
{
    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>True when all conditions hold.</summary>
    public static bool Applies(EventTemplate template, RowContext row)
    {
        foreach (var condition in template.Conditions)
            if (condition.Values.Contains(row.Column(condition.Column).Trim()) == condition.Negated) return false;
        return true;
    }

    /// <exception cref="BadRowException">A value cannot be read.</exception>
    public static void Write(Utf8JsonWriter to, EventTemplate template, RowContext row)
    {
        to.WriteStartObject();
        foreach (var rule in template.Fields)
        {
            var text = Translate(rule, rule.Source.Fill(row).Trim());
            if (text is null) continue;
            to.WritePropertyName(rule.Name);
            WriteValue(to, rule, text);
        }
        to.WriteEndObject();
    }

    /// <summary>Null leaves the field out.</summary>
    private static string? Translate(FieldRule rule, string text)
    {
        if (text.Length == 0) return rule.Default;
        if (rule.Values is null) return text;
        if (rule.Values.TryGetValue(text, out var value)) return value;
        return rule.Default ?? throw Bad(rule, text, $"one of {string.Join(", ", rule.Values.Keys)}");
    }

    private static void WriteValue(Utf8JsonWriter to, FieldRule rule, string text)
    {
        if (rule.DecimalComma) text = text.Replace(".", "", StringComparison.Ordinal).Replace(',', '.');
        switch (rule.Type)
        {
            case ScalarType.Instant: to.WriteStringValue(Instant(rule, text)); break;
            case ScalarType.Day: to.WriteStringValue(Day(rule, text)); break;
            case ScalarType.Bool: to.WriteBooleanValue(Bool(rule, text)); break;
            case ScalarType.Int64: to.WriteNumberValue(Whole(rule, text)); break;
            case ScalarType.Decimal: to.WriteRawValue(Number(rule, text)); break;
            default: to.WriteStringValue(text); break;
        }
    }

    private static long Whole(FieldRule rule, string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n : throw Bad(rule, text, "a whole number");

    private static string Number(FieldRule rule, string text) =>
        decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var n)
            ? n.ToString(CultureInfo.InvariantCulture)
            : throw Bad(rule, text, "a decimal number");

    private static bool Bool(FieldRule rule, string text) => text.ToLowerInvariant() switch
    {
        "true" or "1" or "yes" or "y" => true,
        "false" or "0" or "no" or "n" => false,
        _ => throw Bad(rule, text, "true or false"),
    };

    private static string Day(FieldRule rule, string text) =>
        DateOnly.TryParseExact(text, rule.Time?.Format ?? "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? day.AddDays(rule.Time?.Plus.Days ?? 0).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
            : throw Bad(rule, text, $"a day as {rule.Time?.Format ?? "yyyy-MM-dd"}");

    private static string Instant(FieldRule rule, string text) =>
        (InstantOf(rule, text) + (rule.Time?.Plus ?? TimeSpan.Zero)).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);

    private static DateTimeOffset InstantOf(FieldRule rule, string text)
    {
        var format = rule.Time?.Format;
        if (format is "unix" or "unix_ms") return OfUnix(rule, text, format == "unix" ? TimeSpan.TicksPerSecond : TimeSpan.TicksPerMillisecond);
        if (format is null)
            return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var any) && text.Contains('T')
                ? any
                : throw Bad(rule, text, "RFC 3339, or a `format:`");
        if (format.Contains('z') || format.Contains('K'))
            return DateTimeOffset.TryParseExact(text, format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var own) ? own : throw Bad(rule, text, $"a time as {format}");
        if (!DateTime.TryParseExact(text, format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var local)) throw Bad(rule, text, $"a time as {format}");
        var zone = rule.Time!.Zone;
        if (zone.IsInvalidTime(local)) throw Bad(rule, text, $"a time that exists in {zone.Id} (clocks were put forward over it)");
        return new DateTimeOffset(local, zone.GetUtcOffset(local)); // a time that comes twice is taken as standard time
    }

    private static DateTimeOffset OfUnix(FieldRule rule, string text, long ticksPerUnit) =>
        decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var n)
        && Math.Abs(n) * ticksPerUnit < DateTime.MaxValue.Ticks - DateTime.UnixEpoch.Ticks
            ? DateTimeOffset.UnixEpoch.AddTicks((long)(n * ticksPerUnit))
            : throw Bad(rule, text, "seconds (unix) or milliseconds (unix_ms) since 1970");

    private static BadRowException Bad(FieldRule rule, string text, string expected) =>
        new(rule.Source.Columns.FirstOrDefault(rule.Name), $"{rule.Name}: found `{(text.Length <= 100 ? text : text[..100] + "…")}`, expected {expected}");
}
