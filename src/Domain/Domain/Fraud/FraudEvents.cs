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
        if (row.Type == EventCatalog.Transaction) seen = new FraudEvent(FraudEventKind.Transaction, at) { Transaction = TransactionOf(row) };
        else if (row.Type == EventCatalog.Login && row.Number(EventCatalog.Success.Ordinal) == 0) seen = new FraudEvent(FraudEventKind.FailedLogin, at);
        else if (row.Type == EventCatalog.AppEvent && KindOf(row.Text(EventCatalog.AppEventName.Ordinal)) is { } change) seen = new FraudEvent(change, at);
        else if (row.Type == EventCatalog.FraudLabel && row.Number(EventCatalog.IsFraud.Ordinal) != 0)
            seen = new FraudEvent(FraudEventKind.Label, at) { Of = Name(row, EventCatalog.TransactionId) };
        else if (row.Type == EventCatalog.Profile)
            seen = new FraudEvent(FraudEventKind.Profile, at)
            {
                Email = Name(row, EventCatalog.Email), Phone = Name(row, EventCatalog.PhoneNumber), Country = Name(row, EventCatalog.Country), City = Name(row, EventCatalog.City),
            };
        return seen.Kind != 0;
    }

    /// <summary>Names of app events that tell of a change; others say nothing to the fraud memory.</summary>
    private static FraudEventKind? KindOf(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("credential_changed"u8) ? FraudEventKind.CredentialChange : name.SequenceEqual("address_changed"u8) ? FraudEventKind.AddressChange : null;

    private static ulong Name(EventRow row, Field field) => row.Has(field.Ordinal) ? NameOf(row.Text(field.Ordinal)) : 0;
}
