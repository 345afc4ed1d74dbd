using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using Lambda.Domain.Views;

namespace Lambda.Serving.Json;

/// <summary>
/// How answers of one definition are written: names are encoded once, so that a lookup copies bytes and formats numbers and does nothing else.
/// </summary>
public sealed class AnswerShape
{
    private static readonly ConditionalWeakTable<ViewDefinition, AnswerShape> Known = [];
    private static AnswerShape? _last; // nearly every lookup is of the definition of the lookup before

    private readonly ViewDefinition _definition;
    private readonly Column[] _metrics;
    private readonly Column[] _derived;
    private readonly JsonEncodedText[] _segments;
    private readonly JsonEncodedText[] _personal;

    private AnswerShape(ViewDefinition definition)
    {
        _definition = definition;
        _metrics = [.. definition.Outputs.Where(o => o.Kind == OutputKind.Metric).Select(Encode)];
        _derived = [.. definition.Outputs.Where(o => o.Kind == OutputKind.Derived).Select(Encode)];
        _personal = [.. definition.Outputs.Where(o => o.Pii).Select(o => Encode(o.Name))];
        _segments = [.. definition.Segments.Select(s => Encode(s.Name))];
        Hash = Encode(definition.Hash);
    }

    public JsonEncodedText Hash { get; }

    public static AnswerShape Of(ViewDefinition definition)
    {
        var last = _last;
        if (last is not null && ReferenceEquals(last._definition, definition)) return last;
        return _last = Known.GetValue(definition, d => new AnswerShape(d));
    }

    /// <summary>Writes the properties `metrics`, `derived` and `segments` into an object that is open.</summary>
    /// <param name="showsPersonalData">False writes columns marked `pii` as if they had no value; <see cref="WriteMasked"/> says which.</param>
    public void Write(Utf8JsonWriter to, Answer answer, bool showsPersonalData)
    {
        to.WriteStartObject(Names.Metrics);
        foreach (var column in _metrics) column.Write(to, answer, showsPersonalData);
        to.WriteEndObject();

        to.WriteStartObject(Names.Derived);
        foreach (var column in _derived) column.Write(to, answer, showsPersonalData);
        to.WriteEndObject();

        to.WriteStartArray(Names.Segments);
        for (var i = 0; i < _segments.Length; i++)
            if (answer.Segments[i]) to.WriteStringValue(_segments[i]);
        to.WriteEndArray();
    }

    /// <summary>Names of the columns that were masked: null in them says nothing.</summary>
    public void WriteMasked(Utf8JsonWriter to)
    {
        if (_personal.Length == 0) return;
        to.WriteStartArray(Names.Masked);
        foreach (var name in _personal) to.WriteStringValue(name);
        to.WriteEndArray();
    }

    private static Column Encode(OutputColumn output) =>
        new(output.Index, Encode(output.Name), output.Keys?.Select(Encode).ToArray(), output.Pii);

    private static JsonEncodedText Encode(string text) => JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);

    private sealed record Column(int Index, JsonEncodedText Name, JsonEncodedText[]? Keys, bool IsPersonal)
    {
        public void Write(Utf8JsonWriter to, Answer answer, bool showsPersonalData)
        {
            to.WritePropertyName(Name);
            var isMasked = IsPersonal && !showsPersonalData;
            if (Keys is not null) WriteMap(to, isMasked ? null : answer.Maps[Index], Keys);
            else if (isMasked) to.WriteNullValue();
            else JsonValues.Write(to, answer.Scalars[Index]);
        }

        private static void WriteMap(Utf8JsonWriter to, Domain.Expressions.Value[]? values, JsonEncodedText[] keys)
        {
            to.WriteStartObject();
            for (var i = 0; i < keys.Length && values is not null; i++)
            {
                if (values[i].IsNull) continue;
                to.WritePropertyName(keys[i]);
                JsonValues.Write(to, values[i]);
            }
            to.WriteEndObject();
        }
    }

    /// <summary>Property names of an answer: a contract, fixed, clients depend on them.</summary>
    internal static class Names
    {
        public static readonly JsonEncodedText CustomerId = Encode("customer_id");
        public static readonly JsonEncodedText Metrics = Encode("metrics");
        public static readonly JsonEncodedText Derived = Encode("derived");
        public static readonly JsonEncodedText Segments = Encode("segments");
        public static readonly JsonEncodedText Meta = Encode("meta");
        public static readonly JsonEncodedText Definition = Encode("definition");
        public static readonly JsonEncodedText Epoch = Encode("epoch");
        public static readonly JsonEncodedText Position = Encode("position");
        public static readonly JsonEncodedText AsOf = Encode("as_of");
        public static readonly JsonEncodedText FreshnessMs = Encode("freshness_ms");
        public static readonly JsonEncodedText Source = Encode("source");
        public static readonly JsonEncodedText Masked = Encode("masked");
    }
}
