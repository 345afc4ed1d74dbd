using System.Text.Encodings.Web;
using System.Text.Json;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;

namespace Lambda.Serving.Json;

/// <summary>A column by name and value, wherever the values come from.</summary>
internal sealed class ColumnJson(OutputColumn column)
{
    private readonly JsonEncodedText _name = Encode(column.Name);
    private readonly JsonEncodedText[]? _keys = column.Keys?.Select(Encode).ToArray();

    public OutputColumn Column => column;

    public static IReadOnlyList<ColumnJson> Of(IEnumerable<OutputColumn> columns) => [.. columns.Select(c => new ColumnJson(c))];

    public void Write(Utf8JsonWriter to, in Value scalar, Value[]? map)
    {
        to.WritePropertyName(_name);
        WriteValue(to, scalar, map);
    }

    /// <summary>Under another name than its own.</summary>
    public void WriteAs(Utf8JsonWriter to, string name, in Value scalar, Value[]? map)
    {
        to.WritePropertyName(name);
        WriteValue(to, scalar, map);
    }

    private void WriteValue(Utf8JsonWriter to, in Value scalar, Value[]? map)
    {
        if (_keys is null)
        {
            JsonValues.Write(to, scalar);
            return;
        }
        to.WriteStartObject();
        for (var i = 0; i < _keys.Length && map is not null; i++)
        {
            if (map[i].IsNull) continue;
            to.WritePropertyName(_keys[i]);
            JsonValues.Write(to, map[i]);
        }
        to.WriteEndObject();
    }

    private static JsonEncodedText Encode(string text) => JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
}
