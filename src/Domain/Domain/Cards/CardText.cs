using System.Text.Json;
using Lambda.Domain.Bytes;
using Lambda.Domain.Events;

namespace Lambda.Domain.Cards;

/// <summary>Card numbers in JSON text.</summary>
public static class CardText
{
    /// <summary>
    /// JSON with every card number in it masked, names of keys included, and still JSON: a number that holds one becomes text. What is no JSON is masked as it stands.
    /// </summary>
    public static byte[] MaskJson(ReadOnlySpan<byte> json)
    {
        if (!PanMasker.Contains(json)) return json.ToArray();
        var masked = new GrowingBytes(json.Length + 16);
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
            var done = 0;
            while (reader.Read())
            {
                if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName or JsonTokenType.Number)) continue;
                var isText = reader.TokenType != JsonTokenType.Number;
                var (start, length) = ((int)reader.TokenStartIndex, reader.ValueSpan.Length + (isText ? 2 : 0));
                var token = json.Slice(start, length); // with its quotes: a masker tells a quoted UUID from other digits
                if (!PanMasker.Contains(token)) continue;
                masked.Add(json[done..start]);
                if (!isText) masked.Add("\""u8);
                masked.Add(PanMasker.Mask(token));
                if (!isText) masked.Add("\""u8);
                done = start + length;
            }
            masked.Add(json[done..]);
        }
        catch (JsonException)
        {
            return PanMasker.Mask(json);
        }
        return PanMasker.Contains(masked.Written) ? PanMasker.Mask(masked.Written) : masked.Written.ToArray();
    }
}
