using Lambda.Domain.Events;
using Lambda.Serving.Ports;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.RawEvents;
using Lambda.Warehouse.Schema;

namespace Lambda.Warehouse.Fraud;

/// <summary>Authorizations out of raw_events. Without a customer two narrow columns are scanned.</summary>
public sealed class ClickHouseAuthorizations(ClickHouseClient client) : IAuthorizationRecords
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private sealed record Row(CustomerId Customer, int Partition, long Offset, long AppendedAtMs, string Type, long OccurredAtMicros, long BillingMinor, byte[] Body);

    public async Task<IReadOnlyList<AuthorizationRecordRow>> OfAsync(string transactionId, int partition, CustomerId? customer, CancellationToken cancel)
    {
        var of = customer is null ? "" : "AND partition = {partition:UInt16} AND customer_id = {customer:String}";
        var sql = $$"""
            SELECT customer_id, partition, o, a, t, at, minor, body FROM
            (
                SELECT customer_id, partition, event_id, raw_events.offset AS o, raw_events.appended_at AS a, toString(type) AS t, raw_events.occurred_at AS at, billing_amount_minor AS minor, body
                FROM {{RawEventColumns.Table}}
                WHERE ((type = '{{EventCatalog.Transaction.Name}}' AND event_id = {id:String} AND bitTest(present, {{EventCatalog.Decision.Ordinal}}))
                    OR (type IN ('{{EventCatalog.Settlement.Name}}', '{{EventCatalog.Reversal.Name}}') AND transaction_id = {id:String})) {{of}}
            ) AS said
            LEFT JOIN (SELECT partition, customer_id, max(offset) AS erased, count() AS erasures FROM {{ErasureBlock.Table}} GROUP BY partition, customer_id) AS gone
                ON said.partition = gone.partition AND said.customer_id = gone.customer_id
            WHERE erasures = 0 OR o > erased
            ORDER BY customer_id, o LIMIT 1 BY customer_id, event_id
            """;
        var parameters = new QueryParameters { { "id", transactionId } };
        if (customer is { } known)
        {
            parameters.Add("partition", partition);
            parameters.Add("customer", known.Utf8);
        }
        var rows = await ListAsync(sql, parameters, cancel);
        return [.. rows.GroupBy(r => r.Customer).Where(g => g.Any(IsDecision)).Select(Record)];
    }

    private static bool IsDecision(Row row) => row.Type == EventCatalog.Transaction.Name;

    private static AuthorizationRecordRow Record(IEnumerable<Row> rows)
    {
        var decided = rows.First(IsDecision);
        var changes = rows.Where(r => !IsDecision(r)).Select(r => new AuthorizationChange(r.Type == EventCatalog.Reversal.Name, r.OccurredAtMicros, r.BillingMinor));
        return new AuthorizationRecordRow(decided.Customer, decided.Partition, decided.Offset, decided.AppendedAtMs, decided.BillingMinor, decided.Body, [.. changes]);
    }

    private async Task<IReadOnlyList<Row>> ListAsync(string sql, QueryParameters parameters, CancellationToken cancel)
    {
        try
        {
            return await client.ListAsync(sql, (ref RowBinaryReader row) => new Row(
                new CustomerId(row.Bytes()), row.UInt16(), row.Int64(), row.Int64(), row.Text(), row.Int64(), row.Int64(), row.Bytes().ToArray()), parameters, cancel: cancel);
        }
        catch (ClickHouseException e) when (e.Fault == Fault.Transient)
        {
            throw new EngineUnavailableException($"the warehouse does not answer: {e.Message}", RetryAfter);
        }
    }
}
