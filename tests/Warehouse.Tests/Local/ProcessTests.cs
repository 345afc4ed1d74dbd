using System.Diagnostics;
using System.Text;
using Lambda.TestKit;
using Lambda.Warehouse.LocalServer;
using Xunit;

namespace Lambda.Warehouse.Tests.Local;

/// <summary>Life and death of the child process. Each test has a child of its own.</summary>
public sealed class ProcessTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"lambda-process-{Guid.NewGuid():N}");

    public ProcessTests() => LocalWarehouseFixture.SkipIfAbsent();

    public void Dispose()
    {
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    [SkippableFact]
    public async Task KillUnderInserts_ThenRestart_HasEveryAcknowledgedRow()
    {
        var exits = new List<LocalWarehouseExit>();
        await using var process = await LocalWarehouseProcess.StartAsync(LocalWarehouse.Options(_folder) with { Exited = exits.Add });
        using var client = new RawClient(process.Url);
        await client.RunAsync("CREATE DATABASE w ENGINE = Atomic");
        await client.RunAsync("CREATE TABLE w.t (batch UInt32, n UInt32) ENGINE = MergeTree ORDER BY (batch, n)");
        var acknowledged = new List<int>();
        var next = 0;
        for (var round = 1; round <= 3; round++)
        {
            using var stop = new CancellationTokenSource();
            var writing = Task.WhenAll(Enumerable.Range(0, 3).Select(_ => WriteAsync(stop.Token)));
            while (CountAcknowledged() < round * 20)
                await Task.Yield();
            Kill(process.ProcessId!.Value);
            await stop.CancelAsync();
            await writing;
            await UntilServingAsync(client);
            Assert.Equal(round, process.Restarts);
            var counts = (await client.RunAsync("SELECT batch FROM w.t GROUP BY batch HAVING count() = 1000"))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToHashSet();
            Assert.Subset(counts, acknowledged.ToHashSet());
            Assert.Equal("", await client.RunAsync("SELECT batch FROM w.t GROUP BY batch HAVING count() NOT IN (0, 1000)"));
        }
        Assert.Equal(3, exits.Count);
        Assert.All(exits, static e => Assert.Equal(137, e.ExitCode));

        int CountAcknowledged()
        {
            lock (acknowledged)
                return acknowledged.Count;
        }

        async Task WriteAsync(CancellationToken stop)
        {
            while (!stop.IsCancellationRequested)
            {
                var batch = Interlocked.Increment(ref next);
                var rows = string.Concat(Enumerable.Range(0, 1000).Select(n => $"{batch},{n}\n"));
                try
                {
                    if ((await client.InsertAsync("INSERT INTO w.t FORMAT CSV", Encoding.ASCII.GetBytes(rows))).Text != "")
                        return;
                    lock (acknowledged)
                        acknowledged.Add(batch);
                }
                catch (HttpRequestException)
                {
                    return; // not acknowledged: it may be there or not, but whole
                }
            }
        }
    }

    [SkippableFact]
    public async Task Hung_IsKilledAndStartedAgain()
    {
        var exited = new TaskCompletionSource<LocalWarehouseExit>();
        await using var process = await LocalWarehouseProcess.StartAsync(LocalWarehouse.Options(_folder) with
        {
            Exited = e => exited.TrySetResult(e), PingInterval = TimeSpan.FromMilliseconds(50), PingTimeout = TimeSpan.FromMilliseconds(500), PingFailuresMax = 3,
        });
        using var client = new RawClient(process.Url);
        Process.Start("kill", ["-STOP", process.ProcessId.ToString()!]).WaitForExit();
        var exit = await exited.Task.WaitAsync(Patience);
        Assert.Equal(137, exit.ExitCode);
        Assert.Contains("/ping was not answered 3 times within 0.5 s", exit.Reason);
        await UntilServingAsync(client);
        Assert.Equal(1, process.Restarts);
    }

    [SkippableFact]
    public async Task Busy_LongerThanAHangIsBorne_IsLeftAlone()
    {
        var exits = new List<LocalWarehouseExit>();
        await using var process = await LocalWarehouseProcess.StartAsync(LocalWarehouse.Options(_folder) with
        {
            Exited = exits.Add, PingInterval = TimeSpan.FromMilliseconds(50), PingTimeout = TimeSpan.FromSeconds(1), PingFailuresMax = 3,
        });
        using var client = new RawClient(process.Url);
        // On every connection, so that a ping that needed one, or the engine, would wait for them.
        await Task.WhenAll(Enumerable.Range(0, 8).Select(n => client.RunAsync(
            $"SELECT max(sipHash64(number, {n})) FROM numbers_mt(100000000000) SETTINGS max_execution_time = 7, timeout_overflow_mode = 'break'")));
        Assert.Empty(exits);
        Assert.Equal(0, process.Restarts);
    }

    [SkippableFact]
    public async Task Stop_UnderLoad_IsCleanAndFast()
    {
        var exits = new List<LocalWarehouseExit>();
        var log = new List<string>();
        var process = await LocalWarehouseProcess.StartAsync(LocalWarehouse.Options(_folder) with { Exited = exits.Add, Log = log.Add });
        using var client = new RawClient(process.Url);
        var running = Enumerable.Range(0, 4).Select(_ => Record.ExceptionAsync(() =>
            client.PostAsync("SELECT max(sipHash64(number)) AS at_stop FROM numbers(100000000000)"))).ToArray();
        while (await client.RunAsync("SELECT count() > 3 AS busy FROM system.processes WHERE query LIKE '%AS at_stop%' AND query NOT LIKE '%busy%'") != "1\n")
        {
        }
        var pid = process.ProcessId!.Value;
        var clock = Stopwatch.StartNew();
        await process.DisposeAsync();
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 10);
        Assert.False(Directory.Exists($"/proc/{pid}"));
        Assert.Empty(exits);
        Assert.Equal(["stopping: stdin was closed"], log);
        await Task.WhenAll(running);
    }

    [SkippableFact]
    public async Task MemoryLimit_IsTheEngines()
    {
        await using var process = await LocalWarehouseProcess.StartAsync(LocalWarehouse.Options(_folder) with { MemoryMb = 600 });
        using var client = new RawClient(process.Url);
        var answer = await client.PostAsync("SELECT length(groupArray(number)) FROM numbers(100000000)");
        Assert.Equal(241, answer.Code);
        Assert.Equal("1\n", await client.RunAsync("SELECT 1"));
    }

    [SkippableFact]
    public async Task SigTerm_ExitsWithZero()
    {
        var exited = new TaskCompletionSource<LocalWarehouseExit>();
        await using var process = await LocalWarehouseProcess.StartAsync(LocalWarehouse.Options(_folder) with { Exited = e => exited.TrySetResult(e) });
        Process.Start("kill", ["-TERM", process.ProcessId.ToString()!]).WaitForExit();
        Assert.Equal(0, (await exited.Task.WaitAsync(Patience)).ExitCode);
    }

    [SkippableFact]
    public async Task PathInUse_IsAClearError()
    {
        await using var process = await LocalWarehouseProcess.StartAsync(LocalWarehouse.Options(_folder));
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => LocalWarehouseProcess.StartAsync(LocalWarehouse.Options(_folder)));
        Assert.Contains("exit code 3", error.Message);
        Assert.Contains($"is in use by another warehouse process ({process.ProcessId})", error.Message);
        Assert.Equal("Ok.\n", (await new RawClient(process.Url).SendAsync("/ping", null)).Text);
    }

    [SkippableFact]
    public async Task PortInUse_IsAClearError()
    {
        await using var process = await LocalWarehouseProcess.StartAsync(LocalWarehouse.Options(_folder));
        var other = _folder + "-other";
        try
        {
            var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
                LocalWarehouseProcess.StartAsync(LocalWarehouse.Options(other) with { Port = process.Url.Port }));
            Assert.Contains("address already in use", error.Message);
        }
        finally
        {
            Directory.Delete(other, recursive: true);
        }
    }

    [SkippableFact]
    public async Task Library_ThatIsNone_IsAClearError()
    {
        Directory.CreateDirectory(_folder);
        var none = Path.Combine(_folder, "libchdb.so");
        await File.WriteAllTextAsync(none, "no library");
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            LocalWarehouseProcess.StartAsync(LocalWarehouse.Options(_folder) with { LibraryPath = none }));
        Assert.Contains("libchdb.so", error.Message);
        error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            LocalWarehouseProcess.StartAsync(LocalWarehouse.Options(_folder) with { LibraryPath = none + "x" }));
        Assert.Contains("does not exist", error.Message);
    }

    /// <summary>The host may be killed at any time; nobody would stop the child then. Its stdin stays open here, so that the parent counts.</summary>
    [SkippableTheory]
    [InlineData("--parent $$")]
    [InlineData("")]
    public async Task HostKilled_EndsTheChild(string parent)
    {
        // With a parent given, a third process keeps stdin open; without, the shell is the one that holds it.
        var stdin = parent.Length > 0 ? "<(sleep 1000)" : "<(while kill -0 $$; do sleep 0.1; done 2>/dev/null)";
        var script = $"dotnet '{LocalWarehouse.ServerPath}' --path '{_folder}' --lib '{LocalWarehouse.LibraryPath}' {parent} < {stdin} & wait";
        using var host = Process.Start(new ProcessStartInfo("bash", ["-c", script]) { RedirectStandardOutput = true })!;
        Assert.StartsWith("ready http://127.0.0.1:", await host.StandardOutput.ReadLineAsync().WaitAsync(Patience));
        var child = int.Parse((await File.ReadAllTextAsync(Path.Combine(_folder, ".lambda-warehouse.pid"))).Trim());
        Kill(host.Id);
        var clock = Stopwatch.StartNew();
        while (Directory.Exists($"/proc/{child}"))
        {
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, Patience);
            await Task.Delay(20);
        }
    }

    private static void Kill(int processId) => Process.GetProcessById(processId).Kill();

    private static async Task UntilServingAsync(RawClient client)
    {
        using var timeout = new CancellationTokenSource(Patience);
        while (true)
            try
            {
                await client.RunAsync("SELECT 1");
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(20, timeout.Token);
            }
    }
}
