using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Processes;

/// <summary>A disk that runs full under a real host: who sends events is told so, and nothing that was acknowledged is lost or counted twice.</summary>
public sealed class DiskFullTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private RunningHost? _host;
    private bool _mounted;

    private string Disk => _folder.File("disk");
    private string Data => Path.Combine(Disk, "data");
    private string Ballast => Path.Combine(Disk, "ballast");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        if (_mounted) Run("umount", "-l", Disk);
        _folder.Dispose();
    }

    [SkippableFact]
    public async Task Post_WhenTheDiskIsFull_IsRefusedClearlyAndNothingAcknowledgedIsLost()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        Directory.CreateDirectory(Disk);
        _mounted = Run("mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", Disk);
        Skip.IfNot(_mounted, "needs to mount a small disk: not allowed here");
        _host = await StartAsync();
        var ledger = new Ledger(60);
        await ledger.WriteAsync(() => _host, batches: 20);

        FillDisk();
        var (acknowledged, refused) = await PostUntilRefusedAsync();
        AssertRefusal(refused);
        using (var bad = await _host.PostAsync(string.Concat(Enumerable.Repeat("no event at all " + new string('x', 1000) + "\n", 500)))) AssertRefusal(bad); // quarantine is a store too
        await ledger.CheckAsync(_host);
        var (decision, recorded, marks) = await AuthorizeAsync();
        Assert.Equal(("approve", false, "storage"), (decision, recorded, marks)); // a small amount: the policy lets it through, and says that nothing stands behind it

        File.Delete(Ballast);
        using (var again = await _host.PostAsync(Logins(acknowledged))) Assert.Equal(HttpStatusCode.OK, again.StatusCode); // what was refused, without a restart
        await CheckAsync(ledger, (acknowledged + 1) * LoginsAtOnce);
        Assert.Equal(("decline", true, ""), await AuthorizeAsync()); // the same question: decided now, of a card that nobody told of
        Assert.Equal(0, await _host.TerminateAsync());
        _host = await StartAsync();
        await CheckAsync(ledger, (acknowledged + 1) * LoginsAtOnce);
        var report = await _host.RunBatchAsync();
        Assert.True(report.GetProperty("state").GetString() == "published", $"the run ended so: {report}");
        await CheckAsync(ledger, (acknowledged + 1) * LoginsAtOnce);
    }

    private async Task<(string? Decision, bool IsRecorded, string Marks)> AuthorizeAsync()
    {
        var body = """{"transaction_id":"full-1","card_token":"tok","customer_id":"full","amount":"12.00","currency":"EUR","occurred_at":"2026-01-01T00:00:00Z","deadline_ms":5000}""";
        using var answer = await _host!.SendAsync(HttpMethod.Post, "/v1/authorizations", body);
        var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        return (json.GetProperty("decision").GetString(), json.GetProperty("recorded").GetBoolean(), string.Join(',', json.GetProperty("marks").EnumerateArray()));
    }

    private const int LoginsAtOnce = 500;

    private Task<RunningHost> StartAsync() => RunningHost.StartAsync(Data, "--partitions", "2");

    private async Task CheckAsync(Ledger ledger, int logins)
    {
        await ledger.CheckAsync(_host!);
        Assert.Equal(logins, (await _host!.GetAsync("/v1/customers/full?wait_ms=10000")).GetProperty("metrics").GetProperty("logins").GetInt32());
    }

    private async Task<(int Acknowledged, HttpResponseMessage Refused)> PostUntilRefusedAsync()
    {
        for (var i = 0; i < 1000; i++)
        {
            var answer = await _host!.PostAsync(Logins(i));
            if (answer.StatusCode != HttpStatusCode.OK) return (i, answer);
            answer.Dispose();
        }
        throw new InvalidOperationException("a full disk took a thousand requests");
    }

    private static string Logins(int batch) => string.Concat(Enumerable.Range(0, LoginsAtOnce).Select(n =>
        $$"""{"event_id":"{{batch}}-{{n}}","customer_id":"full","type":"login","occurred_at":"2024-01-01T00:00:00Z","success":true,"note":"{{Guid.NewGuid()}}"}""" + "\n"));

    private static void AssertRefusal(HttpResponseMessage refused)
    {
        var problem = JsonDocument.Parse(refused.Content.ReadAsStream()).RootElement;
        Assert.True(refused.StatusCode == HttpStatusCode.ServiceUnavailable, $"{problem}");
        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType?.MediaType);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Contains("disk is full", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private void FillDisk()
    {
        using var ballast = new FileStream(Ballast, FileMode.Create, FileAccess.Write, FileShare.None, 0);
        var (block, size) = (new byte[1 << 20], 1 << 20);
        while (size > 0)
            try
            {
                ballast.Write(block.AsSpan(0, size));
            }
            catch (IOException)
            {
                size /= 2; // down to the last byte
            }
    }

    private static bool Run(string program, params string[] arguments)
    {
        using var run = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        run.WaitForExit();
        return run.ExitCode == 0;
    }
}
