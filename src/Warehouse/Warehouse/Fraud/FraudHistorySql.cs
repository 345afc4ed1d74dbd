using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.Domain.Views;
using Lambda.Warehouse.RawEvents;
using Lambda.Warehouse.Schema;

namespace Lambda.Warehouse.Fraud;

/// <summary>
/// Raw events as <see cref="FraudEvents.TryOf"/> sees them, said in SQL: names are hashed where they lie (XXH64, as there), so that a row is 15 numbers. Rows come as the sort key has them, customer
/// by customer and copy beside copy: nothing is sorted, and no more than a customer is held.
/// </summary>
internal static class FraudHistorySql
{
    private const string Below = "partition = {partition:UInt16} AND raw_events.offset < {cut:Int64}";

    /// <summary>customer, event, offset, occurred_at, kind (0: says nothing), then as <see cref="FraudRows"/> reads them.</summary>
    public static string Events(bool hasErasures) => $$"""
        SELECT {{Hash("customer_id")}}, {{Hash("event_id")}}, raw_events.offset, raw_events.occurred_at, {{Kind}},
            {{Field(EventCatalog.BillingAmountMinor)}},
            toUInt8(({{Has(EventCatalog.Status)}} AND status = 'declined') + 2 * ({{Has(EventCatalog.Lat)}} AND {{Has(EventCatalog.Lon)}})),
            {{Name(EventCatalog.MerchantId)}}, {{Name(EventCatalog.TerminalId)}}, {{Name(EventCatalog.Country)}}, {{Name(EventCatalog.DeviceId)}}, {{Name(EventCatalog.Channel)}},
            toInt32({{Field(EventCatalog.Lat)}}), toInt32({{Field(EventCatalog.Lon)}}), {{Name(EventCatalog.TransactionId)}},
            {{Name(EventCatalog.Email)}}, {{Name(EventCatalog.PhoneNumber)}}, {{Name(EventCatalog.City)}}
        FROM {{RawEventColumns.Table}}
        WHERE {{Below}}{{Standing(hasErasures)}}
        ORDER BY customer_id, event_id, raw_events.offset
        """;

    /// <summary>customer, offset, body of decided transactions, every copy.</summary>
    public static string Decisions(bool hasErasures, bool hasSpan) => $$"""
        SELECT {{Hash("customer_id")}}, raw_events.offset, body FROM {{RawEventColumns.Table}}
        WHERE {{Below}} AND raw_events.offset >= {from:Int64} AND raw_events.occurred_at >= {since:Int64} AND type = '{{EventCatalog.Transaction.Name}}' AND {{Has(EventCatalog.Decision)}}{{Standing(hasErasures)}}{{(hasSpan ? DecidedInSpan : "")}}
        ORDER BY customer_id, event_id, raw_events.offset
        """;

    private const string DecidedInSpan = " AND JSONExtractInt(body, 'authorization', 'decided_at_us') >= {decided_from:Int64} AND JSONExtractInt(body, 'authorization', 'decided_at_us') < {decided_to:Int64}";

    /// <summary>customer, transaction; of each label the first copy.</summary>
    public static string TakenBack(bool hasErasures) => $$"""
        SELECT {{Hash("customer_id")}}, {{Hash("transaction_id")}} FROM
        (
            SELECT customer_id, transaction_id, is_fraud, raw_events.occurred_at AS at, raw_events.offset AS o FROM {{RawEventColumns.Table}}
            WHERE {{Below}} AND type = '{{EventCatalog.FraudLabel.Name}}'{{Standing(hasErasures)}}
            ORDER BY customer_id, event_id, o LIMIT 1 BY customer_id, event_id
        )
        GROUP BY customer_id, transaction_id HAVING max(is_fraud) != 0 AND argMax(is_fraud, (at, o)) = 0
        """;

    public static string Newest => $$"""
        SELECT max(raw_events.occurred_at), count() FROM {{RawEventColumns.Table}} WHERE {{Below}} AND type = '{{EventCatalog.Transaction.Name}}'
        """;

    private static string Kind => $"""
        toUInt8(multiIf(
                type = '{EventCatalog.Transaction.Name}', {(int)FraudEventKind.Transaction},
                type = '{EventCatalog.Login.Name}' AND {Field(EventCatalog.Success)} = 0, {(int)FraudEventKind.FailedLogin},
                type = '{EventCatalog.AppEvent.Name}' AND {Field(EventCatalog.AppEventName)} = 'credential_changed', {(int)FraudEventKind.CredentialChange},
                type = '{EventCatalog.AppEvent.Name}' AND {Field(EventCatalog.AppEventName)} = 'address_changed', {(int)FraudEventKind.AddressChange},
                type = '{EventCatalog.Profile.Name}', {(int)FraudEventKind.Profile},
                type = '{EventCatalog.FraudLabel.Name}' AND {Field(EventCatalog.IsFraud)} != 0, {(int)FraudEventKind.Label},
                0))
        """;

    private static string Standing(bool hasErasures) => hasErasures ? $" AND {ViewSql.NotErased(RawEventColumns.Table, ErasureBlock.Table)}" : "";

    private static string Field(Field field) => $"{RawEventColumns.Table}.{Client.Names.Quote(field.Name)}";

    private static string Has(Field field) => $"bitTest(present, {field.Ordinal})";

    /// <summary><see cref="FraudEvents.NameOf"/> of a text field, 0 where it is absent.</summary>
    private static string Name(Field field) => $"if({Has(field)}, {Hash(Field(field))}, toUInt64(0))";

    private static string Hash(string text) => $"greatest(xxHash64({text}), toUInt64(1))";
}
