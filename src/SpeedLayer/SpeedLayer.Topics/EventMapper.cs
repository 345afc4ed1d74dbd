using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Lambda.SpeedLayer.Topics;

/// <summary>Makes an event of a message as its topic's map says. Whether it is a good one is judged by the same parser as everything that comes in.</summary>
internal sealed class EventMapper(TopicMap map)
{
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly ArrayBufferWriter<byte> _buffer = new(1024);

    /// <summary>The event's JSON; lives until the next call. A message that is no JSON object is given back as it is, for the parser to say so.</summary>
    public ReadOnlySpan<byte> Map(byte[] message, string position)
    {
        if (map.IsPlain) return message;
        try
        {
            using var json = JsonDocument.Parse(message, new JsonDocumentOptions { MaxDepth = Limits.JsonDepth });
            if (json.RootElement.ValueKind != JsonValueKind.Object) return message;
            Write(json.RootElement, position);
            return _buffer.WrittenSpan;
        }
        catch (JsonException)
        {
            return message;
        }
    }

    private void Write(JsonElement from, string position)
    {
        _buffer.ResetWrittenCount();
        using var to = new Utf8JsonWriter(_buffer, Writing);
        var written = new HashSet<string>();
        to.WriteStartObject();
        foreach (var field in from.EnumerateObject())
        {
            var name = map.Rename.GetValueOrDefault(field.Name, field.Name);
            if (map.IdFromPosition && name == "event_id") continue;
            written.Add(name);
            to.WritePropertyName(name);
            to.WriteRawValue(field.Value.GetRawText(), skipInputValidation: true); // numbers keep their digits
        }
        if (map.IdFromPosition) to.WriteString("event_id", position);
        foreach (var (name, value) in map.Constants)
        {
            if (!written.Add(name)) continue;
            to.WritePropertyName(name);
            to.WriteRawValue(value, skipInputValidation: true);
        }
        to.WriteEndObject();
    }
}
