using System.Buffers;
using System.Text;
using System.Text.Json;
using Lambda.Domain.Cards;

namespace Lambda.Domain.Events;

/// <summary>
/// Puts `card_token` in the place of an event's `card_number`, in flight: nothing behind this ever sees the number. What does not come through here is looked for by
/// <see cref="PanMasker"/>.
/// </summary>
internal static class CardNumberField
{
    private static ReadOnlySpan<byte> Name => "card_number"u8;

    /// <summary>Cheap for the many lines that have none. One that hides the name behind escapes is refused for the number that it holds.</summary>
    public static bool MayBeIn(ReadOnlySpan<byte> json) => json.IndexOf("\"card_number\""u8) >= 0;

    /// <summary>For quarantine: a mistyped number is nearly one.</summary>
    public static byte[] Masked(ReadOnlySpan<byte> json)
    {
        var masked = json.ToArray();
        for (var at = json.IndexOf("\"card_number\""u8) + 13; at < masked.Length && masked[at] is not ((byte)',' or (byte)'}'); at++)
            if (masked[at] is >= (byte)'0' and <= (byte)'9') masked[at] = (byte)'*';
        return masked;
    }

    /// <returns>The line with the token; the same when it has no such key at the top, or is no JSON, which is told where it is read.</returns>
    public static ReadOnlySpan<byte> Replace(ReadOnlySpan<byte> json, ICardTokens cards, out Rejection why)
    {
        why = default;
        try
        {
            return Find(json, out var from, out var to, out var number, out var said) ? Replaced(json, from, to, cards, number, said, out why) : json;
        }
        catch (JsonException)
        {
            return json;
        }
        catch (InvalidOperationException) // text that is no UTF-8
        {
            return json;
        }
    }

    /// <param name="from">Where the key begins, with its quote; <paramref name="to"/>: behind its value.</param>
    private static bool Find(ReadOnlySpan<byte> json, out int from, out int to, out byte[] number, out string? said)
    {
        (from, to, number, said) = (0, 0, [], null);
        var reader = new Utf8JsonReader(json);
        var found = false;
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1) continue;
            var (begin, isNumber, isToken) = ((int)reader.TokenStartIndex, reader.ValueTextEquals(Name), reader.ValueTextEquals("card_token"u8));
            reader.Read();
            if (isToken && reader.TokenType == JsonTokenType.String) said = reader.GetString();
            if (isNumber && reader.TokenType is JsonTokenType.String or JsonTokenType.Number)
            {
                if (found) throw new JsonException("twice");
                number = reader.TokenType == JsonTokenType.Number ? reader.ValueSpan.ToArray() : Encoding.UTF8.GetBytes(reader.GetString()!);
                (from, to, found) = (begin, (int)reader.BytesConsumed, true);
            }
            else reader.Skip();
        }
        return found;
    }

    private static ReadOnlySpan<byte> Replaced(ReadOnlySpan<byte> json, int from, int to, ICardTokens cards, byte[] number, string? said, out Rejection why)
    {
        why = default;
        try
        {
            if (cards.TokensOf(number) is not { } tokens) return json; // without keys it is a card number like any other: refused
            if (said is not null && !tokens.Contains(said))
            {
                why = new Rejection("card_token", Reasons.WrongToken, "is not the token of card_number");
                return json;
            }
            var rest = json[to..].TrimStart(" \t\r\n"u8);
            if (said is null) return (byte[])[.. json[..from], .. Encoding.ASCII.GetBytes($"\"card_token\":\"{tokens[0]}\""), .. rest];
            // The token is there already: the number goes, with one of the commas around it.
            var before = json[..from].TrimEnd(" \t\r\n"u8);
            return before[^1] == ',' ? (byte[])[.. before[..^1], .. rest] : [.. before, .. rest[0] == ',' ? rest[1..] : rest];
        }
        catch (FormatException e)
        {
            why = new Rejection("card_number", Reasons.BadCardNumber, e.Message);
            return json;
        }
    }
}
