using System.Globalization;
using System.Text.Json;

namespace Lambda.SystemTests.Http;

/// <summary>As much of JSON Schema as our own description uses; a keyword it does not know fails, so that nothing is checked in name only.</summary>
internal sealed class JsonSchema(JsonElement document)
{
    private static readonly HashSet<string> Notes = ["description", "examples", "x-pii", "discriminator"];

    /// <summary>What is wrong, with the path of each; empty when it fits.</summary>
    public List<string> Check(string schemaName, JsonElement value)
    {
        var errors = new List<string>();
        Check(document.GetProperty("components").GetProperty("schemas").GetProperty(schemaName), value, "$", errors);
        return errors;
    }

    private void Check(JsonElement schema, JsonElement value, string at, List<string> errors)
    {
        foreach (var keyword in schema.EnumerateObject())
            switch (keyword.Name)
            {
                case "$ref": Check(Resolve(keyword.Value.GetString()!), value, at, errors); break;
                case "type": CheckType(keyword.Value, value, at, errors); break;
                case "enum": Require(keyword.Value.EnumerateArray().Any(e => e.GetString() == value.GetString()), "is not in the enum"); break;
                case "const": Require(keyword.Value.GetString() == value.GetString(), $"is not {keyword.Value}"); break;
                case "required": CheckRequired(keyword.Value, value, at, errors); break;
                case "properties": CheckProperties(schema, keyword.Value, value, at, errors); break;
                case "additionalProperties": break; // with properties
                case "items": CheckItems(keyword.Value, value, at, errors); break;
                case "oneOf": Require(keyword.Value.EnumerateArray().Count(s => Fits(s, value)) == 1, "does not fit exactly one"); break;
                case "anyOf": Require(keyword.Value.EnumerateArray().Any(s => Fits(s, value)), "fits none"); break;
                case "format": Require(HasFormat(keyword.Value.GetString()!, value), $"is not a {keyword.Value}"); break;
                case "minimum": Require(value.GetDecimal() >= keyword.Value.GetDecimal(), "is too small"); break;
                case "maximum": Require(value.GetDecimal() <= keyword.Value.GetDecimal(), "is too large"); break;
                case "minLength": Require(value.GetString()!.Length >= keyword.Value.GetInt32(), "is too short"); break;
                case "maxLength": Require(value.GetString()!.Length <= keyword.Value.GetInt32(), "is too long"); break;
                default: Require(Notes.Contains(keyword.Name), $"unknown keyword {keyword.Name}"); break;
            }

        void Require(bool ok, string what)
        {
            if (!ok) errors.Add($"{at}: {value.GetRawText()} {what}");
        }
    }

    private bool Fits(JsonElement schema, JsonElement value)
    {
        var errors = new List<string>();
        Check(schema, value, "", errors);
        return errors.Count == 0;
    }

    private JsonElement Resolve(string reference) => reference.Split('/').Skip(1).Aggregate(document, (node, name) => node.GetProperty(name));

    private static void CheckType(JsonElement type, JsonElement value, string at, List<string> errors)
    {
        var types = type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().Select(t => t.GetString()!) : [type.GetString()!];
        if (!types.Any(t => Is(t, value))) errors.Add($"{at}: {value.GetRawText()} is not {type}");
    }

    private static bool Is(string type, JsonElement value) => type switch
    {
        "null" => value.ValueKind == JsonValueKind.Null,
        "string" => value.ValueKind == JsonValueKind.String,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "array" => value.ValueKind == JsonValueKind.Array,
        "object" => value.ValueKind == JsonValueKind.Object,
        _ => false,
    };

    private static void CheckRequired(JsonElement required, JsonElement value, string at, List<string> errors)
    {
        foreach (var name in required.EnumerateArray())
            if (value.ValueKind == JsonValueKind.Object && !value.TryGetProperty(name.GetString()!, out _)) errors.Add($"{at}: {name} is missing");
    }

    private void CheckProperties(JsonElement schema, JsonElement properties, JsonElement value, string at, List<string> errors)
    {
        if (value.ValueKind != JsonValueKind.Object) return;
        foreach (var property in value.EnumerateObject())
            if (properties.TryGetProperty(property.Name, out var known)) Check(known, property.Value, $"{at}.{property.Name}", errors);
            else if (schema.TryGetProperty("additionalProperties", out var more) && more.ValueKind == JsonValueKind.False) errors.Add($"{at}: {property.Name} is not described");
    }

    private void CheckItems(JsonElement items, JsonElement value, string at, List<string> errors)
    {
        if (value.ValueKind != JsonValueKind.Array) return;
        foreach (var (i, item) in value.EnumerateArray().Index()) Check(items, item, $"{at}[{i}]", errors);
    }

    private static bool HasFormat(string format, JsonElement value) => value.ValueKind == JsonValueKind.Null || format switch
    {
        "int64" => value.TryGetInt64(out _),
        "date" => DateOnly.TryParseExact(value.GetString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "date-time" => value.GetString()!.Contains('T') && DateTimeOffset.TryParse(value.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        _ => false,
    };
}
