using System.Diagnostics;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;
using Lambda.TestKit;
using Lambda.TestKit.Events;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.LocalServer;
using Lambda.Warehouse.Schema;
using Xunit;

namespace Lambda.Warehouse.Tests;

/// <summary>ClickHouse killed under inserts, for real.</summary>
public sealed class RestartTests
{
    private const int Rounds = 3, FramesPerRound = 20, EventsPerFrame = 500;

    [SkippableFact]
    public async Task Insert_WhenServerIsKilledAgainAndAgain_EveryEventIsThereOnce()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        using var folder = new TempFolder();
        await using var process = await LocalWarehouseProcess.StartAsync(LocalWarehouse.Options(folder.Path));
        using var client = new ClickHouseClient(new ClickHouseOptions { Url = process.Url, RetryFor = TimeSpan.FromSeconds(60) });
        await new Migrator(client).ApplyAsync(default);
        using var warehouse = new ClickHouseWarehouse(client);
        for (var round = 0; round < Rounds; round++)
        {
            var inserting = InsertAsync(warehouse, round * FramesPerRound);
            using (var child = Process.GetProcessById(process.ProcessId!.Value)) child.Kill();
            await inserting;
        }
        var totals = await warehouse.TotalsAsync(new Cut([Rounds * FramesPerRound * EventsPerFrame]), default);
        var all = (long)Rounds * FramesPerRound * EventsPerFrame;
        Assert.Equal((all, (Int128)(all * (all - 1) / 2)), (totals[0].Events, totals[0].BillingMinorSum));
    }

    private static async Task InsertAsync(IRawEvents warehouse, int firstFrame)
    {
        await Task.Yield();
        for (var f = firstFrame; f < firstFrame + FramesPerRound; f++)
        {
            var frame = new FrameBuilder(0, (long)f * EventsPerFrame, 1_700_000_000_000);
            for (var i = 0; i < EventsPerFrame; i++) frame.Purchase($"c{i}", $"e{f}-{i}", 1_700_000_000_000_000, f * EventsPerFrame + i);
            await warehouse.InsertAsync([frame.Build()], default);
        }
    }
}
