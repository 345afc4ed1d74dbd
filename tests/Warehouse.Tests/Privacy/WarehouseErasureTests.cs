using Lambda.BatchLayer.Privacy;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;
using Lambda.SpeedLayer.Ports;
using Lambda.TestKit;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Population;
using Lambda.Warehouse.Privacy;
using Lambda.Warehouse.Tests.Local;
using Xunit;

namespace Lambda.Warehouse.Tests.Privacy;

/// <summary>What the warehouse holds of somebody who was erased goes, also what somebody slow writes behind the removal.</summary>
[Collection(LocalWarehouseCollection.Name)]
public sealed class WarehouseErasureTests(LocalWarehouseFixture local)
{
    private const long ErasedAt = 9;
    private static readonly ViewDefinition View = DefinitionLoader.Load("one.yaml", "view: one\nmetrics:\n  logins: { of: login, count: true }\n");

    [SkippableFact]
    public async Task Parts_WhenARowCameBehindTheRemoval_TakeItOut()
    {
        var client = await ClientAsync();
        using var population = await FilledAsync(client);
        var (rows, parts) = (new WarehouseErasure(client), new WarehouseParts(client, TimeProvider.System));
        await rows.RemoveAsync(Target, default);
        Assert.Equal(["b"], await CustomersAsync(client));
        await population.WriteAsync(View, [Row("a", ErasedAt), Row("c", 8)], default); // a sweep that took its rows before

        await parts.RemoveAsync(Target, default);

        Assert.Equal(["b", "c"], await CustomersAsync(client));
        await population.WriteAsync(View, [Row("a", ErasedAt + 1)], default); // somebody new
        await parts.RemoveAsync(Target, default);
        Assert.Equal(["a", "b", "c"], await CustomersAsync(client));
    }

    [SkippableFact]
    public async Task Parts_AfterARestart_WaitForWhatWasReplacedSince()
    {
        var client = await ClientAsync();
        using var population = await FilledAsync(client);
        await new WarehouseErasure(client).RemoveAsync(Target, default); // a second pass of a process that is gone: its time is noted nowhere

        var waits = await new WarehouseParts(client, TimeProvider.System).RemoveAsync(Target with { CleanedAtMs = 0 }, default);

        Assert.NotNull(waits.Waits);
    }

    private static ErasureTarget Target => new(CustomerId.From("a"), 0, ErasedAt, 0, Publication.Initial(View.Hash, 1, 0), 100, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());

    private async Task<ClickHouseClient> ClientAsync()
    {
        Skip.If(LocalWarehouse.LibraryPath is null, LocalWarehouse.WhyAbsent);
        return await local.MigratedClientAsync();
    }

    private static async Task<ClickHousePopulation> FilledAsync(ClickHouseClient client)
    {
        var population = new ClickHousePopulation(client);
        await population.EnsureAsync(View, default);
        await population.WriteAsync(View, [Row("a", 5), Row("b", 6)], default);
        await population.ActivateAsync(View, default);
        await client.ExecuteAsync($"INSERT INTO raw_erasures VALUES (0, {ErasedAt}, 0, 'a')");
        return population;
    }

    private static PopulationRow Row(string customer, long applied) => new(CustomerId.From(customer), 0, 1, applied, PopulationRow.Nobody(new CompiledView(View), 20_000));

    private static Task<List<string>> CustomersAsync(ClickHouseClient client) =>
        client.ListAsync("SELECT customer_id FROM customer_current ORDER BY customer_id", (ref RowBinaryReader row) => row.Text());
}
