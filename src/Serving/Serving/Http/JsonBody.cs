using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Http;

/// <summary>Small JSON objects as request bodies, read by name; what is missing or of another type is told by name.</summary>
internal sealed class JsonBody(JsonDocument document, JsonElement element) : IDisposable
{
    public static async Task<JsonBody> ReadAsync(HttpContext context, int bytesMax)
    {
        var text = await RequestBody.ReadTextAsync(context, bytesMax, JsonResponse.Json);
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

    /// <summary>Null when it is missing or null.</summary>
    public string? OptionalText(string name) => IsThere(name) ? Text(name) : null;

    public long? OptionalLong(string name) => IsThere(name) ? Long(name) : null;

    public bool? OptionalBool(string name) => IsThere(name) ? Bool(name) : null;

    public List<string> Texts(string name) =>
        [.. Get(name, JsonValueKind.Array).EnumerateArray().Select(e => e.ValueKind == JsonValueKind.String ? e.GetString()! : throw Bad(name, $"found {e.ValueKind}, expected String"))];

    public bool Bool(string name) => Get(name, JsonValueKind.True, JsonValueKind.False).GetBoolean();

    public List<T> List<T>(string name, Func<JsonBody, T> read) => [.. Get(name, JsonValueKind.Array).EnumerateArray().Select(e => read(new JsonBody(document, e)))];

    public void Dispose() => document.Dispose();

    private bool IsThere(string name) => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

    private JsonElement Get(string name, params ReadOnlySpan<JsonValueKind> kinds)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out var value)) throw Bad(name, "missing");
        return kinds.Contains(value.ValueKind) ? value : throw Bad(name, $"found {value.ValueKind}, expected {kinds[0]}");
    }

    private static ProblemException Bad(string name, string what) =>
        new(new Problem(StatusCodes.Status400BadRequest, "bad-body", $"{name}: {what}", Extensions: to => to.WriteString("parameter", name)));
}
