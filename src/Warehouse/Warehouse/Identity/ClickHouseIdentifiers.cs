using Lambda.Domain.Events;
using Lambda.Serving.Ports;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.RawEvents;
using Lambda.Warehouse.Schema;

namespace Lambda.Warehouse.Identity;

/// <summary>Identifiers out of the `identify` events of raw_events: two narrow columns are scanned, or the rows of some customers.</summary>
public sealed class ClickHouseIdentifiers(ClickHouseClient client) : IIdentifiers
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>A customer's word on an identifier: of copies of an event the first, of events the newest; nothing of before an erasure.</summary>
    private static string Words(string condition) => $$"""
        SELECT customer_id, kind, value, max(at) AS since, argMax(is_linked, (at, place)) AS holds FROM
        (
            SELECT said.partition, said.customer_id AS customer_id, argMin(k, o) AS kind, argMin(v, o) AS value, argMin(t, o) AS at, argMin(l, o) AS is_linked, min(o) AS place FROM
            (
                SELECT partition, customer_id, event_id, raw_events.offset AS o, toString(identifier_kind) AS k, identifier AS v, raw_events.occurred_at AS t,
                    if(bitTest(present, {{EventCatalog.IdentifierIsLinked.Ordinal}}), identifier_is_linked, 1) AS l
                FROM {{RawEventColumns.Table}} WHERE type = '{{EventCatalog.Identify.Name}}' AND {{condition}}
            ) AS said
            LEFT JOIN (SELECT partition, customer_id, max(offset) AS erased, count() AS erasures FROM {{ErasureBlock.Table}} GROUP BY partition, customer_id) AS gone
                ON said.partition = gone.partition AND said.customer_id = gone.customer_id
            WHERE erasures = 0 OR o > erased
            GROUP BY said.partition, said.customer_id, said.event_id
        )
        GROUP BY customer_id, kind, value HAVING holds = 1
        """;

    public Task<IReadOnlyList<KnownIdentifier>> OfAsync(string kind, string value, CancellationToken cancel) =>
        ListAsync($"{Words("identifier_kind = {kind:String} AND identifier = {value:String}")} ORDER BY since, customer_id", new QueryParameters { { "kind", kind }, { "value", value } }, cancel);

    public Task<IReadOnlyList<KnownIdentifier>> OfAsync(IReadOnlyList<CustomerId> customers, CancellationToken cancel)
    {
        var parameters = new QueryParameters();
        for (var i = 0; i < customers.Count; i++) parameters.Add($"c{i}", customers[i].Utf8);
        var names = string.Join(", ", Enumerable.Range(0, customers.Count).Select(i => $"{{c{i}:String}}"));
        return ListAsync($"{Words($"customer_id IN ({names})")} ORDER BY kind, value, customer_id", parameters, cancel);
    }

    public async Task<IReadOnlyList<IReadOnlyList<KnownIdentifier>>> SharedAsync((string Kind, string Value)? after, int limit, CancellationToken cancel)
    {
        var parameters = new QueryParameters { { "kind", after?.Kind ?? "" }, { "value", after?.Value ?? "" }, { "limit", limit } };
        var shared = $"""
            SELECT customer_id, kind, value, since FROM
            (
                SELECT *, dense_rank() OVER (ORDER BY kind, value) AS place FROM
                (
                    SELECT *, count() OVER (PARTITION BY kind, value) AS customers FROM ({Words("(identifier_kind, identifier) > ({kind:String}, {value:String})")})
                )
                WHERE customers > 1
            )
            WHERE place <= {"{limit:Int64}"} ORDER BY kind, value, since, customer_id
            """;
        var rows = await ListAsync(shared, parameters, cancel);
        return [.. rows.GroupBy(r => (r.Kind, r.Value)).Select(g => (IReadOnlyList<KnownIdentifier>)[.. g])];
    }

    private async Task<IReadOnlyList<KnownIdentifier>> ListAsync(string sql, QueryParameters parameters, CancellationToken cancel)
    {
        try
        {
            return await client.ListAsync($"SELECT customer_id, kind, value, since FROM ({sql})",
                (ref RowBinaryReader row) => new KnownIdentifier(new CustomerId(row.Bytes()), row.Text(), row.Text(), row.Int64()), parameters, cancel: cancel);
        }
        catch (ClickHouseException e) when (e.Fault == Fault.Transient)
        {
            throw new EngineUnavailableException($"the warehouse does not answer: {e.Message}", RetryAfter);
        }
    }
}
