using Lambda.Warehouse.Client;

namespace Lambda.Warehouse.Schema;

/// <summary>
/// Settings that make merges cheap, the larger part of what rows cost ClickHouse. They are no part of the schema: a setting that the server's version does
/// not know is left out, and a table that has them is not touched.
/// </summary>
internal sealed class MergeTuning(ClickHouseClient client)
{
    /// <summary>
    /// Statistics of every column would be computed at every merge, and no query of ours asks for them. Parts are merged sixteen at a time, so that a row is
    /// rewritten once where it was twice: what an old day or a customer's events then read from some more parts is less than that.
    /// </summary>
    public static readonly IReadOnlyList<(string Name, string Value)> RawEvents = [("auto_statistics_types", "''"), ("min_parts_to_merge_at_once", "16")];

    /// <summary>No statistics. Merged as by default: its readers take the newest of a customer's rows, which costs more the more parts there are.</summary>
    public static readonly IReadOnlyList<(string Name, string Value)> Population = [("auto_statistics_types", "''")];

    public async Task ApplyAsync(string table, IReadOnlyList<(string Name, string Value)> wanted, CancellationToken cancel)
    {
        var known = await client.ListAsync("SELECT name FROM system.merge_tree_settings", (ref RowBinaryReader row) => row.Text(), cancel: cancel);
        var has = await client.ListAsync("SELECT engine_full FROM system.tables WHERE database = {database:String} AND name = {table:String}",
            (ref RowBinaryReader row) => row.Text(), new QueryParameters { { "database", client.Database }, { "table", table } }, cancel: cancel);
        var missing = wanted.Select(s => $"{s.Name} = {s.Value}").Where(s => known.Contains(s[..s.IndexOf(' ')]) && !has[0].Contains(s)).ToList();
        if (missing.Count == 0) return;
        await client.ExecuteAsync($"ALTER TABLE {Names.Quote(table)} MODIFY SETTING {string.Join(", ", missing)}", repeat: Repeat.Safe, cancel: cancel);
    }
}
