using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Http;

/// <summary>Small JSON objects as request bodies, read by name; what is missing or of another type is told by name.</summary>
internal sealed class JsonBody(JsonDocument document, JsonElement element) : IDisposable
{
    /// <param name="mayHoldCards">For bodies whose card numbers are masked before anything is stored.</param>
    public static async Task<JsonBody> ReadAsync(HttpContext context, int bytesMax, bool mayHoldCards = false)
    {
        var text = await (mayHoldCards ? RequestBody.ReadWithCardsAsync(context, bytesMax, JsonResponse.Json) : RequestBody.ReadTextAsync(context, bytesMax, JsonResponse.Json));
        try
        {
            var document = JsonDocument.Parse(text);
            return new JsonBody(document, document.RootElement);
        }
        catch (JsonException e)
        {
            throw Bad("body", $"not JSON: {e.Message}");
        }
    }

    public string Text(string name) => Get(name, JsonValueKind.String).GetString()!;

    public long Long(string name) => Get(name, JsonValueKind.Number).TryGetInt64(out var n) ? n : throw Bad(name, "expected a whole number");

    /// <summary>Refuses properties of other names: a typo would silently ask for something else.</summary>
    public JsonBody Only(params ReadOnlySpan<string> names)
    {
        if (element.ValueKind != JsonValueKind.Object) throw Bad("body", $"found {element.ValueKind}, expected an object");
        foreach (var property in element.EnumerateObject())
            if (!names.Contains(property.Name)) throw Bad(property.Name, $"is no property of this; expected {string.Join(", ", names!)}");
        return this;
    }

    /// <summary>Whether it is there and not null.</summary>
    public bool Has(string name) => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

    public bool Flag(string name) => Has(name) && Bool(name);

    public int Int(string name, int missing, int min, int max)
    {
        if (!Has(name)) return missing;
        var number = Long(name);
        return number >= min && number <= max ? (int)number : throw Bad(name, $"found {number}, expected {min}..{max}");
    }

    public IReadOnlyList<string>? Texts(string name, int atMost)
    {
        if (!Has(name)) return null;
        var list = Get(name, JsonValueKind.Array);
        if (list.GetArrayLength() > atMost) throw Bad(name, $"{list.GetArrayLength()} of them, at most {atMost}");
        return [.. list.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.String ? e.GetString()! : throw Bad(name, $"found {e.ValueKind} in it, expected strings"))];
    }

    public JsonBody Object(string name) => new(document, Get(name, JsonValueKind.Object));

    /// <summary>The values of an object by name, as text.</summary>
    public IReadOnlyDictionary<string, string?> Scalars(string name) => !Has(name) ? new Dictionary<string, string?>() : Get(name, JsonValueKind.Object).EnumerateObject().GroupBy(p => p.Name).ToDictionary(p => p.Key, p => p.Last().Value switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False } other => other.GetRawText(),
        var other => throw Bad(name, $"{p.Key}: found {other.ValueKind}, expected a string, a number, a bool or null"),
    });

    /// <summary>Null when it is missing or null.</summary>
    public string? OptionalText(string name) => Has(name) ? Text(name) : null;

    public long? OptionalLong(string name) => Has(name) ? Long(name) : null;

    public bool? OptionalBool(string name) => Has(name) ? Bool(name) : null;

    public bool Bool(string name) => Get(name, JsonValueKind.True, JsonValueKind.False).GetBoolean();

    public List<T> List<T>(string name, Func<JsonBody, T> read) => [.. Get(name, JsonValueKind.Array).EnumerateArray().Select(e => read(new JsonBody(document, e)))];

    public void Dispose() => document.Dispose();

    private JsonElement Get(string name, params ReadOnlySpan<JsonValueKind> kinds)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out var value)) throw Bad(name, "missing");
        return kinds.Contains(value.ValueKind) ? value : throw Bad(name, $"found {value.ValueKind}, expected {kinds[0]}");
    }

    public static ProblemException Bad(string name, string what) =>
        new(new Problem(StatusCodes.Status400BadRequest, "bad-body", $"{name}: {what}", Extensions: to => to.WriteString("parameter", name)));
}
