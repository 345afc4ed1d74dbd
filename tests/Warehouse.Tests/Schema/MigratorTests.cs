using Lambda.TestKit;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Schema;
using Lambda.Warehouse.Tests.Local;
using Xunit;

namespace Lambda.Warehouse.Tests.Schema;

[Collection(LocalWarehouseCollection.Name)]
public sealed class MigratorTests(LocalWarehouseFixture local)
{
    private static readonly CancellationToken None = CancellationToken.None;

    [SkippableFact]
    public async Task Apply_WhenRepeated_AppliesNothingMore()
    {
        using var client = Client();
        Assert.Equal(Migrator.Shipped.Select(m => m.Number), await new Migrator(client).ApplyAsync(None));
        Assert.Empty(await new Migrator(client).ApplyAsync(None));
    }

    [SkippableFact]
    public async Task Apply_WhenTheServerKnowsTheMergeSettings_SetsThemOnce()
    {
        using var client = Client();
        await new Migrator(client).ApplyAsync(None);
        var tuned = await TableAsync(client);
        Assert.Contains("min_parts_to_merge_at_once = 16", tuned);
        Assert.Contains("auto_statistics_types = ''", tuned);
        await new Migrator(client).ApplyAsync(None);
        Assert.Equal(tuned, await TableAsync(client));
        await new MergeTuning(client).ApplyAsync(RawEventColumns.Table, [("no_such_setting", "1")], None);
        Assert.Equal(tuned, await TableAsync(client));
    }

    private static async Task<string> TableAsync(ClickHouseClient client) =>
        (await client.ListAsync("SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = 'raw_events'", (ref RowBinaryReader row) => row.Text()))[0];

    [SkippableFact]
    public async Task Apply_WhenCrashedInTheMiddle_IsFinishedByTheNext()
    {
        using var client = Client();
        var crashing = new Migration(Migrator.Shipped[^1].Number + 1, "two", "CREATE TABLE IF NOT EXISTS two (n Int64) ENGINE = MergeTree ORDER BY n;\nSELECT throwIf(1);\n");
        await Assert.ThrowsAsync<ClickHouseException>(() => new Migrator(client, [.. Migrator.Shipped, crashing]).ApplyAsync(None));
        var whole = new Migration(Migrator.Shipped[^1].Number + 1, "two", crashing.Text.Replace("throwIf(1)", "1"));
        Assert.Equal([whole.Number], await new Migrator(client, [.. Migrator.Shipped, whole]).ApplyAsync(None));
    }

    [SkippableFact]
    public async Task Apply_WhenAnAppliedOneWasEdited_Refuses()
    {
        using var client = Client();
        await new Migrator(client).ApplyAsync(None);
        var edited = Migrator.Shipped.Select(m => new Migration(m.Number, m.Name, m.Text + "\n")).ToList();
        var error = await Assert.ThrowsAsync<SchemaException>(() => new Migrator(client, edited).ApplyAsync(None));
        Assert.Contains("0001_raw_events", error.Message);
    }

    [SkippableFact]
    public async Task Apply_WhenDatabaseIsNewer_Refuses()
    {
        using var client = Client();
        await new Migrator(client, [.. Migrator.Shipped, new Migration(7, "later", "SELECT 1;\n")]).ApplyAsync(None);
        var error = await Assert.ThrowsAsync<SchemaException>(() => new Migrator(client).ApplyAsync(None));
        Assert.Contains("0007", error.Message);
    }

    [SkippableFact]
    public async Task Apply_WhenAFieldHasNoColumnYet_AddsItInItsPlace()
    {
        using var client = Client();
        await new Migrator(client).ApplyAsync(None);
        var before = await ColumnsAsync(client);
        await client.ExecuteAsync("DROP VIEW events");
        await client.ExecuteAsync("ALTER TABLE raw_events DROP COLUMN granted, DROP COLUMN extras, DROP COLUMN amount_minor");
        await new Migrator(client).ApplyAsync(None);
        Assert.Equal(before, await ColumnsAsync(client));
        Assert.Equal(RawEventColumns.All.Select(c => c.Name), before);
        Assert.Empty(await client.ListAsync("SELECT amount_minor FROM events", (ref RowBinaryReader row) => row.IsNull()));
    }

    [SkippableFact]
    public async Task Apply_WhenAColumnHasAnotherType_Refuses()
    {
        using var client = Client();
        await new Migrator(client).ApplyAsync(None);
        await client.ExecuteAsync("ALTER TABLE raw_events MODIFY COLUMN mcc String");
        await Assert.ThrowsAsync<SchemaException>(() => new Migrator(client).ApplyAsync(None));
    }

    private ClickHouseClient Client() => new(new ClickHouseOptions { Url = local.Url, Database = local.NewDatabase() });

    private static Task<List<string>> ColumnsAsync(ClickHouseClient client) => client.ListAsync(
        "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'raw_events' ORDER BY position", (ref RowBinaryReader row) => row.Text());
}
