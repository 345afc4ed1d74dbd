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

    private static ulong Name(EventRow row, Field field) => row.Has(field.Ordinal) ? NameOf(row.Text(field.Ordinal)) : 0;
}
