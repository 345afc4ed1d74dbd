using System.Text;
using Lambda.Domain.Bytes;

namespace Lambda.Domain.Events;

/// <summary>Reads one value of an event as a field of the catalog demands it: type, range, vocabulary, length.</summary>
internal sealed class FieldReader(RecordWriter writer)
{
    private readonly GrowingBytes _scratch = new(256);

    private static readonly Rule[] Rules = [.. EventCatalog.Fields.Select(f => new Rule(f))];

    private sealed class Rule(Field field)
    {
        internal readonly Field Field = field;
        internal readonly long Min = field.Min is { } min && min > long.MinValue ? (long)min : long.MinValue;
        internal readonly long Max = field.Max is { } max && max < long.MaxValue ? (long)max : long.MaxValue;
        internal readonly byte[][]? Closed = field.Closed ? [.. field.Vocabulary!.Select(Encoding.UTF8.GetBytes)] : null;
        internal readonly bool IsCurrency = field == EventCatalog.Currency || field == EventCatalog.BillingCurrency;
        internal readonly bool IsRequiredSomewhere = EventCatalog.Types.Any(t => (t.RequiredMask >> field.Ordinal & 1) != 0);
    }

    internal bool TryRead(ReadOnlySpan<byte> json, int ordinal, Token token, out Rejection why)
    {
        var rule = Rules[ordinal];
        return rule.Field.Type switch
        {
            ScalarType.Text => TryText(json, rule, token, out why),
            ScalarType.Int64 => TryInt(json, rule, token, out why),
            ScalarType.Bool => TryBool(json, rule, token, out why),
            ScalarType.Decimal => TryDecimal(json, rule, token, out why),
            ScalarType.Day => TryDay(json, rule, token, out why),
            _ => TryInstant(json, rule, token, out why),
        };
    }

    /// <summary>Text as it is meant; lives until the next call.</summary>
    internal ReadOnlySpan<byte> Unescaped(ReadOnlySpan<byte> json, Token token)
    {
        var raw = json.Slice(token.Start, token.Length);
        if (token.Kind != TokenKind.EscapedText) return raw;
        _scratch.Clear();
        JsonText.TryUnescape(raw, _scratch); // the walk has checked it
        return _scratch.Written;
    }

    internal static bool Fail(string field, string reason, string detail, out Rejection why)
    {
        why = new Rejection(field, reason, detail);
        return false;
    }

    internal static bool WrongType(ReadOnlySpan<byte> json, string field, Token token, string expected, out Rejection why) =>
        Fail(field, Reasons.WrongType, $"{Found(json, token)}, expected {expected}", out why);

    internal static string Found(ReadOnlySpan<byte> json, Token token) => token.Kind switch
    {
        TokenKind.Text or TokenKind.EscapedText => $"text \"{Show(json, token)}\"",
        TokenKind.Number => $"number {Show(json, token)}",
        TokenKind.Nested => json[token.Start] == '{' ? "an object" : "an array",
        _ => Show(json, token),
    };

    internal static string Show(ReadOnlySpan<byte> json, Token token) => JsonWalk.Describe(json.Slice(token.Start, token.Length));

    private bool TryText(ReadOnlySpan<byte> json, Rule rule, Token token, out Rejection why)
    {
        var name = rule.Field.Name;
        if (!token.IsText) return WrongType(json, name, token, "text", out why);
        var text = Unescaped(json, token);
        if (text.Length > rule.Max) return Fail(name, Reasons.TooLong, $"{text.Length} bytes, expected at most {rule.Max}", out why);
        if (text.IsEmpty && rule.IsRequiredSomewhere) return Fail(name, Reasons.Empty, "empty text", out why);
        if (rule.Closed is not null && !Holds(rule.Closed, text))
            return Fail(name, Reasons.NotInVocabulary, $"\"{Show(json, token)}\", expected one of {string.Join(", ", rule.Field.Vocabulary!)}", out why);
        if (rule.IsCurrency && !Currencies.TryDigits(text, out _))
            return Fail(name, Reasons.UnknownCurrency, $"\"{Show(json, token)}\", expected an ISO 4217 code such as EUR", out why);
        writer.SetText(rule.Field, text);
        why = default;
        return true;
    }

    private bool TryInt(ReadOnlySpan<byte> json, Rule rule, Token token, out Rejection why)
    {
        var name = rule.Field.Name;
        if (token.Kind != TokenKind.Number) return WrongType(json, name, token, "a whole number", out why);
        var error = Decimals.Parse(json.Slice(token.Start, token.Length), 0, out var value);
        if (error == NumberError.TooManyDecimals) return Fail(name, Reasons.TooManyDecimals, $"{Show(json, token)}, expected a whole number", out why);
        if (error != NumberError.None || value < rule.Min || value > rule.Max)
            return Fail(name, Reasons.OutOfRange, $"{Show(json, token)}, expected {rule.Min}..{rule.Max}", out why);
        writer.SetNumber(rule.Field, (long)value);
        why = default;
        return true;
    }

    private bool TryBool(ReadOnlySpan<byte> json, Rule rule, Token token, out Rejection why)
    {
        if (token.Kind is not (TokenKind.True or TokenKind.False)) return WrongType(json, rule.Field.Name, token, "true or false", out why);
        writer.SetBool(rule.Field, token.Kind == TokenKind.True);
        why = default;
        return true;
    }

    private bool TryDecimal(ReadOnlySpan<byte> json, Rule rule, Token token, out Rejection why)
    {
        var name = rule.Field.Name;
        if (token.Kind != TokenKind.Number) return WrongType(json, name, token, "a number", out why);
        var error = Decimals.ParseRounded(json.Slice(token.Start, token.Length), Decimals.Places, out var value);
        if (error != NumberError.None || value < (rule.Field.Min ?? value) || value > (rule.Field.Max ?? value))
            return Fail(name, Reasons.OutOfRange, $"{Show(json, token)}, expected {rule.Field.Min / Decimals.Scale}..{rule.Field.Max / Decimals.Scale}", out why);
        writer.SetDecimal(rule.Field, value);
        why = default;
        return true;
    }

    private bool TryDay(ReadOnlySpan<byte> json, Rule rule, Token token, out Rejection why)
    {
        const string expected = "a day such as 2026-03-09";
        if (!token.IsText) return WrongType(json, rule.Field.Name, token, expected, out why);
        if (Instants.ParseDay(Unescaped(json, token), out var day) != InstantError.None)
            return Fail(rule.Field.Name, Reasons.BadDay, $"\"{Show(json, token)}\", expected {expected}", out why);
        writer.SetNumber(rule.Field, day);
        why = default;
        return true;
    }

    private bool TryInstant(ReadOnlySpan<byte> json, Rule rule, Token token, out Rejection why)
    {
        if (!TryInstant(json, rule.Field.Name, token, out var micros, out why)) return false;
        writer.SetNumber(rule.Field, micros);
        return true;
    }

    internal bool TryInstant(ReadOnlySpan<byte> json, string name, Token token, out long micros, out Rejection why)
    {
        const string expected = "RFC 3339 with an offset, such as 2026-03-09T10:00:00Z";
        micros = 0;
        if (!token.IsText) return WrongType(json, name, token, expected, out why);
        var error = Instants.Parse(Unescaped(json, token), out micros);
        why = default;
        if (error == InstantError.None) return true;
        var what = error switch
        {
            InstantError.NoOffset => "has no offset",
            InstantError.LeapSecond => "is a leap second",
            InstantError.NoSuchTime => "does not exist",
            _ => "is no instant",
        };
        return Fail(name, Reasons.BadInstant, $"\"{Show(json, token)}\" {what}, expected {expected}", out why);
    }

    private static bool Holds(byte[][] vocabulary, ReadOnlySpan<byte> text)
    {
        foreach (var word in vocabulary)
            if (text.SequenceEqual(word)) return true;
        return false;
    }
}
