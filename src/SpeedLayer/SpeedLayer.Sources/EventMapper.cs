using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using Lambda.Domain.Cards;

namespace Lambda.SpeedLayer.Sources;

/// <summary>Makes an event of a message as its source's map says. Whether it is a good one is judged by the same parser as everything that comes in.</summary>
internal sealed class EventMapper(EventMap map)
{
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private readonly List<string[]> _cards = [.. map.Rename.Where(r => r.Value == CardText.NumberField && r.Key.Contains('.')).Select(r => r.Key.Split('.'))];
    private readonly (string Path, string Name)[] _nested = [.. map.Rename.Where(r => r.Key.Contains('.')).Select(r => (r.Key, r.Value))];

    /// <summary>The event's JSON; lives until the next call. A message that is no JSON object is given back as it is, for the parser to say so.</summary>
    /// <param name="eventId">Counts only where the map says that the source gives it.</param>
    public ReadOnlySpan<byte> Map(ReadOnlyMemory<byte> message, string? eventId)
    {
        if (map.IsPlain) return message.Span;
        try
        {
            using var json = JsonDocument.Parse(message, new JsonDocumentOptions { MaxDepth = Limits.JsonDepth });
            if (json.RootElement.ValueKind != JsonValueKind.Object) return message.Span;
            Write(json.RootElement, eventId);
            return _buffer.WrittenSpan;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the latter: a name or text that is no UTF-8, or half a surrogate pair
        {
            return message.Span;
        }
    }

    private void Write(JsonElement from, string? eventId)
    {
        _buffer.ResetWrittenCount();
        using var to = new Utf8JsonWriter(_buffer, Writing);
        var written = new HashSet<string>();
        to.WriteStartObject();
        foreach (var (path, name) in _nested)
            if (from.At(path) is { ValueKind: not JsonValueKind.Undefined } value && !from.TryGetProperty(path, out _)) WriteField(to, written, name, value);
        foreach (var field in from.EnumerateObject())
        {
            var name = map.Rename.GetValueOrDefault(field.Name, field.Name);
            if (map.GivesId && name == "event_id") continue;
            if (_cards.Find(c => c[0] == field.Name) is { } path) WriteWithout(to, written, name, field.Value, path.AsSpan(1));
            else WriteField(to, written, name, field.Value);
        }
        if (map.GivesId) to.WriteString("event_id", eventId);
        foreach (var (name, value) in map.Constants)
        {
            if (!written.Add(name)) continue;
            to.WritePropertyName(name);
            to.WriteRawValue(value, skipInputValidation: true);
        }
        to.WriteEndObject();
    }

    /// <summary>A card's number that was taken out of an object is not in it any more: only its token is kept.</summary>
    private static void WriteWithout(Utf8JsonWriter to, HashSet<string> written, string name, JsonElement value, ReadOnlySpan<string> path)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            WriteField(to, written, name, value);
            return;
        }
        written.Add(name);
        to.WriteStartObject(name);
        foreach (var field in value.EnumerateObject())
        {
            if (field.Name != path[0]) WriteField(to, [], field.Name, field.Value);
            else if (path.Length > 1) WriteWithout(to, [], field.Name, field.Value, path[1..]);
        }
        to.WriteEndObject();
    }

    private static void WriteField(Utf8JsonWriter to, HashSet<string> written, string name, JsonElement value)
    {
        written.Add(name);
        to.WritePropertyName(name);
        to.WriteRawValue(JsonMarshal.GetRawUtf8Value(value), skipInputValidation: true); // numbers keep their digits; a name that comes twice is the parser's to refuse
    }
}

/// <summary>Values inside of others' JSON.</summary>
public static class JsonPath
{
    /// <summary>The value at `a.b.c`, or one whose whole name is `a.b.c`; undefined when it is not there.</summary>
    public static JsonElement At(this JsonElement from, string path)
    {
        if (from.ValueKind == JsonValueKind.Object && from.TryGetProperty(path, out var whole)) return whole;
        foreach (var name in path.Split('.'))
            if (from.ValueKind != JsonValueKind.Object || !from.TryGetProperty(name, out from)) return default;
        return from;
    }

    /// <summary>A text, or a number as it is written; null when it is neither, or a text that nobody can read.</summary>
    public static string? TextOrNumber(this JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Number) return value.GetRawText();
        if (value.ValueKind != JsonValueKind.String) return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null; // no UTF-8, or half a surrogate pair
        }
    }
}
