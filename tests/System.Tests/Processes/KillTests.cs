using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Processes;

/// <summary>SIGKILL of real processes under load: every acknowledged event is counted once, before, during and after batch runs.</summary>
public sealed class KillTests : IAsyncLifetime
{
    private const int Customers = 120, Writers = 3;
    private readonly string _data = Directory.CreateTempSubdirectory("lambda-kill").FullName;

    private RunningHost _host = null!;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    [SkippableFact]
    public async Task Host_KilledUnderLoadAgainAndAgain_CountsEveryAcknowledgedEventOnce()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var ledger = new Ledger(Customers);
        _host = await StartAsync();
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, Writers).Select(_ => ledger.WriteAsync(() => _host, stop.Token)).ToList();
        for (var round = 0; round < 5; round++)
        {
            await Task.Delay(1500); // load goes on for a while; what happens meanwhile is not waited for
            if (round is 1 or 3) (await _host.SendAsync(HttpMethod.Post, "/v1/admin/batch/runs")).Dispose(); // killed in the middle of it
            if (round == 3) await Task.Delay(600);
            await RestartKilledAsync(deleteCheckpoints: round == 2);
        }
        await stop.CancelAsync();
        await Task.WhenAll(writers);
        Assert.True(ledger.Acknowledged > 500, $"only {ledger.Acknowledged} events were acknowledged: this was no load");
        await CheckThroughARunAsync(ledger, _host);
        await RestartKilledAsync(deleteCheckpoints: true);
        await ledger.CheckAsync(_host);
        Assert.Equal(0, await _host.TerminateAsync());
    }

    [SkippableFact]
    public async Task Warehouse_KilledUnderLoad_LosesAndRepeatsNothing()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var ledger = new Ledger(Customers);
        var host = _host = await StartAsync();
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, Writers).Select(_ => ledger.WriteAsync(() => host, stop.Token)).ToList();
        for (var round = 0; round < 4; round++)
        {
            await Task.Delay(1200);
            if (round == 2) (await host.SendAsync(HttpMethod.Post, "/v1/admin/batch/runs")).Dispose();
            host.KillWarehouse();
        }
        await stop.CancelAsync();
        await Task.WhenAll(writers);
        await CheckThroughARunAsync(ledger, host);
    }

    private Task<RunningHost> StartAsync() => RunningHost.StartAsync(_data, "--partitions", "3", "--checkpoint-events", "700", "--checkpoint-seconds", "1");

    /// <summary>Before a run, after it, and with the totals in the warehouse checked by the run itself.</summary>
    private static async Task CheckThroughARunAsync(Ledger ledger, RunningHost host)
    {
        await ledger.CheckAsync(host);
        var runs = (await host.GetAsync("/v1/admin/batch/runs")).GetProperty("runs");
        foreach (var run in runs.EnumerateArray()) await host.AwaitRunAsync(run.GetProperty("run").GetString()!); // one that a crash interrupted resumes
        var report = await host.RunBatchAsync();
        Assert.True(report.GetProperty("state").GetString() == "published", $"the run ended so: {report}");
        var events = report.GetProperty("counts").GetProperty("events").GetInt64();
        Assert.True(events >= ledger.Acknowledged, $"the warehouse holds {events} events, {ledger.Acknowledged} were acknowledged");
        await ledger.CheckAsync(host);
    }

    private async Task RestartKilledAsync(bool deleteCheckpoints)
    {
        await _host.KillAsync();
        if (deleteCheckpoints)
            foreach (var file in Directory.EnumerateFiles(Path.Combine(_data, "checkpoints"))) File.Delete(file);
        var killed = _host;
        _host = await StartAsync();
        await killed.DisposeAsync();
    }
}
