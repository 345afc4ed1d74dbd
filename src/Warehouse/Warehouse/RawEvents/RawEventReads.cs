using Lambda.BatchLayer.Ports;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Privacy;
using Lambda.Warehouse.Schema;

namespace Lambda.Warehouse.RawEvents;

/// <summary>
/// Questions about raw_events. The table holds each record at least once: everything here takes a position once, and of the copies of an event
/// the one with the lowest offset.
/// </summary>
internal sealed class RawEventReads(ClickHouseClient client)
{
    /// <summary>A partition at a time: the set of positions is what memory holds, and the primary key finds the partition's rows.</summary>
    private readonly BatchSettings _batch = new(client);

    public async Task<IReadOnlyList<RawTotals>> TotalsAsync(Cut cut, CancellationToken cancel)
    {
        var totals = new List<RawTotals>();
        for (var p = 0; p < cut.Partitions; p++) totals.Add(await TotalsAsync(p, cut[p], cancel));
        return totals;
    }

    private async Task<RawTotals> TotalsAsync(int partition, long cut, CancellationToken cancel)
    {
        const string sums = "sum(content_hash), sum(toInt128(billing_amount_minor))";
        var removed = await RemovedAsync(partition, cut, cancel);
        var below = $"FROM raw_events WHERE partition = {"{partition:UInt16}"} AND offset < {"{cut:Int64}"}{(removed is null ? "" : $" AND {Uncounted.Condition}")}";
        // Both sums wrap, as the log's own do. Repeats of a position are rare: rows are summed as they are if there is none.
        var rows = await client.ListAsync($"SELECT count(), uniqExact(offset), {sums} {below}",
            (ref RowBinaryReader row) => (Rows: row.UInt64(), Distinct: row.UInt64(), Hash: row.UInt64(), Billing: row.Int128()), Place(), await _batch.GetAsync(cancel), cancel: cancel);
        var all = rows[0];
        if (all.Rows == all.Distinct) return Sum(new RawTotals(partition, (long)all.Rows, all.Hash, all.Billing), removed);
        var once = await client.ListAsync(
            $"SELECT count(), {sums} FROM (SELECT offset, any(content_hash) AS content_hash, any(billing_amount_minor) AS billing_amount_minor {below} GROUP BY offset)",
            (ref RowBinaryReader row) => new RawTotals(partition, (long)row.UInt64(), row.UInt64(), row.Int128()), Place(), await _batch.GetAsync(cancel), cancel: cancel);
        return Sum(once[0], removed);

        QueryParameters Place() => new() { { "partition", partition }, { "cut", cut } };
    }

    private static RawTotals Sum(RawTotals held, RawTotals? removed) => removed is null
        ? held
        : new RawTotals(held.Partition, held.Events + removed.Events, unchecked(held.HashSum + removed.HashSum), held.BillingMinorSum + removed.BillingMinorSum);

    /// <summary>What erasures below the cut took out, or are about to; null when there is none.</summary>
    private async Task<RawTotals?> RemovedAsync(int partition, long cut, CancellationToken cancel)
    {
        var rows = await client.ListAsync("""
            SELECT count(), toInt64(sum(n)), sum(hash), sum(billing) FROM
            (
                SELECT any(events) AS n, any(content_hash) AS hash, any(billing_amount_minor) AS billing FROM raw_removed
                WHERE partition = {partition:UInt16} AND erasure < {cut:Int64} GROUP BY erasure
            )
            """, (ref RowBinaryReader row) => (Erasures: row.UInt64(), Totals: new RawTotals(partition, row.Int64(), row.UInt64(), row.Int128())),
            new QueryParameters { { "partition", partition }, { "cut", cut } }, cancel: cancel);
        return rows[0].Erasures == 0 ? null : rows[0].Totals;
    }

    /// <summary>
    /// First the few events that have several positions, one of them in the range, further apart than the horizon (the sort key brings copies side by
    /// side); then the times of their copies. Without that distance a file imported twice would have every event of it looked at.
    /// </summary>
    public async Task<IReadOnlyList<LateRepeat>> LateRepeatsAsync(int partition, long fromOffset, long toOffset, long horizonMs, CancellationToken cancel)
    {
        var counted = $"partition = {"{partition:UInt16}"} AND offset < {"{cut:Int64}"} AND {ViewSql.NotErased(RawEventColumns.Table, ErasureBlock.Table)}";
        var sql = $$"""
            SELECT customer_id, event_id, offset FROM
            (
                SELECT customer_id, event_id, offset, appended_at,
                    row_number() OVER copies AS copy, lagInFrame(appended_at, 1, appended_at) OVER copies AS earlier
                FROM
                (
                    SELECT customer_id, event_id, offset, any(raw_events.appended_at) AS appended_at FROM raw_events
                    WHERE {{counted}} AND (customer_id, event_id) IN
                    (
                        SELECT customer_id, event_id FROM raw_events WHERE {{counted}}
                        GROUP BY partition, customer_id, event_id HAVING max(offset) >= {from:Int64} AND max(offset) > min(offset) AND max(raw_events.appended_at) - min(raw_events.appended_at) > {horizon:Int64}
                        SETTINGS optimize_aggregation_in_order = 1
                    )
                    GROUP BY customer_id, event_id, offset
                )
                WINDOW copies AS (PARTITION BY customer_id, event_id ORDER BY offset ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
            )
            WHERE copy > 1 AND offset >= {from:Int64} AND appended_at - earlier > {horizon:Int64}
            ORDER BY offset
            """;
        var parameters = new QueryParameters { { "partition", partition }, { "from", fromOffset }, { "cut", toOffset }, { "horizon", horizonMs } };
        return await client.ListAsync(sql,
            (ref RowBinaryReader row) => new LateRepeat(new CustomerId(row.Bytes()), row.Text(), row.Int64()), parameters, await _batch.GetAsync(cancel), cancel: cancel);
    }

    /// <summary>One customer's rows lie side by side: more threads only cost their start.</summary>
    private static readonly QuerySettings OneThread = new() { ["max_threads"] = "1" };

    /// <summary>The page is found on narrow columns; only then are its bodies read.</summary>
    public async Task<IReadOnlyList<CustomerEvent>> EventsAsync(
        int partition, CustomerId customer, (long OccurredAtMicros, long Offset)? before, int limit, CancellationToken cancel)
    {
        var customerRows = $"FROM raw_events WHERE partition = {"{partition:UInt16}"} AND customer_id = {"{customer:String}"} AND raw_events.offset >= {ViewSql.CustomerErasedBefore(ErasureBlock.Table)}";
        var sql = $$"""
            SELECT offset, occurred_at, appended_at, body {{customerRows}} AND offset IN
            (
                SELECT offset FROM
                (
                    SELECT min(raw_events.offset) AS offset, argMin(raw_events.occurred_at, raw_events.offset) AS occurred_at {{customerRows}} GROUP BY event_id
                )
                {{(before is null ? "" : "WHERE (occurred_at, offset) < ({beforeAt:Int64}, {beforeOffset:Int64})")}}
                ORDER BY occurred_at DESC, offset DESC LIMIT {limit:Int64}
            )
            ORDER BY occurred_at DESC, offset DESC LIMIT 1 BY offset
            """;
        var parameters = new QueryParameters { { "partition", partition }, { "customer", customer.Utf8 }, { "cut", long.MaxValue }, { "limit", limit } };
        if (before is var (at, offset))
        {
            parameters.Add("beforeAt", at);
            parameters.Add("beforeOffset", offset);
        }
        return await client.ListAsync(sql,
            (ref RowBinaryReader row) => new CustomerEvent(row.Int64(), row.Int64(), row.Int64(), row.Bytes().ToArray()), parameters, OneThread, cancel: cancel);
    }
}
