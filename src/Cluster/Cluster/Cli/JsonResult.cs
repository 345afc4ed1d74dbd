using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lambda.Cluster.Cli;

internal static class JsonResult
{
    /// <summary>A flat object in the given order.</summary>
    public static JsonElement Of(params IEnumerable<(string Name, JsonNode? Value)> properties)
    {
        var o = new JsonObject();
        foreach (var (name, value) in properties) o[name] = value;
        return JsonSerializer.SerializeToElement(o);
    }
}
