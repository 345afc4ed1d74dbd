using System.Security.Cryptography;
using System.Text;
using Lambda.Warehouse.Client;

namespace Lambda.Warehouse.Schema;

/// <summary>
/// Follows the catalogue: adds the columns of fields that are newer than the table, and keeps the analysts' view `events` in step, which shows nothing of who was erased. Old rows hold the
/// default and have the field's `present` bit clear, so nothing is rewritten.
/// </summary>
internal sealed class RawEventEvolution(ClickHouseClient client)
{
    public async Task ApplyAsync(CancellationToken cancel)
    {
        var columns = await ColumnsAsync(cancel);
        for (var i = 0; i < RawEventColumns.All.Count; i++)
        {
            var wanted = RawEventColumns.All[i];
            if (columns.TryGetValue(wanted.Name, out var type)) Check(wanted, type);
            else await AddAsync(wanted, RawEventColumns.All[i - 1], cancel);
        }
        await RefreshViewAsync(cancel);
    }

    /// <summary>Rows behind the newest erasure of their customer. There are few erasures, and none when what they erased is gone.</summary>
    private const string NotErased = """
        (raw_events.partition, raw_events.offset) NOT IN
            (
                SELECT of_erased.partition, of_erased.offset FROM raw_events AS of_erased
                INNER JOIN (SELECT partition, customer_id, max(offset) AS erased FROM raw_erasures GROUP BY partition, customer_id) AS newest
                    ON of_erased.partition = newest.partition AND of_erased.customer_id = newest.customer_id
                WHERE (of_erased.partition, of_erased.customer_id) IN (SELECT partition, customer_id FROM raw_erasures) AND of_erased.offset < newest.erased
            )
        """;

    private async Task<Dictionary<string, string>> ColumnsAsync(CancellationToken cancel)
    {
        var rows = await client.ListAsync(
            "SELECT name, type FROM system.columns WHERE database = {database:String} AND table = {table:String}",
            (ref RowBinaryReader row) => (Name: row.Text(), Type: row.Text()),
            new QueryParameters { { "database", client.Database }, { "table", RawEventColumns.Table } }, cancel: cancel);
        return rows.ToDictionary(r => r.Name, r => r.Type);
    }

    private static void Check(RawColumn wanted, string type)
    {
        if (type != wanted.Type) throw new SchemaException($"column {RawEventColumns.Table}.{wanted.Name} is {type}, expected {wanted.Type}: a field never changes its type, add a new one");
    }

    private Task AddAsync(RawColumn column, RawColumn after, CancellationToken cancel) => client.ExecuteAsync(
        $"ALTER TABLE {RawEventColumns.Table} ADD COLUMN IF NOT EXISTS {column.Ddl} AFTER {Names.Quote(after.Name)}", repeat: Repeat.Safe, cancel: cancel);

    /// <summary>The view carries a hash of its text as comment, so that it is replaced only when that changed.</summary>
    private async Task RefreshViewAsync(CancellationToken cancel)
    {
        var select = $"""
            SELECT
                {RawEventColumns.ViewSelect}
            FROM {RawEventColumns.Table}
            WHERE {NotErased}
            ORDER BY partition, customer_id, event_id, offset
            LIMIT 1 BY partition, customer_id, event_id
            """;
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(select)));
        var comments = await client.ListAsync(
            "SELECT comment FROM system.tables WHERE database = {database:String} AND name = 'events'", (ref RowBinaryReader row) => row.Text(),
            new QueryParameters { { "database", client.Database } }, cancel: cancel);
        if (comments is [var comment] && comment.EndsWith(hash, StringComparison.Ordinal)) return;
        await client.ExecuteAsync(
            $"CREATE OR REPLACE VIEW events AS {select} COMMENT 'Distinct events for analysis: absent fields are NULL. {hash}'", repeat: Repeat.Safe, cancel: cancel);
    }
}
