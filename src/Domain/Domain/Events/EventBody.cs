using System.Buffers.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Lambda.Domain.Bytes;

namespace Lambda.Domain.Events;

/// <summary>Renders an event's JSON from typed values: for producers inside (generator, import, tests) that have no JSON of their own.</summary>
internal sealed class EventBody
{
    private readonly GrowingBytes _bytes = new(1024);
    private readonly Utf8JsonWriter _json;

    public EventBody() => _json = new Utf8JsonWriter(_bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    public ReadOnlySpan<byte> Render(RecordWriter from)
    {
        _bytes.Clear();
        _json.Reset();
        Span<byte> instant = stackalloc byte[Instants.MaxBytes];
        _json.WriteStartObject();
        _json.WriteString(Names.EventId, from.EventId);
        _json.WriteString(Names.CustomerId, from.CustomerId);
        _json.WriteString(Names.Type, Names.Of(from.Type));
        _json.WriteString(Names.OccurredAt, instant[..Instants.Format(from.OccurredAtMicros, instant)]);
        for (var rest = from.Present; rest != 0; rest &= rest - 1)
            Write(from, EventCatalog.Fields[System.Numerics.BitOperations.TrailingZeroCount(rest)]);
        foreach (var extra in new RecordCodec.ExtraEnumerator(from.Extras)) Write(extra);
        _json.WriteEndObject();
        _json.Flush();
        return _bytes.Written;
    }

    private void Write(RecordWriter from, Field field)
    {
        Span<byte> text = stackalloc byte[48];
        _json.WritePropertyName(Names.Of(field));
        switch (field.Type)
        {
            case ScalarType.Text: _json.WriteStringValue(from.Text(field)); break;
            case ScalarType.Bool: _json.WriteBooleanValue(from.Number(field) != 0); break;
            case ScalarType.Int64: _json.WriteNumberValue(from.Number(field)); break;
            case ScalarType.Day: _json.WriteStringValue(text[..Instants.FormatDay((int)from.Number(field), text)]); break;
            case ScalarType.Instant: _json.WriteStringValue(text[..Instants.Format(from.Number(field), text)]); break;
            case ScalarType.Decimal: _json.WriteRawValue(text[..Decimals.Format(from.Decimal(field), text)], skipInputValidation: true); break;
            default: throw new InvalidOperationException($"{field.Type} has no JSON form");
        }
    }

    private void Write(in RecordCodec.Extra extra)
    {
        _json.WritePropertyName(extra.Name);
        switch (extra.Kind)
        {
            case ExtraKind.Text: _json.WriteStringValue(extra.Text); break;
            case ExtraKind.Number: _json.WriteRawValue(extra.Text, skipInputValidation: true); break;
            default: _json.WriteBooleanValue(extra.Kind == ExtraKind.True); break;
        }
    }

    private static class Names
    {
        internal static readonly JsonEncodedText EventId = JsonEncodedText.Encode("event_id");
        internal static readonly JsonEncodedText CustomerId = JsonEncodedText.Encode("customer_id");
        internal static readonly JsonEncodedText Type = JsonEncodedText.Encode("type");
        internal static readonly JsonEncodedText OccurredAt = JsonEncodedText.Encode("occurred_at");
        private static readonly JsonEncodedText[] Fields = [.. EventCatalog.Fields.Select(f => JsonEncodedText.Encode(f.Name))];
        private static readonly JsonEncodedText[] Types = [.. EventCatalog.Types.Select(t => JsonEncodedText.Encode(t.Name))];

        internal static JsonEncodedText Of(Field field) => Fields[field.Ordinal];

        internal static JsonEncodedText Of(EventType type) => Types[type.Code - 1];
    }
}
