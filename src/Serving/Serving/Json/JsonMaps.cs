using System.Text.Json;

namespace Lambda.Serving.Json;

internal static class JsonMaps
{
    public static void WriteCounts(Utf8JsonWriter to, string name, IReadOnlyDictionary<string, long> counts)
    {
        to.WriteStartObject(name);
        foreach (var (key, value) in counts.OrderBy(c => c.Key, StringComparer.Ordinal)) to.WriteNumber(key, value);
        to.WriteEndObject();
    }

    public static void WriteTexts(Utf8JsonWriter to, string name, IEnumerable<string> texts)
    {
        to.WriteStartArray(name);
        foreach (var text in texts) to.WriteStringValue(text);
        to.WriteEndArray();
    }
}
