using Lambda.BatchLayer.Privacy;
using Lambda.Domain.Log;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Population;
using Lambda.Warehouse.RawEvents;
using Lambda.Warehouse.Schema;

namespace Lambda.Warehouse.Privacy;

/// <summary>
/// Rows of raw_events, of every population table and of raw_erasures. What goes from raw_events is first noted as totals, for what the log handed over must still add
/// up. Mutations name the person by the position of the erasure: the server keeps their text.
/// </summary>
public sealed class WarehouseErasure(ClickHouseClient client) : IErasable
{
    private const string Erased = "customer_id IN (SELECT customer_id FROM raw_erasures WHERE partition = {partition:UInt16} AND offset = {erasure:Int64})";

    /// <summary>On every replica, before the statement answers.</summary>
    private static readonly QuerySettings Synchronously = new() { ["mutations_sync"] = "2", ["allow_nondeterministic_mutations"] = "1" };

    public string Store => "warehouse";

    public async Task<Removal> RemoveAsync(ErasureTarget target, CancellationToken cancel)
    {
        var place = PlaceOf(target);
        var dirty = await DirtyAsync(place, cancel);
        const string erasure = $"FROM {ErasureBlock.Table} WHERE partition = {{partition:UInt16}} AND offset = {{erasure:Int64}}";
        if (dirty.Count > 0 && await CountAsync(erasure, place, cancel) == 0)
            await client.ExecuteAsync($"INSERT INTO {ErasureBlock.Table} SELECT {{partition:UInt16}}, {{erasure:Int64}}, 0, {{customer:String}}", place, repeat: Repeat.Safe, cancel: cancel);
        await NoteTotalsAsync(place, cancel);
        foreach (var (table, what) in dirty) await client.ExecuteAsync($"ALTER TABLE {table} DELETE WHERE {what}", place, Synchronously, Repeat.Safe, cancel: cancel);
        if (await CountAsync(erasure, place, cancel) > 0)
            await client.ExecuteAsync($"ALTER TABLE {ErasureBlock.Table} DELETE WHERE partition = {{partition:UInt16}} AND offset = {{erasure:Int64}}", place, Synchronously, Repeat.Safe, cancel: cancel);
        var removed = await client.ListAsync("SELECT toInt64(max(events)) FROM raw_removed WHERE partition = {partition:UInt16} AND erasure = {erasure:Int64}", (ref RowBinaryReader row) => row.Int64(), place, cancel: cancel);
        return new Removal(removed[0], Note: "counted are events; their totals are kept, without a name");
    }

    /// <summary>Whether rows that should be gone are there: one may have been written behind the removal, by a sweep of all customers that began before.</summary>
    internal async Task<bool> AnyLeftAsync(ErasureTarget target, CancellationToken cancel) => (await DirtyAsync(PlaceOf(target), cancel)).Count > 0;

    private static QueryParameters PlaceOf(ErasureTarget target) =>
        new() { { "partition", target.Partition }, { "erasure", target.Offset }, { "customer", target.Person.Utf8 }, { "sunk", target.SunkBelow } };

    private async Task<List<(string Table, string What)>> DirtyAsync(QueryParameters place, CancellationToken cancel)
    {
        var dirty = new List<(string Table, string What)>();
        foreach (var (table, what) in await TablesAsync(place, cancel))
            if (await CountAsync($"FROM {table} WHERE {what.Replace(Erased, "customer_id = {customer:String}")}", place, cancel) > 0) dirty.Add((table, what));
        return dirty;
    }

    /// <summary>Once: what another erasure of this customer took out or noted is not counted again.</summary>
    private async Task NoteTotalsAsync(QueryParameters place, CancellationToken cancel)
    {
        if (await CountAsync("FROM raw_removed WHERE partition = {partition:UInt16} AND erasure = {erasure:Int64}", place, cancel) > 0) return;
        await client.ExecuteAsync($$"""
            INSERT INTO raw_removed
            SELECT {partition:UInt16}, {erasure:Int64}, count(), sum(content_hash), sum(toInt128(billing_amount_minor)) FROM
            (
                SELECT offset, any(raw_events.content_hash) AS content_hash, any(raw_events.billing_amount_minor) AS billing_amount_minor FROM raw_events
                WHERE partition = {partition:UInt16} AND {{Erased}} AND raw_events.offset < {erasure:Int64} AND {{Uncounted.Condition}}
                GROUP BY offset
            )
            """, place, repeat: Repeat.Never, cancel: cancel);
    }

    /// <summary>Where rows of the customer may be, and which of them go. Rows that hide others stay as long as a newer erasure might need them.</summary>
    private async Task<IReadOnlyList<(string Table, string What)>> TablesAsync(QueryParameters place, CancellationToken cancel)
    {
        var newer = await CountAsync($"FROM {ErasureBlock.Table} WHERE partition = {{partition:UInt16}} AND customer_id = {{customer:String}} AND offset > {{erasure:Int64}}", place, cancel) > 0;
        var gone = newer ? "" : " OR (gone = 1 AND applied <= {sunk:Int64})";
        var populations = await client.ListAsync("SELECT name FROM system.tables WHERE database = {database:String} AND (startsWith(name, {prefix:String}) OR startsWith(name, 'moving_'))",
            (ref RowBinaryReader row) => row.Text(), new QueryParameters { { "database", client.Database }, { "prefix", ClickHousePopulation.View + "_" } }, cancel: cancel);
        return
        [
            (RawEventColumns.Table, $"partition = {{partition:UInt16}} AND {Erased} AND offset < {{erasure:Int64}}"),
            .. populations.Select(t => (Names.Quote(t), $"{Erased} AND (applied <= {{erasure:Int64}}{gone})")),
        ];
    }

    private async Task<long> CountAsync(string from, QueryParameters place, CancellationToken cancel) =>
        (await client.ListAsync($"SELECT count() {from}", (ref RowBinaryReader row) => (long)row.UInt64(), place, cancel: cancel))[0];
}

/// <summary>Rows of raw_events that no erasure has noted as removed: what of it is noted and still there counts once.</summary>
internal static class Uncounted
{
    /// <summary>Parameter: {partition:UInt16}.</summary>
    public const string Condition = """
        (partition, raw_events.offset) NOT IN
        (
            SELECT of_erased.partition, of_erased.offset FROM raw_events AS of_erased INNER JOIN
                (SELECT customer_id, max(offset) AS noted FROM raw_erasures WHERE partition = {partition:UInt16} AND (partition, offset) IN (SELECT partition, erasure FROM raw_removed) GROUP BY customer_id) AS noted_erasures
                ON of_erased.customer_id = noted_erasures.customer_id
            WHERE of_erased.partition = {partition:UInt16} AND of_erased.offset < noted_erasures.noted
                AND of_erased.customer_id IN (SELECT customer_id FROM raw_erasures WHERE partition = {partition:UInt16} AND (partition, offset) IN (SELECT partition, erasure FROM raw_removed))
        )
        """;
}

/// <summary>Parts and tables that the server has replaced and keeps for some minutes more: everything older than the last pass that found rows is gone from its disk.</summary>
public sealed class WarehouseParts(ClickHouseClient client, TimeProvider time) : IErasable
{
    private readonly WarehouseErasure _rows = new(client);
    private readonly Dictionary<(int Partition, long Offset), long> _removedMs = [];

    /// <summary>The server's clock and this node's.</summary>
    private const long ClocksDifferSeconds = 10;

    public string Store => "warehouse files";

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    public async Task<Removal> RemoveAsync(ErasureTarget target, CancellationToken cancel)
    {
        var erasure = (target.Partition, target.Offset);
        if (await _rows.AnyLeftAsync(target, cancel))
        {
            await _rows.RemoveAsync(target, cancel);
            _removedMs[erasure] = NowMs;
        }
        _removedMs.TryAdd(erasure, NowMs); // a process before this one may have removed rows a second time
        var left = await client.ListAsync("""
            SELECT sum(n) FROM
            (
                SELECT count() AS n FROM system.parts WHERE database = {database:String} AND NOT active AND remove_time <= toDateTime({until:Int64})
                UNION ALL
                SELECT count() AS n FROM system.dropped_tables WHERE database = {database:String}
            )
            """, (ref RowBinaryReader row) => (long)row.UInt64(),
            new QueryParameters { { "database", client.Database }, { "until", _removedMs[erasure] / 1000 + ClocksDifferSeconds } }, cancel: cancel);
        if (left[0] == 0) _removedMs.Remove(erasure);
        return left[0] == 0 ? new Removal(0) : new Removal(0, "the server has not yet deleted the parts and tables that were replaced");
    }
}
