using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Sources;

namespace Lambda.SpeedLayer.Polling;

/// <summary>Holds items against the fields that were described, and gives them their event id. Details name types, never values: those are personal.</summary>
internal sealed partial class ItemReader(PolledSource source)
{
    /// <summary>Names of fields that are told of; others of that kind are only kept in their events.</summary>
    private const int NewFieldsMax = 100;

    private readonly HashSet<string> _known = [.. source.Fields.Keys, .. source.Fields.Keys.Select(f => f.Split('.')[0])];

    /// <summary>Described fields of a wrong type or missing; default when all are right.</summary>
    public Rejection Check(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object) return new Rejection("", Reasons.NotAnObject, $"{Kind(item)}, expected an object");
        foreach (var (name, type) in source.Fields)
        {
            var value = item.At(name);
            if (value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            {
                if (!type.MayLack) return new Rejection(name, Reasons.MissingField, $"missing or null, expected {type.Kind}");
            }
            else if (!Is(type.Kind, value)) return new Rejection(name, Reasons.WrongType, $"{Kind(value)}, expected {type.Kind}");
        }
        return default;
    }

    /// <summary>Fields nobody described, that are not in <paramref name="told"/> yet; none when no fields are described at all.</summary>
    public IEnumerable<string> NewFields(JsonElement item, IReadOnlyCollection<string> told) => source.Fields.Count == 0 || item.ValueKind != JsonValueKind.Object
        ? []
        : item.EnumerateObject().Select(NameOf).Where(f => !_known.Contains(f) && !told.Contains(f) && Printable().IsMatch(f)).Take(Math.Max(0, NewFieldsMax - told.Count));

    /// <returns>Null when the items have ids of their own.</returns>
    public string? EventId(JsonElement item, out Rejection why)
    {
        why = default;
        if (source.EventId is null) return null;
        var id = new StringBuilder();
        var at = 0;
        foreach (Match place in Place().Matches(source.EventId))
        {
            id.Append(source.EventId, at, place.Index - at);
            at = place.Index + place.Length;
            var name = place.Groups[1].Value;
            var value = name == "source" ? default : item.At(name);
            var text = name == "source" ? source.Name : value.TextOrNumber();
            if (text is null)
            {
                why = value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null
                    ? new Rejection(name, Reasons.MissingField, "missing or null, but event_id is made of it")
                    : new Rejection(name, Reasons.WrongType, $"{Kind(value)}, but event_id is made of it");
                return null;
            }
            id.Append(text);
        }
        return id.Append(source.EventId, at, source.EventId.Length - at).ToString();
    }

    private static string NameOf(JsonProperty field)
    {
        try
        {
            return field.Name;
        }
        catch (InvalidOperationException)
        {
            return ""; // no UTF-8: the event's parser will say so
        }
    }

    private static bool Is(string kind, JsonElement value) => kind switch
    {
        "string" => value.ValueKind == JsonValueKind.String,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "number" => value.ValueKind == JsonValueKind.Number,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "time" => value.ValueKind == JsonValueKind.String && DateTimeOffset.TryParse(value.TextOrNumber(), CultureInfo.InvariantCulture, out _),
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        _ => true,
    };

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Number => "number",
        var kind => kind.ToString().ToLowerInvariant(),
    };

    [GeneratedRegex(@"\{([^{}]+)\}")]
    internal static partial Regex Place();

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_.-]{0,63}$")]
    private static partial Regex Printable(); // a map keyed by e-mail address is no set of field names
}
