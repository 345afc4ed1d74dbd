using System.Text.Json.Nodes;

namespace Lambda.Serving.OpenApi;

/// <summary>Short words for JSON Schema (2020-12, as OpenAPI 3.1 has it).</summary>
internal static class Schema
{
    public static JsonObject Text => new() { ["type"] = "string" };
    public static JsonObject Integer => new() { ["type"] = "integer", ["format"] = "int64" };
    public static JsonObject Number => new() { ["type"] = "number" };
    public static JsonObject Bool => new() { ["type"] = "boolean" };
    public static JsonObject Day => new() { ["type"] = "string", ["format"] = "date" };
    public static JsonObject Instant => new() { ["type"] = "string", ["format"] = "date-time" };
    public static JsonObject Counts => new() { ["type"] = "object", ["additionalProperties"] = Integer };

    public static JsonObject Ref(string name) => new() { ["$ref"] = $"#/components/schemas/{name}" };

    public static JsonObject List(JsonNode items) => new() { ["type"] = "array", ["items"] = items };

    public static JsonObject OneOf(params IEnumerable<string> values) => new() { ["type"] = "string", ["enum"] = new JsonArray([.. values.Select(v => (JsonNode)v)]) };

    public static JsonObject OrNull(JsonObject schema)
    {
        schema["type"] = new JsonArray(schema["type"]!.GetValue<string>(), "null");
        return schema;
    }

    public static JsonObject Doc(JsonObject schema, string doc)
    {
        if (doc.Length > 0) schema["description"] = doc;
        return schema;
    }

    /// <summary>An object with exactly these properties; all are there.</summary>
    public static JsonObject Closed(params IEnumerable<(string Name, JsonNode Schema)> properties)
    {
        var schema = Open(properties);
        schema["additionalProperties"] = false;
        return schema;
    }

    /// <summary>The object with one property more, which need not be there.</summary>
    public static JsonObject Maybe(this JsonObject schema, string name, JsonNode property)
    {
        schema["properties"]![name] = property;
        return schema;
    }

    /// <summary>An object with at least these properties.</summary>
    public static JsonObject Open(params IEnumerable<(string Name, JsonNode Schema)> properties)
    {
        var (known, required) = (new JsonObject(), new JsonArray());
        foreach (var (name, schema) in properties)
        {
            known[name] = schema;
            required.Add(name);
        }
        return new JsonObject { ["type"] = "object", ["required"] = required, ["properties"] = known };
    }
}
