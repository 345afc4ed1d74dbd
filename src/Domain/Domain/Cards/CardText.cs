using System.Text.Json;
using Lambda.Domain.Bytes;
using Lambda.Domain.Events;

namespace Lambda.Domain.Cards;

/// <summary>Card numbers in JSON text.</summary>
public static class CardText
{
    /// <summary>The field that holds a card's number on its way in; no event has it.</summary>
    public const string NumberField = "card_number";

    /// <summary>
    /// JSON with every card number in it masked, names of keys included, and still JSON: a number that holds one becomes text. What stands under
    /// `card_number` is hidden. What is no JSON is masked as it stands.
    /// </summary>
    public static byte[] MaskJson(ReadOnlySpan<byte> json)
    {
        if (!CardNumberField.MayBeIn(json) && !PanMasker.Contains(json)) return json.ToArray();
        var masked = new GrowingBytes(json.Length + 16);
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
            var (done, under) = (0, int.MaxValue); // under: the depth of a key `card_number` whose value is being read
            while (reader.Read())
            {
                if (reader.CurrentDepth <= under && reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.EndObject) under = CardNumberField.IsName(ref reader) ? reader.CurrentDepth : int.MaxValue;
                var hides = under != int.MaxValue && (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth > under);
                if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName or JsonTokenType.Number)) continue;
                var isText = reader.TokenType != JsonTokenType.Number;
                var (start, length) = ((int)reader.TokenStartIndex, reader.ValueSpan.Length + (isText ? 2 : 0));
                var token = json.Slice(start, length); // with its quotes: a masker tells a quoted UUID from other digits
                if (!hides && !PanMasker.Contains(token)) continue;
                masked.Add(json[done..start]);
                if (hides)
                {
                    masked.Add("\"****\""u8);
                }
                else
                {
                    if (!isText) masked.Add("\""u8);
                    masked.Add(PanMasker.Mask(token));
                    if (!isText) masked.Add("\""u8);
                }
                done = start + length;
            }
            masked.Add(json[done..]);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // or text that is no UTF-8
        {
            return PanMasker.MaskLine(json);
        }
        return PanMasker.Contains(masked.Written) ? PanMasker.Mask(masked.Written) : masked.Written.ToArray();
    }
}
