using static Lambda.Domain.Events.FieldReader;

namespace Lambda.Domain.Events;

/// <summary>
/// The money of a transaction. `amount` and `billing_amount` are decimals in major units, exact text or number; the stored fields are their minor units.
/// Runs after the plain fields, because the decimals of a currency say how an amount is read.
/// </summary>
internal sealed class AmountReader(RecordWriter writer, FieldReader fields)
{
    internal static bool AppliesTo(EventType type) => (type.FieldMask >> EventCatalog.AmountMinor.Ordinal & 1) != 0;

    internal bool TryRead(ReadOnlySpan<byte> json, ReadOnlySpan<Token> known, out Rejection why)
    {
        if (!writer.Has(EventCatalog.Currency)) return Fail(EventCatalog.Currency.Name, Reasons.MissingField, "missing or null", out why);
        if (!TryOne(json, known[EventNames.Amount], "amount", EventCatalog.AmountMinor, EventCatalog.Currency, out why)) return false;
        if (!writer.Has(EventCatalog.AmountMinor)) return Fail("amount", Reasons.MissingField, "neither amount nor amount_minor is there", out why);

        if (!writer.Has(EventCatalog.BillingCurrency)) writer.CopyText(EventCatalog.Currency, EventCatalog.BillingCurrency);
        if (!TryOne(json, known[EventNames.BillingAmount], "billing_amount", EventCatalog.BillingAmountMinor, EventCatalog.BillingCurrency, out why)) return false;
        if (writer.Has(EventCatalog.BillingAmountMinor)) return true;
        if (!writer.Text(EventCatalog.Currency).SequenceEqual(writer.Text(EventCatalog.BillingCurrency)))
            return Fail("billing_amount_minor", Reasons.MissingField, "missing or null; needed because billing_currency differs from currency", out why);
        writer.SetNumber(EventCatalog.BillingAmountMinor, writer.Number(EventCatalog.AmountMinor));
        return true;
    }

    private bool TryOne(ReadOnlySpan<byte> json, Token token, string name, Field minorField, Field currency, out Rejection why)
    {
        why = default;
        if (token.IsAbsent) return true;
        if (!token.IsText && token.Kind != TokenKind.Number) return WrongType(json, name, token, "a decimal number or text", out why);
        Currencies.TryDigits(writer.Text(currency), out var digits); // the field reader has checked the code
        switch (Decimals.Parse(fields.Unescaped(json, token), digits, out var minor))
        {
            case NumberError.NotANumber:
                return Fail(name, Reasons.BadAmount, $"{Found(json, token)}, expected a decimal such as 12.30", out why);
            case NumberError.TooManyDecimals:
                return Fail(name, Reasons.TooManyDecimals, $"{Show(json, token)}, expected at most {digits} decimals for {JsonWalk.Describe(writer.Text(currency))}", out why);
            case NumberError.TooLarge:
            case NumberError.None when minor < minorField.Min || minor > minorField.Max:
                return Fail(name, Reasons.OutOfRange, $"{Show(json, token)}, expected {minorField.Min}..{minorField.Max} minor units", out why);
        }
        if (writer.Has(minorField) && writer.Number(minorField) != minor)
            return Fail(name, Reasons.AmountsDisagree, $"{Show(json, token)} is {minor} minor units, but {minorField.Name} says {writer.Number(minorField)}", out why);
        writer.SetNumber(minorField, (long)minor);
        return true;
    }
}
