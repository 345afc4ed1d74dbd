namespace Lambda.Domain.Events;

/// <summary>Why a line is no event.</summary>
/// <param name="Field">Offending field as it was sent; empty when the line as a whole is bad.</param>
/// <param name="Reason">One of <see cref="Reasons"/>.</param>
/// <param name="Detail">What was found and what was expected, for a person. Never holds a card number.</param>
public readonly record struct Rejection(string Field, string Reason, string Detail);

/// <summary>Machine-readable reasons of quarantine. They stand in stores and answers: never rename.</summary>
public static class Reasons
{
    public const string MalformedJson = "malformed_json";
    public const string InvalidUtf8 = "invalid_utf8";
    public const string InvalidEscape = "invalid_escape";
    public const string NotAnObject = "not_an_object";
    public const string TooDeep = "too_deep";
    public const string DuplicateKey = "duplicate_key";
    public const string LineTooLong = "line_too_long";
    public const string CardNumber = "card_number";
    public const string MissingField = "missing_field";
    public const string UnknownType = "unknown_type";
    public const string WrongType = "wrong_type";
    public const string OutOfRange = "out_of_range";
    public const string TooManyDecimals = "too_many_decimals";
    public const string Empty = "empty";
    public const string TooLong = "too_long";
    public const string ControlCharacter = "control_character";
    public const string NotInVocabulary = "not_in_vocabulary";
    public const string UnknownCurrency = "unknown_currency";
    public const string BadInstant = "bad_instant";
    public const string BadDay = "bad_day";
    public const string BadAmount = "bad_amount";
    public const string AmountsDisagree = "amounts_disagree";
    public const string BadIdentifier = "bad_identifier";
    public const string OwnField = "own_field";
    public const string BadCardNumber = "bad_card_number";
    public const string WrongToken = "wrong_token";
    public const string OccurredAtInFuture = "occurred_at_in_future";

    /// <summary>Given by the worker: another event has this event_id already.</summary>
    public const string ConflictingDuplicate = "conflicting_duplicate";
}
