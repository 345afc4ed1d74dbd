using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Serving.Json;

/// <summary>
/// Raw events for those who may not see personal data: what the catalogue marks, and what it does not know (a sender can put anything there), reads `(masked)`.
/// Reused for the events of one answer; a result lives until the next.
/// </summary>
internal sealed class EventMask
{
    public const string Masked = "(masked)";

    /// <summary>Keys that are no fields of the catalogue and no personal data.</summary>
    private static readonly HashSet<string> Structure = ["event_id", "customer_id", "type", "occurred_at", "amount", "billing_amount"];

    private static readonly JsonEncodedText[] Shown = [.. EventCatalog.Fields.Where(f => !f.Pii).Select(f => f.Name).Concat(Structure).Select(n => JsonEncodedText.Encode(n))];

    private readonly ArrayBufferWriter<byte> _buffer = new(1024);

    /// <param name="json">One JSON object.</param>
    /// <exception cref="JsonException">It is none.</exception>
    public ReadOnlySpan<byte> Apply(ReadOnlySpan<byte> json)
    {
        _buffer.ResetWrittenCount();
        using var to = new Utf8JsonWriter(_buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException("expected an object");
        to.WriteStartObject();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName) WriteProperty(ref reader, json, to);
        to.WriteEndObject();
        if (reader.Read()) throw new JsonException("expected one object"); // throws by itself at what is no JSON
        to.Flush();
        return _buffer.WrittenSpan;
    }

    /// <summary>The same for what may be no event at all: then nothing of it is shown.</summary>
    public ReadOnlySpan<byte> ApplyToAnything(ReadOnlySpan<byte> raw)
    {
        try
        {
            return Utf8.IsValid(raw) ? Apply(raw) : "(masked)"u8;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the second at half a surrogate pair
        {
            return "(masked)"u8;
        }
    }

    /// <summary>Details quote what was found. That is shown where the field is one of ours and no personal data, or where the line as a whole was no event.</summary>
    public static string DetailOf(QuarantineEntry entry) =>
        (entry.Field.Length > 0 ? IsShown(entry.Field) : entry.Reason is Reasons.MalformedJson or Reasons.InvalidUtf8 or Reasons.NotAnObject or Reasons.TooDeep or Reasons.LineTooLong or Reasons.InvalidEscape)
            ? entry.Detail
            : Masked;

    private static bool IsShown(string name) => Structure.Contains(name) || EventCatalog.FieldNamed(name) is { Pii: false };

    private static void WriteProperty(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, Utf8JsonWriter to)
    {
        var isShown = false;
        foreach (var name in Shown)
            if (isShown = reader.ValueTextEquals(name.EncodedUtf8Bytes)) break;
        to.WritePropertyName(reader.GetString()!);
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        var isNested = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray; // no field of ours is: who knows what lies in it
        reader.Skip();
        if (isShown && !isNested) to.WriteRawValue(json[start..(int)reader.BytesConsumed], skipInputValidation: true);
        else if (reader.TokenType == JsonTokenType.Null) to.WriteNullValue();
        else to.WriteStringValue(Masked);
    }
}
