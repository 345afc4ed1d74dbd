using System.Text.Json;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Processes;

/// <summary>Damaged files: the partition stops and says what to do, the others serve; who does as told gets every event back.</summary>
public sealed class CorruptionTests : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("lambda-corrupt").FullName;
    private readonly Ledger _ledger = new(30);
    private RunningHost _host = null!;

    public async Task InitializeAsync()
    {
        if (LocalWarehouse.LibraryPath is null) return;
        _host = await StartAsync();
        using var stop = new CancellationTokenSource();
        var writer = _ledger.WriteAsync(() => _host, stop.Token);
        while (_ledger.Acknowledged < 300) await Task.Delay(20);
        await stop.CancelAsync();
        await writer;
        Assert.Equal("published", (await _host.RunBatchAsync()).GetProperty("state").GetString());
        await StopAsync();
    }

    public async Task DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    [SkippableFact]
    public async Task Checkpoint_Damaged_StopsItsPartitionUntilItIsDeleted()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var file = Directory.EnumerateFiles(Path.Combine(_data, "checkpoints"), "*.db").Order().First();
        Damage(file);
        _host = await StartAsync();
        Assert.Contains("delete the checkpoint files", await ReasonWhenStoppedAsync());
        await StopAsync();
        File.Delete(file);
        _host = await StartAsync();
        await _ledger.CheckAsync(_host);
    }

    [SkippableFact]
    public async Task BaseFile_Damaged_IsStreamedAnewOnceDeleted()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var file = Directory.EnumerateFiles(Path.Combine(_data, "base")).Order().First();
        Damage(file);
        _host = await StartAsync();
        await TouchEveryoneAsync();
        if (await StoppedReasonAsync() is { } reason)
        {
            Assert.Contains("streamed anew", reason);
            await StopAsync();
            File.Delete(file);
            _host = await StartAsync();
        }
        await _ledger.CheckAsync(_host);
    }

    [SkippableFact]
    public async Task BaseFile_Missing_IsStreamedAnewAtStart()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(_data, "base"))) File.Delete(file);
        _host = await StartAsync();
        await _ledger.CheckAsync(_host);
    }

    [SkippableFact]
    public async Task DataFolder_InUse_IsRefusedWithExitCode3()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        _host = await StartAsync();
        var second = await Cli.LambdaProcess.RunAsync("up", "--dev", "--data", _data, "--port", "0", "--batch-at", "none");
        Assert.Equal(3, second.ExitCode);
        Assert.Contains("another Lambda", second.Error);
    }

    private Task<RunningHost> StartAsync() => RunningHost.StartAsync(_data, "--partitions", "2");

    private async Task StopAsync()
    {
        Assert.Equal(0, await _host.TerminateAsync());
        await _host.DisposeAsync();
    }

    /// <summary>Overwrites a few bytes here and there behind the first 16 KB (or the first quarter of a small file), so that some of them matter.</summary>
    private static void Damage(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite);
        for (var at = Math.Min(16_384, stream.Length / 4); at < stream.Length - 64; at += 500)
        {
            stream.Position = at;
            stream.Write([0xA5, 0x5A, 0xA5, 0x5A, 0xA5, 0x5A, 0xA5, 0x5A]);
        }
    }

    private async Task TouchEveryoneAsync()
    {
        for (var c = 0; c < 30; c++) (await _host.SendAsync(HttpMethod.Get, $"/v1/customers/{Ledger.NameOf(c)}")).Dispose();
    }

    private async Task<string> ReasonWhenStoppedAsync()
    {
        await TouchEveryoneAsync();
        return await StoppedReasonAsync() ?? throw new InvalidOperationException($"no partition stopped; the host says:\n{_host.Errors}");
    }

    private async Task<string?> StoppedReasonAsync()
    {
        var status = await _host.GetAsync("/v1/admin/status");
        return status.GetProperty("partitions").EnumerateArray()
            .Select(p => p.GetProperty("reason")).FirstOrDefault(r => r.ValueKind == JsonValueKind.String) is { ValueKind: JsonValueKind.String } reason ? reason.GetString() : null;
    }
}
