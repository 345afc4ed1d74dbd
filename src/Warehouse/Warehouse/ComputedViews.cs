using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Lambda.Domain.Events;
using Lambda.Domain.Views;
using Lambda.Warehouse.Client;

namespace Lambda.Warehouse;

/// <summary>
/// The recomputed views: a table per definition and epoch (`batch_HASH_eEPOCH`), a row per customer, partitioned as the log is. Each try of a partition
/// computes into a table of its own, which then replaces the partition in one step: so a repeat finds nothing half done, and a statement that a crash
/// left running on the server can only fill a table that nobody reads.
/// </summary>
internal sealed partial class ComputedViews(ClickHouseClient client)
{
    private readonly ConditionalWeakTable<ViewDefinition, string> _customerSql = [];
    private readonly BatchSettings _batch = new(client);

    public async Task<long> ComputeAsync(CompiledView view, long epoch, int partition, long cutOffset, int lastPrunedDay, CancellationToken cancel)
    {
        var definition = view.Definition;
        var table = TableOf(definition, epoch);
        var attempts = $"computing{table["batch".Length..]}_p{partition}_";
        var attempt = attempts + Guid.NewGuid().ToString("N")[..12];
        await DropTablesAsync(name => name.StartsWith(attempts, StringComparison.Ordinal), cancel);
        await client.ExecuteAsync($"CREATE TABLE IF NOT EXISTS {table} {ShapeOf(definition)}", repeat: Repeat.Safe, cancel: cancel);
        await client.ExecuteAsync($"CREATE TABLE {attempt} {ShapeOf(definition)}", cancel: cancel);
        var erasures = await HasErasuresAsync(partition, cutOffset, cancel) ? RawEvents.ErasureBlock.Table : null;
        foreach (var (from, to) in await SlicesAsync(partition, cutOffset, cancel))
        {
            var places = Places(partition, cutOffset, lastPrunedDay);
            places.Add("from", from);
            places.Add("to", to);
            await client.ExecuteAsync($$"""
                INSERT INTO {{attempt}} (partition, last_pruned_day, customer_id, {{ColumnsOf(definition)}})
                SELECT {partition:UInt16}, {last_pruned_day:Int32}, * FROM
                (
                    {{ViewSql.StatesSelect(definition, Schema.RawEventColumns.Table, erasures)}}
                )
                """, places, await _batch.GetAsync(cancel), cancel: cancel);
        }
        var customers = (await client.ListAsync($"SELECT count() FROM {attempt}", (ref RowBinaryReader row) => (long)row.UInt64(), cancel: cancel))[0];
        var change = customers > 0 ? $"REPLACE PARTITION {Number(partition)} FROM {attempt}" : $"DROP PARTITION {Number(partition)}"; // nothing is refused as a source
        await client.ExecuteAsync($"ALTER TABLE {table} {change}", repeat: Repeat.Safe, cancel: cancel);
        await client.ExecuteAsync($"DROP TABLE IF EXISTS {attempt} SYNC", repeat: Repeat.Safe, cancel: cancel);
        return customers;
    }

    public async IAsyncEnumerable<(CustomerId Customer, State State)> ReadAsync(
        CompiledView view, long epoch, int partition, [EnumeratorCancellation] CancellationToken cancel)
    {
        var table = TableOf(view.Definition, epoch);
        var place = new QueryParameters { { "partition", partition } };
        var pruned = await client.ListAsync($"SELECT any(last_pruned_day) FROM {table} WHERE partition = {{partition:UInt16}}",
            (ref RowBinaryReader row) => row.Int32(), place, cancel: cancel);
        var rows = client.QueryAsync(
            $"SELECT customer_id, {ColumnsOf(view.Definition)} FROM {table} WHERE partition = {{partition:UInt16}} ORDER BY customer_id",
            CustomerStates(new StateRowReader(view.Definition, pruned[0])), place, await _batch.GetAsync(cancel), cancel: cancel);
        await foreach (var row in rows) yield return row;
    }

    public Task DropAsync(IReadOnlyCollection<long> keep, CancellationToken cancel) =>
        DropTablesAsync(name => EpochPattern().Match(name) is { Success: true } found && !keep.Contains(long.Parse(found.Groups[1].ValueSpan, CultureInfo.InvariantCulture)), cancel);

    public async Task<State?> RecomputeCustomerAsync(CompiledView view, int partition, CustomerId customer, long belowOffset, CancellationToken cancel)
    {
        var places = Places(partition, belowOffset, int.MinValue);
        places.Add("customer", customer.Utf8);
        var sql = _customerSql.GetValue(view.Definition, d => ViewSql.CustomerSelect(d, Schema.RawEventColumns.Table, RawEvents.ErasureBlock.Table)); // 20 ms to write
        var rows = await client.ListAsync(sql,
            CustomerStates(new StateRowReader(view.Definition, int.MinValue)), places, Settings, cancel: cancel);
        return rows is [var (_, state)] ? state : null;
    }

    private async Task<bool> HasErasuresAsync(int partition, long cutOffset, CancellationToken cancel) => (await client.ListAsync(
        $"SELECT count() FROM {RawEvents.ErasureBlock.Table} WHERE partition = {{partition:UInt16}} AND offset < {{cut:Int64}}",
        (ref RowBinaryReader row) => row.UInt64(), new QueryParameters { { "partition", partition }, { "cut", cutOffset } }, cancel: cancel))[0] > 0;

    /// <summary>A statement's memory grows with its customers: a large partition is computed in several.</summary>
    private async Task<IReadOnlyList<(string From, string To)>> SlicesAsync(int partition, long cutOffset, CancellationToken cancel)
    {
        var sampled = await client.ListAsync(ViewSql.SlicesSelect(Schema.RawEventColumns.Table), (ref RowBinaryReader row) =>
        {
            var events = (long)row.UInt64();
            var samples = new string[row.Count()];
            for (var i = 0; i < samples.Length && !row.Incomplete; i++) samples[i] = row.Text();
            return (Events: events, Samples: samples);
        }, new QueryParameters { { "partition", partition }, { "cut", cutOffset } }, await _batch.GetAsync(cancel), cancel: cancel);
        return ViewSql.Slices(sampled[0].Events, sampled[0].Samples);
    }

    private static RowParser<(CustomerId, State)> CustomerStates(StateRowReader reader) => (ref RowBinaryReader row) =>
    {
        var customer = row.Bytes();
        if (row.Incomplete) return default;
        if (!reader.TryRead(row.Rest, out var used, out var state))
        {
            row.MarkIncomplete();
            return default;
        }
        row.Skip(used);
        return (new CustomerId(customer), state);
    };

    private async Task DropTablesAsync(Predicate<string> which, CancellationToken cancel)
    {
        var tables = await client.ListAsync(
            "SELECT name FROM system.tables WHERE database = {database:String} AND (startsWith(name, 'batch_') OR startsWith(name, 'computing_'))",
            (ref RowBinaryReader row) => row.Text(), new QueryParameters { { "database", client.Database } }, cancel: cancel);
        foreach (var table in tables.Where(t => which(t)))
            await client.ExecuteAsync($"DROP TABLE IF EXISTS {Names.Quote(table)} SYNC", repeat: Repeat.Safe, cancel: cancel);
    }

    private static string TableOf(ViewDefinition definition, long epoch) => $"batch_{definition.Hash[..8]}_e{Number(epoch)}";

    private static string ColumnsOf(ViewDefinition definition) => string.Join(", ", ViewSql.StateColumns(definition).Select(c => c.Name));

    private static string ShapeOf(ViewDefinition definition) => $"""
        (partition UInt16, last_pruned_day Int32, customer_id String, {string.Join(", ", ViewSql.StateColumns(definition).Select(c => $"{c.Name} {c.Type}"))})
        ENGINE = MergeTree PARTITION BY partition ORDER BY customer_id
        SETTINGS min_bytes_for_wide_part = 0, min_rows_for_wide_part = 0, min_level_for_wide_part = 1
        """;

    private static QueryParameters Places(int partition, long cut, int lastPrunedDay) =>
        new() { { "partition", partition }, { "cut", cut }, { "last_pruned_day", lastPrunedDay } };

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Of one customer's answer, which somebody waits for.</summary>
    private static readonly QuerySettings Settings = new() { ["max_threads"] = "1" };

    [GeneratedRegex(@"^(?:batch|computing)_[0-9a-f]{8}_e(\d+)(?:_p\d+_[0-9a-f]+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex EpochPattern();
}
