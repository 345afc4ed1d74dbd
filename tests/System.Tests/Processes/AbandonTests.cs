using System.Net;
using System.Text.Json;
using Lambda.SystemTests.Cli;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Processes;

/// <summary>A run that is ended on request, by real processes: what is served stays, and the next run is whole.</summary>
public sealed class AbandonTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private RunningHost? _host;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        _folder.Dispose();
    }

    [SkippableFact]
    public async Task Run_AbandonedWhileTheWarehouseHangs_EndsAtOnceAndTheNextIsWhole()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        _host = await RunningHost.StartAsync(_folder.File("data"), "--partitions", "2");
        var ledger = new Ledger(40);
        await ledger.WriteAsync(() => _host, batches: 5);
        Assert.Equal("published", (await _host.RunBatchAsync()).GetProperty("state").GetString());
        await ledger.WriteAsync(() => _host, batches: 5);
        _host.HangWarehouse(); // no run can pass it
        (await _host.SendAsync(HttpMethod.Post, "/v1/admin/batch/runs")).Dispose();

        var ended = await LambdaProcess.RunAsync("batch", "abandon", "--json", "--url", $"{_host.Url}");

        Assert.True(ended.ExitCode == 0, ended.Error);
        var told = JsonDocument.Parse(ended.Output).RootElement;
        var run = await _host.GetAsync($"/v1/admin/batch/runs/{told.GetProperty("run").GetString()}");
        Assert.Equal("abandoned", run.GetProperty("state").GetString());
        Assert.NotEmpty(Assert.Single(run.GetProperty("reasons").EnumerateArray()).GetString()!);
        var again = await LambdaProcess.RunAsync("batch", "abandon", "--url", $"{_host.Url}");
        Assert.Equal((1, true), (again.ExitCode, again.Error.Contains("no run is active", StringComparison.Ordinal)));
        using var refused = await _host.SendAsync(HttpMethod.Post, $"/v1/admin/batch/runs/{told.GetProperty("run").GetString()}/abandon");
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        await ledger.CheckAsync(_host);

        _host.WakeWarehouse();
        Assert.Equal("published", (await _host.RunBatchAsync()).GetProperty("state").GetString());
        await ledger.CheckAsync(_host);
    }
}
