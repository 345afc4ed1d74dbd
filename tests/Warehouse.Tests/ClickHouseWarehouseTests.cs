using Lambda.BatchLayer.Ports;
using Lambda.TestKit;
using Lambda.TestKit.Conformance;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Fraud;
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

[Collection(LocalWarehouseCollection.Name)]
public sealed class ClickHouseFraudHistoryTests(LocalWarehouseFixture local) : FraudHistorySuite
{
    private ClickHouseClient _client = null!;

    protected override string? WhyAbsent => LocalWarehouse.LibraryPath is null ? LocalWarehouse.WhyAbsent : null;

    protected override IFraudHistory History => new ClickHouseFraudHistory(_client);

    protected override async Task<IWarehouse> OpenAsync() => new ClickHouseWarehouse(_client = await local.MigratedClientAsync());

    [SkippableFact]
    public async Task Artefact_WhenPut_IsReadWholeAndDroppedWithoutAName()
    {
        _ = Warehouse;
        var (store, random) = (new ClickHouseArtefacts(_client), new Random(3));
        var content = new byte[5 << 19];
        random.NextBytes(content);
        await store.PutAsync("fraud_a", new MemoryStream(content), None);
        await store.PutAsync("fraud_a", new MemoryStream([1]), None); // is there already
        await store.PutAsync("fraud_empty", new MemoryStream(), None);
        Assert.Equal(content, await ReadAsync(store, "fraud_a"));
        Assert.Empty(await ReadAsync(store, "fraud_empty"));
        await store.DropExceptAsync(["fraud_empty"], None);
        await Assert.ThrowsAsync<ArtefactMissingException>(() => ReadAsync(store, "fraud_a"));
        Assert.Empty(await ReadAsync(store, "fraud_empty"));
    }

    private static async Task<byte[]> ReadAsync(ClickHouseArtefacts store, string name)
    {
        var bytes = new MemoryStream();
        await foreach (var piece in store.ReadAsync(name, None)) bytes.Write(piece.Span);
        return bytes.ToArray();
    }
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
