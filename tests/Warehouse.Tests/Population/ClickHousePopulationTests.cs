using Lambda.Domain.Expressions;
using Lambda.SpeedLayer.Ports;
using Lambda.TestKit;
using Lambda.TestKit.Conformance;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Population;
using Lambda.Warehouse.Tests.Local;
using Xunit;

namespace Lambda.Warehouse.Tests.Population;

[Collection(LocalWarehouseCollection.Name)]
public sealed class ClickHousePopulationTests(LocalWarehouseFixture local) : PopulationSuite
{
    private ClickHouseClient _client = null!;

    protected override string? WhyAbsent => LocalWarehouse.LibraryPath is null ? LocalWarehouse.WhyAbsent : null;

    protected override async Task<IPopulation> OpenAsync() => new ClickHousePopulation(_client = await local.MigratedClientAsync());

    protected override async Task<Dictionary<string, (long Epoch, long Applied, int AsOfDay)>> ReadAsync()
    {
        var rows = await _client.ListAsync("SELECT customer_id, epoch, applied, toInt32(as_of) FROM customer_current",
            (ref RowBinaryReader row) => (row.Text(), (row.Int64(), row.Int64(), row.Int32())));
        return rows.ToDictionary(r => r.Item1, r => r.Item2);
    }

    [SkippableFact]
    public async Task Ensure_WhenTheTableIsOfBeforePersonsOrErasures_KeepsItsRows()
    {
        foreach (var hasGone in (bool[])[true, false])
        {
            await Population.EnsureAsync(One, default);
            await Population.WriteAsync(One, [Row(One, "a", 1, 10, 20_000), Row(One, "b", 1, 10, 20_000)], default);
            var table = (await _client.ListAsync("SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'customer_current_')", (ref RowBinaryReader row) => row.Text())).Single();
            var ddl = (await _client.ListAsync($"SELECT create_table_query FROM system.tables WHERE database = currentDatabase() AND name = '{table}'", (ref RowBinaryReader row) => row.Text())).Single();
            ddl = ddl.Replace(table, "as_it_was", StringComparison.Ordinal).Replace("UInt128", "UInt64", StringComparison.Ordinal);
            if (!hasGone) ddl = ddl.Replace(", `gone` UInt8", "", StringComparison.Ordinal).Replace("(stamp, gone)", "(stamp)", StringComparison.Ordinal);
            await _client.ExecuteAsync(ddl);
            await _client.ExecuteAsync($"INSERT INTO as_it_was SELECT *{(hasGone ? "" : " EXCEPT gone")} FROM {table} FINAL");
            await _client.ExecuteAsync($"EXCHANGE TABLES as_it_was AND {table}");
            await _client.ExecuteAsync("DROP TABLE as_it_was SYNC");

            var newer = new ClickHousePopulation(_client);
            await newer.EnsureAsync(One, default);
            await newer.WriteAsync(One, [Row(One, "b", 1, 10, 20_000) with { Linked = 1, IsGone = true }], default);
            await newer.ActivateAsync(One, default);
            Assert.Equal([("a", (1, 10, 20_000))], (await ReadAsync()).Select(r => (r.Key, r.Value)));
            await _client.ExecuteAsync($"TRUNCATE TABLE {table}");
        }
    }

    [SkippableFact]
    public async Task Write_WhenValuesAreOfEveryType_TheyReadAsTheyShould()
    {
        await Population.EnsureAsync(One, default);
        await Population.WriteAsync(One, [Row(One, "ü'x", 5, 7, 20_000, (scalars, maps, segments) =>
        {
            scalars[OutputOf(One, "spend")] = Value.Int(long.MinValue);
            scalars[OutputOf(One, "epoch")] = Value.Int(42);
            scalars[OutputOf(One, "half")] = Value.DecimalScaled(-1_500_000);
            scalars[OutputOf(One, "any")] = Value.Bool(true);
            scalars[OutputOf(One, "last_seen_at")] = Value.Instant(1_700_000_000_123_456);
            scalars[OutputOf(One, "email")] = TextOf("a@b.c");
            scalars[OutputOf(One, "birthday")] = Value.Day(-400_000);
            maps[OutputOf(One, "spend_by_category")]![0] = Value.Int(3);
            maps[OutputOf(One, "spend_by_category")]![^1] = Value.Int(4);
            segments[1] = true;
        }), Row(One, "empty", 5, 7, 20_000)], default);
        await Population.ActivateAsync(One, default);
        var rows = await _client.ListAsync("""
            SELECT toString(tuple(customer_id, spend, spend_7d, spend_by_category, last_seen_at, email, birthday, epoch_, half, any, segments, partition, epoch, applied, as_of))
            FROM customer_current ORDER BY customer_id
            """, (ref RowBinaryReader row) => row.Text());
        Assert.Equal([
            "('empty',NULL,NULL,{},NULL,NULL,NULL,NULL,NULL,NULL,[],3,5,7,'2024-10-04')",
            @"('ü\'x',-9223372036854775808,NULL,{'groceries':3,'(other)':4},'2023-11-14 22:13:20.123456','a@b.c','1900-01-01',42,-1.5,true,['seen'],3,5,7,'2024-10-04')",
        ], rows);
    }
}
