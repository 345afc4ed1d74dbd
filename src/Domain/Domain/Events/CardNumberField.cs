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

    /// <summary>Cheap for the many lines that have none. The name may be written with escapes, which nobody else needs for letters.</summary>
    public static bool MayBeIn(ReadOnlySpan<byte> json) => json.IndexOf("\"card_number\""u8) >= 0 || HasEscapedLetter(json);

    /// <summary>The line with every digit hidden that stands under this name or one of the others, wherever it does; of what is no JSON, every digit from the first of them on.</summary>
    public static byte[] Masked(ReadOnlySpan<byte> line, ReadOnlySpan<string> others)
    {
        var masked = line.ToArray();
        try
        {
            var reader = new Utf8JsonReader(line);
            while (reader.Read())
            {
                if (!IsName(ref reader) && !IsOneOf(ref reader, others)) continue;
                var from = (int)reader.BytesConsumed;
                reader.Read();
                reader.Skip();
                Hide(masked.AsSpan(from, (int)reader.BytesConsumed - from));
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            var from = line.IndexOf(Name);
            foreach (var other in others)
                if (line.IndexOf(Encoding.UTF8.GetBytes(other)) is >= 0 and var at && (from < 0 || at < from)) from = at;
            if (HasEscapedLetter(line)) from = 0;
            if (from >= 0) Hide(masked.AsSpan(from));
        }
        return masked;
    }

    private static bool IsOneOf(ref Utf8JsonReader reader, ReadOnlySpan<string> names)
    {
        if (reader.TokenType != JsonTokenType.PropertyName) return false;
        foreach (var name in names)
            if (reader.ValueTextEquals(name)) return true;
        return false;
    }

    internal static bool IsName(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals(Name);

    internal static void Hide(Span<byte> text)
    {
        foreach (ref var b in text)
            if (b is >= (byte)'0' and <= (byte)'9') b = (byte)'*';
    }

    /// <param name="cards">Null: there is nothing to make a token with.</param>
    /// <param name="isUnread">It is no JSON, or text that is none: if it passes for an event nevertheless, it must not.</param>
    /// <returns>The line with the token; the same when it has no such key, or is no JSON, which is told where it is read.</returns>
    public static ReadOnlySpan<byte> Replace(ReadOnlySpan<byte> json, ICardTokens? cards, out Rejection why, out bool isUnread)
    {
        (why, isUnread) = (default, false);
        try
        {
            if (!Find(json, out var place, out why) || why.Reason is not null) return json;
            return Replaced(json, place, cards, out why);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            isUnread = true;
            return json;
        }
    }

    /// <param name="From">Where the key begins, with its quote; <paramref name="To"/>: behind its value.</param>
    /// <param name="Said">The token that stands beside it.</param>
    private readonly record struct Place(int From, int To, byte[] Number, string? Said);

    private static bool Find(ReadOnlySpan<byte> json, out Place place, out Rejection why)
    {
        (place, why) = (default, default);
        var reader = new Utf8JsonReader(json);
        var found = false;
        while (reader.Read())
        {
            var (begin, isTop) = ((int)reader.TokenStartIndex, reader.CurrentDepth == 1);
            if (isTop && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("card_token"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.String) place = place with { Said = reader.GetString() };
            }
            if (!IsName(ref reader)) continue;
            var value = (int)reader.BytesConsumed;
            reader.Read();
            if (isTop && !found && reader.TokenType is JsonTokenType.String or JsonTokenType.Number)
            {
                var number = reader.TokenType == JsonTokenType.Number ? reader.ValueSpan.ToArray() : Encoding.UTF8.GetBytes(reader.GetString()!);
                place = place with { From = begin, To = (int)reader.BytesConsumed, Number = number };
                found = true;
                continue;
            }
            reader.Skip();
            if (why.Reason is null && MayHold(json[value..(int)reader.BytesConsumed]))
                why = new Rejection("card_number", isTop && found ? Reasons.DuplicateKey : Reasons.CardNumber, "expected once, at the top of the event, as text; kept with the number masked");
        }
        return found;
    }

    /// <summary>As many digits as the shortest number has, or escapes that may be some.</summary>
    private static bool MayHold(ReadOnlySpan<byte> value)
    {
        var digits = 0;
        foreach (var b in value)
            if (b is >= (byte)'0' and <= (byte)'9') digits++;
        return digits >= CardNumber.DigitsMin || value.Contains((byte)'\\');
    }

    /// <summary>`\u005f` to `\u007a`: the name's characters.</summary>
    private static bool HasEscapedLetter(ReadOnlySpan<byte> json)
    {
        for (int at = 0, next; (next = json[at..].IndexOf("\\u00"u8)) >= 0; at += next + 4)
            if (at + next + 4 < json.Length && json[at + next + 4] is >= (byte)'5' and <= (byte)'7') return true;
        return false;
    }

    private static ReadOnlySpan<byte> Replaced(ReadOnlySpan<byte> json, Place place, ICardTokens? cards, out Rejection why)
    {
        why = default;
        var (from, to, number, said) = place;
        try
        {
            if (cards?.TokensOf(number) is not { } tokens)
            {
                why = new Rejection("card_number", Reasons.CardNumber, "there are no keys to make a token with; kept with the number masked");
                return json;
            }
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
