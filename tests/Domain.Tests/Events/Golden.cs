using Lambda.Domain.Events;

namespace Lambda.Domain.Tests.Events;

/// <summary>One event of each type with every kind of value, as fixed bytes in golden tests.</summary>
public static class Golden
{
    private const long At = 1_773_050_400_123_456; // 2026-03-09T10:00:00.123456Z

    public static byte[] Transaction(RecordWriter writer) => writer.Begin(EventCatalog.Transaction, "c-1"u8, "e-1"u8, At)
        .SetNumber(EventCatalog.AmountMinor, 1299).SetText(EventCatalog.Currency, "EUR"u8)
        .SetNumber(EventCatalog.BillingAmountMinor, 1299).SetText(EventCatalog.BillingCurrency, "EUR"u8)
        .SetText(EventCatalog.Direction, "debit"u8).SetText(EventCatalog.Status, "approved"u8)
        .SetDecimal(EventCatalog.Lat, -33_865_143).AddExtra("vip"u8, ExtraKind.True).Finish().ToArray();

    public static byte[] Of(EventType type, RecordWriter writer)
    {
        if (type == EventCatalog.Transaction) return Transaction(writer);
        writer.Begin(type, "c-1"u8, "e-1"u8, At);
        foreach (var use in type.Fields) SetSample(writer, use.Field);
        return writer.AddExtra("colour"u8, ExtraKind.Text, "blue"u8).AddExtra("n"u8, ExtraKind.Number, "1.50"u8).Finish().ToArray();
    }

    private static void SetSample(RecordWriter writer, Field field)
    {
        switch (field.Type)
        {
            case ScalarType.Text: writer.SetText(field, System.Text.Encoding.UTF8.GetBytes(field.Vocabulary?[0] ?? field.Name)); break;
            case ScalarType.Decimal: writer.SetDecimal(field, 12_345_678); break;
            case ScalarType.Bool: writer.SetBool(field, true); break;
            default: writer.SetNumber(field, 20_000 + field.Ordinal); break;
        }
    }
}
