using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Lambda.Cluster.Options;
using Lambda.SystemTests.Cli;
using Lambda.SystemTests.Operations;
using Lambda.SystemTests.Processes;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Security;

/// <summary>Real processes with keys: the first key, the commands, TLS, SIGKILL.</summary>
public sealed class SecuredHostTests : IDisposable
{
    private const string Event = """{"event_id":"e1","customer_id":"anna","type":"profile","occurred_at":"2026-01-02T03:04:05Z","email":"anna@example.org"}""";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Data => _folder.File("data");

    [SkippableFact]
    public async Task Up_WhenThereIsNoKey_MakesOneTellsItOnceAndKeepsItInNoFile()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        string admin;
        await using (var host = await RunningHost.StartSecuredAsync(Data, null))
        {
            admin = host.AdminKey!;
            Assert.Equal(84, admin.Length);
            using var stranger = new HttpClient { BaseAddress = host.Url };
            Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync("/v1/customers/anna")).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await host.PostAsync(Event)).StatusCode);
            await TryCommandsAsync(host.Url, admin);
            Assert.Equal(0, await host.TerminateAsync());
        }
        Assert.DoesNotContain(Directory.EnumerateFiles(Data, "*", SearchOption.AllDirectories), file => File.ReadAllText(file).Contains(admin[^64..], StringComparison.Ordinal));
        await using var again = await RunningHost.StartSecuredAsync(Data, admin);
        Assert.Null(again.AdminKey);
        Assert.Equal("ready", (await again.GetAsync("/v1/admin/status")).GetProperty("state").GetString());
    }

    private async Task TryCommandsAsync(Uri url, string admin)
    {
        Assert.Equal(1, (await LambdaProcess.RunAsync("admin", "status", "--url", $"{url}")).ExitCode);
        Assert.Equal(0, (await LambdaProcess.RunAsync("admin", "lag", "--url", $"{url}", "--key", admin)).ExitCode);

        var made = JsonDocument.Parse((await LambdaProcess.RunAsync("keys", "create", "ann", "--role", "fraud", "--expires", "90d", "--json", "--url", $"{url}", "--key", admin)).Output).RootElement;
        var here = (await LambdaProcess.RunAsync("keys", "create", "bert", "--role", "fraud", "--role", "sre", "--data", Data)).Output.Trim(); // on the file, beside the host
        using var http = new HttpClient { BaseAddress = url };
        foreach (var key in (string[])[made.GetProperty("key").GetString()!, here])
            await UntilAsync(http, key, HttpStatusCode.OK);
        var listed = JsonDocument.Parse((await LambdaProcess.RunAsync("keys", "list", "--json", "--data", Data)).Output).RootElement.GetProperty("keys");
        Assert.Equal(["first admin", "ann", "bert"], listed.EnumerateArray().Select(k => k.GetProperty("name").GetString()));
        Assert.Equal(0, (await LambdaProcess.RunAsync("keys", "list", "--url", $"{url}", "--key", admin)).ExitCode);

        Assert.Equal(0, (await LambdaProcess.RunAsync("keys", "revoke", here.Substring(3, 16), "--data", Data)).ExitCode);
        await UntilAsync(http, here, HttpStatusCode.Unauthorized);
        Assert.Equal(1, (await LambdaProcess.RunAsync("keys", "revoke", "0000000000000000", "--url", $"{url}", "--key", admin)).ExitCode);

        foreach (var line in new[] { "audit head", "audit list --operation createKey", "audit list --customer anna", "audit verify" })
        {
            var ended = await LambdaProcess.RunAsync([.. line.Split(' '), "--url", $"{url}", "--key", admin]);
            Assert.True(ended.ExitCode == 0 && ended.Output.Length > 0, $"{line}: {ended}");
        }
    }

    [SkippableFact]
    public async Task Host_WhenKilledWhileCustomersAreRead_HasARecordOfEveryAnswerThatShowedPersonalData()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var answered = 0;
        var anchor = "";
        string? admin = null;
        for (var life = 0; life < 3; life++)
        {
            await using var host = await RunningHost.StartSecuredAsync(Data, admin, "--key-rate", "0");
            admin ??= host.AdminKey;
            Assert.Equal(HttpStatusCode.OK, (await host.PostAsync(Event)).StatusCode);
            var readers = Enumerable.Range(0, 4).Select(_ => ReadAsync(host, () => Interlocked.Increment(ref answered))).ToList();
            for (var before = Volatile.Read(ref answered); Volatile.Read(ref answered) < before + 300;) await Task.Delay(10);
            anchor = (await host.GetAsync("/v1/admin/audit/heads")).GetProperty("heads")[0].GetProperty("anchor").GetString()!;
            await host.KillAsync();
            await Task.WhenAll(readers);
        }
        var verified = await LambdaProcess.RunAsync("audit", "verify", "--data", Data, "--anchor", anchor);
        Assert.True(verified.ExitCode == 0, verified.ToString());
        var reads = 0;
        for (var (after, more) = (0L, true); more;)
        {
            var page = JsonDocument.Parse((await LambdaProcess.RunAsync("audit", "list", "--data", Data, "--operation", "getCustomer", "--limit", "1000000", "--after", $"{after}", "--json")).Output).RootElement;
            reads += page.GetProperty("entries").EnumerateArray().Count(e => e.GetProperty("status").GetInt32() == 200);
            more = page.GetProperty("next").ValueKind == JsonValueKind.Number && (after = page.GetProperty("next").GetInt64()) > 0;
        }
        Assert.InRange(reads, answered, answered + 3 * 4); // what was recorded and not answered was on its way when the process died

        var file = Directory.GetFiles(Path.Combine(Data, "audit"), "*.audit").Order(StringComparer.Ordinal).First();
        var bytes = await File.ReadAllBytesAsync(file);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(file, bytes);
        var damaged = await LambdaProcess.RunAsync("audit", "verify", "--data", Data);
        Assert.True(damaged.ExitCode == 1 && damaged.Output.Contains("DOES NOT HOLD: entry ", StringComparison.Ordinal), damaged.ToString());
    }

    [SkippableFact]
    public async Task Up_WhenItHasACertificate_SpeaksTlsAndTakesTheRenewedOne()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        using var tls = new TlsFiles();
        var (certificate, key) = tls.Sign("server", "CN=localhost");
        await using var host = await RunningHost.StartSecuredAsync(Data, null, "--tls-cert", certificate, "--tls-key", key, "--audit-key", tls.NewFile("server.key"));
        Assert.Equal("https", host.Url.Scheme);
        var start = LambdaProcess.Command("admin", "lag", "--url", $"https://localhost:{host.Url.Port}");
        (start.Environment["LAMBDA_TLS_CA"], start.Environment["LAMBDA_KEY"]) = (tls.Ca, host.AdminKey);
        using var process = System.Diagnostics.Process.Start(start)!;
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);

        var first = await SerialAsync(host.Url.Port);
        tls.Sign("server", "CN=localhost"); // over the old files
        for (var tries = 0; await SerialAsync(host.Url.Port) == first; tries++)
        {
            Assert.True(tries < 300);
            await Task.Delay(100);
        }
    }

    [Theory]
    [InlineData("without TLS", "--listen", "0.0.0.0")]
    [InlineData("loopback only", "--dev", "--listen", "0.0.0.0", "--insecure")]
    [InlineData("tls_key without tls_cert", "--tls-key", "x.pem")]
    [InlineData("tls_cert nowhere.pem", "--tls-cert", "nowhere.pem", "--tls-key", "nowhere.key")]
    [InlineData("an IP address", "--listen", "everywhere")]
    [InlineData("cannot be read", "--audit-key", "nowhere")]
    [InlineData("no LAMBDA_NOTHING", "--audit-key", "env:LAMBDA_NOTHING")]
    public async Task Up_WhenItWouldBeOpenOrIsMisconfigured_DoesNotStart(string told, params string[] arguments)
    {
        var ended = await LambdaProcess.RunAsync(["up", "--port", "0", "--data", Data, .. arguments]);
        Assert.Equal(2, ended.ExitCode);
        Assert.Contains(told, ended.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Data));
    }

    [Theory]
    [InlineData("1.2.3.4", true, false, true)]
    [InlineData("::", true, false, true)]
    [InlineData("127.0.0.1", false, true, false)]
    [InlineData("::1", false, true, false)]
    [InlineData("127.0.0.1", false, false, true)]
    public void Listening_WhenAllowed_AsksForKeysUnlessDev(string address, bool insecure, bool dev, bool needsKeys) =>
        Assert.Equal(needsKeys, Listening.Of(new LambdaOptions { Listen = address, Insecure = insecure, Dev = dev }).NeedsKeys);

    private static async Task ReadAsync(RunningHost host, Action answered)
    {
        try
        {
            while (true)
            {
                using var answer = await host.SendAsync(HttpMethod.Get, "/v1/customers/anna");
                if (answer.StatusCode == HttpStatusCode.OK) answered();
            }
        }
        catch (HttpRequestException)
        {
            // killed
        }
    }

    private static async Task UntilAsync(HttpClient http, string key, HttpStatusCode expected)
    {
        for (var tries = 0; ; tries++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/customers/anna") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
            using var answer = await http.SendAsync(request);
            if (answer.StatusCode == expected) return;
            Assert.True(tries < 200, $"{answer.StatusCode}, expected {expected}");
            await Task.Delay(50);
        }
    }

    private static async Task<string> SerialAsync(int port)
    {
        var serial = "";
        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => (serial = certificate!.GetSerialNumberString()).Length > 0 } });
        await http.GetAsync($"https://localhost:{port}/healthz");
        return serial;
    }
}
