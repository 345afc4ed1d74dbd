using Lambda.Domain.Bytes;
using Lambda.Domain.Events;

namespace Lambda.Domain.Fraud;

/// <summary>Events as fraud features see them.</summary>
public static class FraudEvents
{
    /// <summary>What a text is called by; never 0, which stands for none.</summary>
    public static ulong NameOf(ReadOnlySpan<byte> text) => Math.Max(1, XxHash64.Hash(text));

    /// <param name="row">A transaction event.</param>
    public static FraudTransaction TransactionOf(EventRow row) =>
        new(NameOf(row.EventId), row.OccurredAtMicros, row.Number(EventCatalog.BillingAmountMinor.Ordinal))
        {
            Customer = NameOf(row.CustomerId),
            Merchant = Name(row, EventCatalog.MerchantId),
            Terminal = Name(row, EventCatalog.TerminalId),
            Country = Name(row, EventCatalog.Country),
            Device = Name(row, EventCatalog.DeviceId),
            Channel = Name(row, EventCatalog.Channel),
            IsDeclined = row.Has(EventCatalog.Status.Ordinal) && row.Text(EventCatalog.Status.Ordinal).SequenceEqual("declined"u8),
            Place = row.Has(EventCatalog.Lat.Ordinal) && row.Has(EventCatalog.Lon.Ordinal) ? new Place((int)row.Decimal(EventCatalog.Lat.Ordinal), (int)row.Decimal(EventCatalog.Lon.Ordinal)) : null,
        };

    /// <summary>What a customer's fraud memory takes of an event; false for one that says nothing to it.</summary>
    public static bool TryOf(EventRow row, out FraudEvent seen)
    {
        var at = row.OccurredAtMicros;
        seen = default;
        if (row.Type == EventCatalog.Transaction) seen = new FraudEvent(FraudEventKind.Transaction, at) { Transaction = TransactionOf(row), IsDecided = row.Has(EventCatalog.Decision.Ordinal) };
        else if (row.Type == EventCatalog.Login && row.Number(EventCatalog.Success.Ordinal) == 0) seen = new FraudEvent(FraudEventKind.FailedLogin, at);
        else if (row.Type == EventCatalog.AppEvent && KindOf(row.Text(EventCatalog.AppEventName.Ordinal)) is { } change) seen = new FraudEvent(change, at);
        else if (row.Type == EventCatalog.Profile)
            seen = new FraudEvent(FraudEventKind.Profile, at)
            {
                Contact = Name(row, EventCatalog.Email) * 31 + Name(row, EventCatalog.PhoneNumber), Address = Name(row, EventCatalog.Country) * 31 + Name(row, EventCatalog.City),
            };
        else if (row.Type == EventCatalog.FraudLabel && row.Number(EventCatalog.IsFraud.Ordinal) != 0) seen = About(FraudEventKind.Label, row);
        else if (row.Type == EventCatalog.Settlement) seen = About(FraudEventKind.Settlement, row);
        else if (row.Type == EventCatalog.Reversal) seen = About(FraudEventKind.Reversal, row);
        else if (row.Type == EventCatalog.Card)
            seen = new FraudEvent(FraudEventKind.Card, at) { Of = Name(row, EventCatalog.CardToken), IsActive = row.Text(EventCatalog.CardStatus.Ordinal).SequenceEqual("active"u8) };
        return seen.Kind != 0;
    }

    private static FraudEvent About(FraudEventKind kind, EventRow row) => new(kind, row.OccurredAtMicros) { Of = Name(row, EventCatalog.TransactionId) };

    /// <summary>Names of app events that tell of a change; others say nothing to the fraud memory.</summary>
    private static FraudEventKind? KindOf(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("credential_changed"u8) ? FraudEventKind.CredentialChange : name.SequenceEqual("address_changed"u8) ? FraudEventKind.AddressChange : null;

    private static ulong Name(EventRow row, Field field) => row.Has(field.Ordinal) ? NameOf(row.Text(field.Ordinal)) : 0;
}
