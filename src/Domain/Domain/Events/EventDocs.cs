using System.Globalization;
using System.Text;

namespace Lambda.Domain.Events;

/// <summary>docs/events.md, rendered from the catalog: what a producer has to know. A test keeps the file and the catalog the same.</summary>
public static class EventDocs
{
    public static string Render()
    {
        var to = new StringBuilder();
        to.Append(Head);
        foreach (var type in EventCatalog.Types) AppendType(to, type);
        to.Append(Tail);
        foreach (var (reason, meaning) in Meanings) to.Append(CultureInfo.InvariantCulture, $"| `{reason}` | {meaning} |\n");
        return to.ToString();
    }

    /// <summary>What a field may hold, for people: `text, at most 64 bytes`.</summary>
    public static string Describe(Field field) => field.Type switch
    {
        ScalarType.Text when field.Closed => "one of " + Words(field),
        ScalarType.Text when field.Vocabulary is not null => $"text, at most {field.Max} bytes; told apart: {Words(field)}",
        ScalarType.Text when field == EventCatalog.Currency || field == EventCatalog.BillingCurrency => "text, ISO 4217 code in upper case",
        ScalarType.Text => $"text, at most {field.Max} bytes",
        ScalarType.Int64 => $"whole number, {Number(field.Min)} … {Number(field.Max)}",
        ScalarType.Decimal => $"number, {field.Min / Decimals.Scale} … {field.Max / Decimals.Scale}, rounded half-even to {Decimals.Places} decimals",
        ScalarType.Bool => "true or false",
        ScalarType.Day => "text, `YYYY-MM-DD`",
        _ => "text, RFC 3339 with offset",
    };

    private static void AppendType(StringBuilder to, EventType type)
    {
        to.Append(CultureInfo.InvariantCulture, $"\n## {type.Name}\n\n{type.Doc}\n\n| field | required | value | meaning |\n|---|---|---|---|\n");
        foreach (var use in type.Fields)
            to.Append(CultureInfo.InvariantCulture, $"| `{use.Field.Name}` | {Needed(use)} | {Describe(use.Field)} | {use.Field.Doc}{(use.Field.Pii ? " Personal data." : "")} |\n");
        if (AmountReader.AppliesTo(type)) to.Append(Amounts);
    }

    private static string Needed(FieldUse use) =>
        !use.Required ? "" : use.Field == EventCatalog.AmountMinor ? "this or `amount`"
        : use.Field == EventCatalog.BillingAmountMinor || use.Field == EventCatalog.BillingCurrency ? "has a default" : "yes";

    private static string Words(Field field) => string.Join(", ", field.Vocabulary!.Select(w => $"`{w}`"));

    private static string Number(Int128? value) => ((long)value!).ToString("#,0", CultureInfo.InvariantCulture).Replace(',', ' ');

    private const string Head = """
        # Events

        Rendered from the event catalog in code (`src/Domain/Domain/Events/EventCatalog.cs`). Do not edit: change the catalog, then run the tests with
        `LAMBDA_REWRITE_DOCS=1`.

        An event is one JSON object. Every event has

        | field | value | meaning |
        |---|---|---|
        | `event_id` | text, 1 … 128 bytes, no control characters | Names the event within its customer. Of several copies the first counts; a copy that says something else is quarantined. |
        | `customer_id` | text, 1 … 128 bytes, no control characters | Whom it is about. |
        | `type` | one of the types below | What happened. |
        | `occurred_at` | text, RFC 3339 with `Z` or `±hh:mm` | When it happened: 1900 or later, at most 24 h ahead of the clock. Digits behind microseconds are cut off; leap seconds (`:60`) are refused. |

        Rules for all of them:

        - `null` means the same as leaving the field out.
        - Types are not converted: an id, a code or a day is text, a count is a number. A whole number may be written `1e2`, not `100.0`.
        - A key stands once in an object. Nesting is at most 32 deep, a line at most 256 KB, in UTF-8.
        - Fields that the type does not have are kept: scalars can be used in definitions once declared there, objects and arrays stay in the stored JSON.
        - The stored JSON is the event as it was sent, without white space between tokens. Two copies say the same if they differ in order of top-level keys, white
          space or escapes of top-level text only.
        - A card number (13 … 19 digits, single spaces or dashes between them at will, issuer's range, Luhn) anywhere, in a key, a text or a number, makes the event
          go to quarantine with all but its last four digits masked. Digits that touch a letter, and values that are a UUID, are no card numbers.
        - Instead of `card_token` there may be `card_number`, digits as text or number: it is replaced by the card's token before anything is stored, and stands nowhere afterwards.

        """;

    private const string Amounts = """

        Instead of `amount_minor` there may be `amount`: the same in major units, a JSON number or decimal text, read exactly. It has at most as many decimals as the
        currency (EUR 2, JPY 0, KWD 3), trailing zeros included. Both may stand there if they agree. Likewise `billing_amount` for `billing_amount_minor`.
        `billing_currency` defaults to `currency`; `billing_amount_minor` defaults to `amount_minor` if the two currencies are the same, else it is required.

        """;

    private const string Tail = """

        ## Reasons of refusal

        A refused line is kept in quarantine, whole, with its source, line number, field, reason and what was found and expected.

        | reason | meaning |
        |---|---|

        """;

    private static readonly (string Reason, string Meaning)[] Meanings =
    [
        (Reasons.MalformedJson, "Not one JSON object (or, in an array, not one JSON value)."),
        (Reasons.NotAnObject, "JSON, but no object."),
        (Reasons.InvalidUtf8, "Not UTF-8."),
        (Reasons.InvalidEscape, "A `\\u` escape is half a surrogate pair."),
        (Reasons.TooDeep, "Nested too deep."),
        (Reasons.DuplicateKey, "A key stands twice in an object."),
        (Reasons.LineTooLong, "The line is over the limit."),
        (Reasons.CardNumber, "Holds a card number; kept masked, so it cannot be replayed."),
        (Reasons.MissingField, "A required field is missing or null."),
        (Reasons.UnknownType, "`type` is not in the catalog."),
        (Reasons.WrongType, "A number where text is expected, or the like."),
        (Reasons.OutOfRange, "Too small, too large, too early."),
        (Reasons.TooManyDecimals, "More decimals than the currency has, or a fraction where a whole number is expected."),
        (Reasons.Empty, "Empty text in a required field."),
        (Reasons.TooLong, "Text is over its limit."),
        (Reasons.ControlCharacter, "An id holds a control character."),
        (Reasons.NotInVocabulary, "Not one of the values that the field permits."),
        (Reasons.UnknownCurrency, "Not an ISO 4217 code with a minor unit."),
        (Reasons.BadInstant, "Not RFC 3339 with an offset, or no such time."),
        (Reasons.BadDay, "Not `YYYY-MM-DD`, or no such day."),
        (Reasons.BadAmount, "Not a decimal number."),
        (Reasons.AmountsDisagree, "Amount in major and in minor units differ."),
        (Reasons.BadIdentifier, "Neither an address of e-mail nor the SHA-256 of one in hex."),
        (Reasons.BadCardNumber, "`card_number` is not 13 to 19 digits with a right check digit."),
        (Reasons.WrongToken, "`card_token` is not the token of the `card_number` beside it."),
        (Reasons.OwnField, "`decision` or `fraud_score`, which only Lambda says, of what it was asked to authorize."),
        (Reasons.OccurredAtInFuture, "More than 24 h ahead of the clock."),
        (Reasons.ConflictingDuplicate, "A later copy of an event that says something else."),
    ];
}
