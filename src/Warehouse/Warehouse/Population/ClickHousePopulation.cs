using System.Collections.Concurrent;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Schema;

namespace Lambda.Warehouse.Population;

/// <summary>
/// `customer_current`: a view on the active definition's table, replaced in one step. Writing a row again changes nothing, so writes are sent again
/// while the server is away.
/// </summary>
public sealed class ClickHousePopulation(ClickHouseClient client) : IPopulation, IDisposable
{
    public const string View = "customer_current";

    private readonly ConcurrentDictionary<string, ConcurrentBag<PopulationBlock>> _idle = [];
    private volatile string? _ensured; // hash of the definition whose table was last made sure of

    public async Task EnsureAsync(ViewDefinition definition, CancellationToken cancel)
    {
        if (_ensured == definition.Hash) return;
        await client.ExecuteAsync(PopulationTable.Ddl(definition), repeat: Repeat.Safe, cancel: cancel);
        await BringUpToDateAsync(definition, cancel);
        await new MergeTuning(client).ApplyAsync(PopulationTable.NameOf(definition), MergeTuning.Population, cancel);
        _ensured = definition.Hash;
    }

    /// <summary>A table of before erasures were known has no column for them, one of before persons a narrower stamp, and its engine cannot be told: its rows move into one that has.</summary>
    private async Task BringUpToDateAsync(ViewDefinition definition, CancellationToken cancel)
    {
        var (table, moving) = (PopulationTable.NameOf(definition), $"moving_{PopulationTable.NameOf(definition)}");
        var columns = await client.ListAsync("SELECT name, type FROM system.columns WHERE database = {database:String} AND table = {table:String}",
            (ref RowBinaryReader row) => (Name: row.Text(), Type: row.Text()), new QueryParameters { { "database", client.Database }, { "table", table } }, cancel: cancel);
        var hasGone = columns.Any(c => c.Name == "gone");
        if (hasGone && columns.Contains(("stamp", PopulationTable.StampType))) return;
        await client.ExecuteAsync($"DROP TABLE IF EXISTS {moving} SYNC", repeat: Repeat.Safe, cancel: cancel);
        await client.ExecuteAsync(PopulationTable.Ddl(definition, moving), repeat: Repeat.Safe, cancel: cancel);
        await client.ExecuteAsync($"INSERT INTO {moving} SELECT *{(hasGone ? "" : ", 0")} FROM {table}", cancel: cancel);
        await client.ExecuteAsync($"EXCHANGE TABLES {table} AND {moving}", cancel: cancel);
        await client.ExecuteAsync($"DROP TABLE IF EXISTS {moving} SYNC", repeat: Repeat.Safe, cancel: cancel);
    }

    public async Task WriteAsync(ViewDefinition definition, IEnumerable<PopulationRow> rows, CancellationToken cancel)
    {
        var idle = _idle.GetOrAdd(definition.Hash, _ => []);
        var block = idle.TryTake(out var taken) ? taken : new PopulationBlock(definition);
        var gone = new List<PopulationRow>();
        foreach (var row in rows)
        {
            block.Add(row);
            if (row is { IsGone: true, IsOfAnother: false }) gone.Add(row);
        }
        if (gone.Count > 0) await HideElsewhereAsync(definition, gone, cancel);
        if (block.Block.Rows > 0) await block.Block.InsertAsync(client, PopulationTable.NameOf(definition), Repeat.Safe, Settings, cancel);
        block.Block.Clear(); // given back after success only: a failed request may still be reading it
        if (idle.Count < IdleMax) idle.Add(block);
        else block.Dispose();
    }

    /// <summary>Until a new definition's table takes over, the old one is shown, which nobody writes any more: who is erased goes from that, too.</summary>
    private async Task HideElsewhereAsync(ViewDefinition definition, List<PopulationRow> gone, CancellationToken cancel)
    {
        var others = await client.ListAsync("SELECT table FROM system.columns WHERE database = {database:String} AND name = 'gone' AND startsWith(table, {prefix:String}) AND table != {own:String}",
            (ref RowBinaryReader row) => row.Text(),
            new QueryParameters { { "database", client.Database }, { "prefix", View + "_" }, { "own", PopulationTable.NameOf(definition) } }, cancel: cancel);
        foreach (var table in others)
        {
            var block = new HidingBlock(gone);
            await block.Block.InsertAsync(client, table, Repeat.Safe, Settings, cancel);
            block.Block.Dispose(); // after success only, as above
        }
    }

    public async Task ActivateAsync(ViewDefinition definition, CancellationToken cancel)
    {
        var active = PopulationTable.NameOf(definition);
        _ensured = null; // the others' tables go
        await client.ExecuteAsync($"CREATE OR REPLACE VIEW {View} AS SELECT * EXCEPT (stamp, gone) FROM {active} FINAL", repeat: Repeat.Safe, cancel: cancel);
        var tables = await client.ListAsync(
            "SELECT name FROM system.tables WHERE database = {database:String} AND startsWith(name, {prefix:String}) AND name != {active:String}",
            (ref RowBinaryReader row) => row.Text(),
            new QueryParameters { { "database", client.Database }, { "prefix", View + "_" }, { "active", active } }, cancel: cancel);
        foreach (var table in tables) await client.ExecuteAsync($"DROP TABLE IF EXISTS {Names.Quote(table)} SYNC", repeat: Repeat.Safe, cancel: cancel);
        foreach (var hash in _idle.Keys.Where(h => h != definition.Hash))
            if (_idle.TryRemove(hash, out var blocks)) Drop(blocks);
    }

    public void Dispose()
    {
        foreach (var blocks in _idle.Values) Drop(blocks);
    }

    private static void Drop(ConcurrentBag<PopulationBlock> blocks)
    {
        while (blocks.TryTake(out var block)) block.Dispose();
    }

    private const int IdleMax = 2;

    /// <summary>No collapsing at insert: a batch holds a customer once, as a rule, and looking for more costs more than the insert.</summary>
    private static readonly QuerySettings Settings = new() { ["optimize_on_insert"] = "0" };
}
