using System.Text.Json;
using Lambda.Domain.Bytes;

namespace Lambda.Domain.Events;

/// <summary>How a top-level value is written.</summary>
internal enum TokenKind : byte { Absent, Text, EscapedText, Number, True, False, Null, Nested }

/// <summary>A value's place in the line: without quotes for text, as a whole for objects and arrays.</summary>
internal readonly record struct Token(int Start, int Length, TokenKind Kind)
{
    internal bool IsText => Kind is TokenKind.Text or TokenKind.EscapedText;

    /// <summary>JSON's null means the same as no key at all.</summary>
    internal bool IsAbsent => Kind is TokenKind.Absent or TokenKind.Null;
}

/// <summary>
/// One pass over a line: checks JSON's grammar, depth and repeated keys, and notes where the top-level values stand. Values are read later, when the
/// event's type is known. Reused; not thread-safe.
/// </summary>
internal sealed class JsonWalk(int maxDepth)
{
    private readonly Token[] _known = new Token[EventNames.Slots];
    private readonly List<(Token Name, Token Value)> _unknown = [];
    private readonly HashSet<UInt128> _names = [];
    private readonly ulong[] _objects = new ulong[maxDepth + 1]; // number of the object open at each depth, 0 for an array
    private readonly GrowingBytes _scratch = new(256);
    private ulong _objectCount;

    /// <summary>Top-level values with names the catalog knows, by slot.</summary>
    internal ReadOnlySpan<Token> Known => _known;

    /// <summary>Bit i set: the field with ordinal i has a value here.</summary>
    internal ulong Seen { get; private set; }

    internal List<(Token Name, Token Value)> Unknown => _unknown;

    /// <summary>White space stands between tokens.</summary>
    internal bool HasSpace { get; private set; }

    /// <param name="json">Trimmed, valid UTF-8.</param>
    internal bool TryWalk(ReadOnlySpan<byte> json, out Rejection why)
    {
        Array.Clear(_known);
        _unknown.Clear();
        ClearNames();
        Seen = 0;
        _objectCount = 0;
        HasSpace = false;
        why = default;
        if (json.IsEmpty || json[0] != '{')
        {
            why = new Rejection("", json.IsEmpty ? Reasons.MalformedJson : NotAnObject(json[0]), json.IsEmpty ? "empty line, expected a JSON object" : $"begins with {Describe(json[0])}, expected a JSON object");
            return false;
        }
        try
        {
            return TryObject(json, out why);
        }
        catch (JsonException e)
        {
            why = new Rejection("", Reasons.MalformedJson, $"not JSON at byte {e.BytePositionInLine}, expected one JSON object");
            return false;
        }
    }

    private bool TryObject(ReadOnlySpan<byte> json, out Rejection why)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = maxDepth + 1 });
        reader.Read();
        var end = reader.BytesConsumed;
        while (ReadToken(ref reader, json, ref end) && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = new Token((int)reader.TokenStartIndex + 1, reader.ValueSpan.Length, reader.ValueIsEscaped ? TokenKind.EscapedText : TokenKind.Text);
            if (!TryName(reader.ValueSpan, name.Kind, out var slot, out why)) return false;
            ReadToken(ref reader, json, ref end);
            if (!TryValue(ref reader, json, ref end, out var value, out why)) return false;
            if (slot == EventNames.Unknown) _unknown.Add((name, value));
            else SetKnown(slot, value);
        }
        reader.Read(); // throws if anything follows
        why = default;
        return true;
    }

    private void SetKnown(int slot, Token value)
    {
        _known[slot] = value;
        if (slot < EventCatalog.MaxFields && !value.IsAbsent) Seen |= 1UL << slot;
    }

    /// <summary>Clearing a set costs its capacity: one line with thousands of keys must not slow down all that follow.</summary>
    private void ClearNames()
    {
        const int usual = 256;
        var wasLarge = _names.Count > usual;
        _names.Clear();
        if (wasLarge) _names.TrimExcess(usual);
    }

    /// <summary>The key's slot; refuses a key that was there already.</summary>
    private bool TryName(ReadOnlySpan<byte> raw, TokenKind kind, out int slot, out Rejection why)
    {
        slot = EventNames.Unknown;
        var name = raw;
        if (kind == TokenKind.EscapedText && !TryUnescaped(raw, out name, out why)) return false;
        slot = EventNames.SlotOf(name);
        var isNew = slot == EventNames.Unknown ? _names.Add(SipHash128.Hash(name)) : _known[slot].Kind == TokenKind.Absent;
        why = isNew ? default : Duplicate(name);
        return isNew;
    }

    private bool TryValue(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref long end, out Token value, out Rejection why)
    {
        why = default;
        var start = (int)reader.TokenStartIndex;
        value = new Token(start, reader.ValueSpan.Length, KindOf(reader.TokenType));
        if (reader.TokenType == JsonTokenType.String)
        {
            value = new Token(start + 1, reader.ValueSpan.Length, reader.ValueIsEscaped ? TokenKind.EscapedText : TokenKind.Text);
            return !reader.ValueIsEscaped || TryUnescaped(reader.ValueSpan, out _, out why);
        }
        if (value.Kind != TokenKind.Nested) return true;
        if (!TryNested(ref reader, json, ref end, out why)) return false;
        value = new Token(start, (int)reader.BytesConsumed - start, TokenKind.Nested);
        return true;
    }

    private bool TryNested(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref long end, out Rejection why)
    {
        why = default;
        do
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject or JsonTokenType.StartArray when reader.CurrentDepth >= maxDepth:
                    why = new Rejection("", Reasons.TooDeep, $"nested deeper than {maxDepth}");
                    return false;
                case JsonTokenType.StartObject:
                    _objects[reader.CurrentDepth] = ++_objectCount;
                    break;
                case JsonTokenType.PropertyName or JsonTokenType.String:
                    var text = reader.ValueSpan;
                    if (reader.ValueIsEscaped && !TryUnescaped(text, out text, out why)) return false;
                    if (reader.TokenType == JsonTokenType.PropertyName && !_names.Add(SipHash128.Hash(text, _objects[reader.CurrentDepth - 1])))
                    {
                        why = Duplicate(text);
                        return false;
                    }
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray when reader.CurrentDepth == 1:
                    return true;
            }
        }
        while (ReadToken(ref reader, json, ref end));
        return true;
    }

    /// <summary>Reads on, and notes white space: between two tokens stands nothing or one comma, behind a name one colon.</summary>
    private bool ReadToken(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref long end)
    {
        if (!reader.Read()) return false;
        var gap = reader.TokenStartIndex - end;
        HasSpace |= gap > 1 || (gap == 1 && json[(int)end] != ',')
            || (reader.TokenType == JsonTokenType.PropertyName && reader.BytesConsumed - reader.TokenStartIndex != reader.ValueSpan.Length + 3);
        end = reader.BytesConsumed;
        return true;
    }

    private bool TryUnescaped(ReadOnlySpan<byte> raw, out ReadOnlySpan<byte> text, out Rejection why)
    {
        _scratch.Clear();
        var whole = JsonText.TryUnescape(raw, _scratch);
        text = _scratch.Written;
        why = whole ? default : new Rejection("", Reasons.InvalidEscape, "a \\u escape is half a surrogate pair, expected both halves");
        return whole;
    }

    private static Rejection Duplicate(ReadOnlySpan<byte> name) =>
        new(Describe(name), Reasons.DuplicateKey, "this key stands twice in one object");

    private static TokenKind KindOf(JsonTokenType type) => type switch
    {
        JsonTokenType.Number => TokenKind.Number,
        JsonTokenType.True => TokenKind.True,
        JsonTokenType.False => TokenKind.False,
        JsonTokenType.Null => TokenKind.Null,
        _ => TokenKind.Nested,
    };

    /// <summary>Another JSON value is not an object; anything else is no JSON at all.</summary>
    private static string NotAnObject(byte first) => first is (byte)'[' or (byte)'"' or (byte)'t' or (byte)'f' or (byte)'n' or (byte)'-' or (>= (byte)'0' and <= (byte)'9')
        ? Reasons.NotAnObject
        : Reasons.MalformedJson;

    private static string Describe(byte first) => first is > 0x20 and < 0x7f ? $"`{(char)first}`" : $"byte 0x{first:x2}";

    /// <summary>Text from outside, short enough for a message.</summary>
    internal static string Describe(ReadOnlySpan<byte> text)
    {
        const int most = 64;
        var shown = System.Text.Encoding.UTF8.GetString(text.Length <= most ? text : text[..most]);
        return text.Length <= most ? shown : shown.TrimEnd('\uFFFD') + "…";
    }
}
