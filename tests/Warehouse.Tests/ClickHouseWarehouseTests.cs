using Lambda.BatchLayer.Ports;
using Lambda.TestKit;
using Lambda.TestKit.Conformance;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Schema;
using Lambda.Warehouse.Tests.Local;
using Xunit;

namespace Lambda.Warehouse.Tests;

[Collection(LocalWarehouseCollection.Name)]
public sealed class ClickHouseRawEventsTests(LocalWarehouseFixture local) : RawEventsSuite
{
    protected override string? WhyAbsent => LocalWarehouse.LibraryPath is null ? LocalWarehouse.WhyAbsent : null;

    private ClickHouseClient _client = null!;

    protected override async Task<IWarehouse> OpenAsync() => new ClickHouseWarehouse(_client = await local.MigratedClientAsync());

    protected override async Task AssertShownAsync(params long[] offsets) =>
        Assert.Equal(offsets, await _client.ListAsync("SELECT offset FROM events ORDER BY offset", (ref RowBinaryReader row) => row.Int64()));
}

[Collection(LocalWarehouseCollection.Name)]
public sealed class ClickHouseComputedViewTests(LocalWarehouseFixture local) : ComputedViewSuite
{
    protected override string? WhyAbsent => LocalWarehouse.LibraryPath is null ? LocalWarehouse.WhyAbsent : null;

    protected override async Task<IWarehouse> OpenAsync() => new ClickHouseWarehouse(await local.MigratedClientAsync());
}

internal static class LocalWarehouseClients
{
    /// <summary>A client with a database of its own, migrated.</summary>
    internal static async Task<ClickHouseClient> MigratedClientAsync(this LocalWarehouseFixture local)
    {
        var client = new ClickHouseClient(new ClickHouseOptions { Url = local.Url, Database = local.NewDatabase() });
        await new Migrator(client).ApplyAsync(CancellationToken.None);
        return client;
    }
}
