using System.Buffers;
using System.Numerics;
using System.Text;
using System.Text.Unicode;
using Lambda.Domain.Bytes;
using Lambda.Domain.Cards;
using static Lambda.Domain.Events.FieldReader;

namespace Lambda.Domain.Events;

/// <summary>
/// One line of JSON to a validated, encoded record, or the reason why not. Rules: <see cref="EventCatalog"/>; what it does not say stands in docs/events.md.
/// Reused for line after line without allocation as long as they are good; not thread-safe.
/// </summary>
public sealed class EventParser
{
    public const int DefaultMaxDepth = 32;

    /// <summary>occurred_at may be this far ahead of the clock: clocks of producers differ, future events are mistakes.</summary>
    public const long MaxAheadMicros = Clock.MicrosPerDay;

    /// <summary>1900-01-01T00:00Z.</summary>
    public const long EarliestMicros = -25_567 * Clock.MicrosPerDay;

    /// <summary>What makes tokens of `card_number`; null: such an event is refused.</summary>
    public ICardTokens? Cards { get; init; }

    /// <summary>For bodies out of the log or the warehouse: they may say what only Lambda says.</summary>
    public bool IsOfLog { get; init; }

    /// <summary>What only a decision may say.</summary>
    private static readonly ulong OwnFields = 1UL << EventCatalog.Decision.Ordinal | 1UL << EventCatalog.FraudScore.Ordinal;

    private readonly RecordWriter _writer = new();
    private readonly JsonWalk _walk;
    private readonly FieldReader _fields;
    private readonly AmountReader _amounts;
    private readonly GrowingBytes _name = new(64);
    private readonly GrowingBytes _minified = new(1024);

    public EventParser(int maxDepth = DefaultMaxDepth)
    {
        _walk = new JsonWalk(maxDepth);
        _fields = new FieldReader(_writer);
        _amounts = new AmountReader(_writer, _fields);
    }

    /// <summary>The parsed event's customer; lives until the next parse.</summary>
    public ReadOnlySpan<byte> CustomerId => _writer.CustomerId;

    /// <param name="line">One JSON object in UTF-8, white space around it at will.</param>
    /// <param name="nowMicros">The clock, microseconds since 1970, for events from the future.</param>
    /// <param name="record">The encoded record; lives until the next parse.</param>
    public bool TryParse(ReadOnlySpan<byte> line, long nowMicros, out ReadOnlySpan<byte> record, out Rejection why)
    {
        why = default;
        record = default;
        var json = line.Trim(" \t\r\n"u8);
        var isUnread = false;
        if (!IsOfLog && CardNumberField.MayBeIn(json)) json = CardNumberField.Replace(json, Cards, out why, out isUnread);
        if (why.Reason is null && TryEncode(json, nowMicros, out record, out why))
        {
            if (!isUnread) return true;
            record = default;
            why = new Rejection("card_number", Reasons.BadCardNumber, "cannot be read");
        }
        why = why with { Field = PanMasker.Mask(why.Field), Detail = PanMasker.Mask(why.Detail) }; // cutting text short can make a card number
        return false;
    }

    private bool TryEncode(ReadOnlySpan<byte> json, long nowMicros, out ReadOnlySpan<byte> record, out Rejection why)
    {
        record = default;
        if (PanMasker.Contains(json)) return CardNumberIn(json, out why);
        if (!Utf8.IsValid(json)) return Fail("", Reasons.InvalidUtf8, $"byte {FirstInvalid(json)} is not UTF-8", out why);
        if (!_walk.TryWalk(json, out why)) return false;

        _writer.Reset();
        if (!TryHead(json, nowMicros, out var type, out why) || !TryFields(json, type, out why)) return false;
        AddExtras(json, type);
        if (type == EventCatalog.Identify) return TryIdentify(json, out record, out why);
        record = _writer.Finish(Minified(json));
        return true;
    }

    private bool TryHead(ReadOnlySpan<byte> json, long nowMicros, out EventType type, out Rejection why)
    {
        type = EventCatalog.Transaction;
        var known = _walk.Known;
        if (!TryRequiredText(json, EventNames.Type, out var text, out why)) return false;
        if (EventNames.TypeNamed(text) is not { } found)
            return Fail("type", Reasons.UnknownType, $"\"{Show(json, known[EventNames.Type])}\", expected one of {string.Join(", ", EventCatalog.Types)}", out why);
        type = found;
        if (!TryId(json, EventNames.EventId, out text, out why)) return false;
        _writer.SetEventId(text);
        if (!TryId(json, EventNames.CustomerId, out text, out why)) return false;
        _writer.SetCustomerId(text);

        var token = known[EventNames.OccurredAt];
        if (token.IsAbsent) return Missing("occurred_at", out why);
        if (!_fields.TryInstant(json, "occurred_at", token, out var micros, out why)) return false;
        if (micros < EarliestMicros) return Fail("occurred_at", Reasons.OutOfRange, $"\"{Show(json, token)}\", expected 1900 or later", out why);
        if (micros > nowMicros + MaxAheadMicros) return Fail("occurred_at", Reasons.OccurredAtInFuture, $"\"{Show(json, token)}\", expected at most 24 h ahead of the clock", out why);
        _writer.SetHead(type, micros);
        return true;
    }

    private bool TryRequiredText(ReadOnlySpan<byte> json, int slot, out ReadOnlySpan<byte> text, out Rejection why)
    {
        text = default;
        var token = _walk.Known[slot];
        if (token.IsAbsent) return Missing(EventNames.NameOf(slot), out why);
        if (!token.IsText) return WrongType(json, EventNames.NameOf(slot), token, "text", out why);
        text = _fields.Unescaped(json, token);
        why = default;
        return true;
    }

    /// <summary>event_id and customer_id: they stand in keys, paths and logs, so no control characters, and not longer than a key may be.</summary>
    private bool TryId(ReadOnlySpan<byte> json, int slot, out ReadOnlySpan<byte> id, out Rejection why)
    {
        if (!TryRequiredText(json, slot, out id, out why)) return false;
        if (id.IsEmpty) return Fail(EventNames.NameOf(slot), Reasons.Empty, $"empty text, expected 1..{Events.CustomerId.MaxBytes} bytes", out why);
        if (id.Length > Events.CustomerId.MaxBytes)
            return Fail(EventNames.NameOf(slot), Reasons.TooLong, $"{id.Length} bytes, expected 1..{Events.CustomerId.MaxBytes}", out why);
        if (HasControlCharacter(id)) return Fail(EventNames.NameOf(slot), Reasons.ControlCharacter, "holds a control character", out why);
        return true;
    }

    private bool TryFields(ReadOnlySpan<byte> json, EventType type, out Rejection why)
    {
        for (var rest = _walk.Seen & type.FieldMask; rest != 0; rest &= rest - 1)
        {
            var ordinal = BitOperations.TrailingZeroCount(rest);
            if (!_fields.TryRead(json, ordinal, _walk.Known[ordinal], out why)) return false;
        }
        if (!IsOfLog && (_walk.Seen & type.FieldMask & OwnFields) is var own and not 0)
            return Fail(EventCatalog.Fields[BitOperations.TrailingZeroCount(own)].Name, Reasons.OwnField, "is said by Lambda alone; ask for a decision with POST /v1/authorizations", out why);
        if (AmountReader.AppliesTo(type) && !_amounts.TryRead(json, _walk.Known, out why)) return false;
        var missing = type.RequiredMask & ~_writer.Present;
        why = default;
        return missing == 0 || Missing(EventCatalog.Fields[BitOperations.TrailingZeroCount(missing)].Name, out why);
    }

    /// <summary>An address of e-mail is kept nowhere, the body included: what stands there is its hash.</summary>
    private bool TryIdentify(ReadOnlySpan<byte> json, out ReadOnlySpan<byte> record, out Rejection why)
    {
        record = default;
        var token = _walk.Known[EventCatalog.Identifier.Ordinal];
        byte[] kind = [.. _fields.Unescaped(json, _walk.Known[EventCatalog.IdentifierKind.Ordinal])]; // both may lie in one scratch
        if (Identifiers.Normalised(kind, _fields.Unescaped(json, token), out var normalised) is { } wrong)
            return Fail(EventCatalog.Identifier.Name, Reasons.BadIdentifier, wrong, out why);
        why = default;
        if (normalised is null)
        {
            record = _writer.Finish(Minified(json));
            return true;
        }
        _writer.SetText(EventCatalog.Identifier, normalised);
        byte[] body = [.. json[..token.Start], .. normalised, .. json[(token.Start + token.Length)..]];
        record = _writer.Finish(Minified(body));
        return true;
    }

    /// <summary>Scalars that are no field of this type are kept by name, objects and arrays only in the body.</summary>
    private void AddExtras(ReadOnlySpan<byte> json, EventType type)
    {
        for (var rest = _walk.Seen & ~type.FieldMask; rest != 0; rest &= rest - 1)
            AddExtraOf(json, BitOperations.TrailingZeroCount(rest));
        if (!AmountReader.AppliesTo(type))
        {
            AddExtraOf(json, EventNames.Amount);
            AddExtraOf(json, EventNames.BillingAmount);
        }
        foreach (var (name, value) in _walk.Unknown)
        {
            _name.Clear();
            _name.Add(_fields.Unescaped(json, name));
            AddExtra(json, _name.Written, value);
        }
    }

    private void AddExtraOf(ReadOnlySpan<byte> json, int slot)
    {
        if (_walk.Known[slot].IsAbsent) return;
        _name.Clear();
        Encoding.UTF8.GetBytes(EventNames.NameOf(slot), _name);
        AddExtra(json, _name.Written, _walk.Known[slot]);
    }

    private void AddExtra(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name, Token value)
    {
        if (value.IsText) _writer.AddExtra(name, ExtraKind.Text, _fields.Unescaped(json, value));
        else if (value.Kind == TokenKind.Number) _writer.AddExtra(name, ExtraKind.Number, json.Slice(value.Start, value.Length));
        else if (value.Kind is TokenKind.True or TokenKind.False) _writer.AddExtra(name, value.Kind == TokenKind.True ? ExtraKind.True : ExtraKind.False);
        else if (value.Kind == TokenKind.Nested) _writer.AddNested(name, Minified(json.Slice(value.Start, value.Length)));
    }

    private ReadOnlySpan<byte> Minified(ReadOnlySpan<byte> json)
    {
        if (!_walk.HasSpace) return json;
        _minified.Clear();
        JsonText.Minify(json, _minified);
        return _minified.Written;
    }

    /// <summary>Names the top-level key whose name or value holds the card number, if the line is well-formed.</summary>
    private bool CardNumberIn(ReadOnlySpan<byte> json, out Rejection why)
    {
        var field = "";
        if (Utf8.IsValid(json) && _walk.TryWalk(json, out _))
        {
            foreach (var (name, value) in _walk.Unknown)
                if (PanMasker.Contains(Quoted(json, name)) || PanMasker.Contains(Quoted(json, value))) field = PanMasker.Mask(Show(json, name));
            for (var slot = 0; slot < EventNames.Slots; slot++)
                if (!_walk.Known[slot].IsAbsent && PanMasker.Contains(Quoted(json, _walk.Known[slot]))) field = EventNames.NameOf(slot);
        }
        return Fail(field, Reasons.CardNumber, "holds what looks like a card number, expected a token; kept with the number masked", out why);
    }

    /// <summary>With its quotes, if it has some: a masker tells a quoted UUID from other digits.</summary>
    private static ReadOnlySpan<byte> Quoted(ReadOnlySpan<byte> json, Token token) =>
        token.IsText ? json.Slice(token.Start - 1, token.Length + 2) : json.Slice(token.Start, token.Length);

    private static bool Missing(string field, out Rejection why) => Fail(field, Reasons.MissingField, "missing or null", out why);

    /// <summary>C0, DEL and C1 (U+0080..U+009F, in UTF-8 0xC2 0x80..0x9F).</summary>
    private static bool HasControlCharacter(ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < text.Length; i++)
            if (text[i] < 0x20 || text[i] == 0x7f || (text[i] == 0xc2 && text[i + 1] < 0xa0)) return true;
        return false;
    }

    private static int FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (at < bytes.Length && Rune.DecodeFromUtf8(bytes[at..], out _, out var used) == OperationStatus.Done) at += used;
        return at;
    }
}
