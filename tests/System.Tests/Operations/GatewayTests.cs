using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Lambda.SystemTests.Cli;
using Lambda.SystemTests.Http;
using Xunit;

namespace Lambda.SystemTests.Operations;

/// <summary>The gateway of k8s/base in a real nginx before a real API, and our command line before it.</summary>
public sealed class GatewayTests : IAsyncLifetime
{
    private readonly ApiFixture _api = new();
    private readonly TlsFiles _tls = new();
    private readonly (string Certificate, string Key) _operator, _client;
    private readonly int _https = FreePort(), _health = FreePort();
    private Process? _nginx;

    public GatewayTests() => (_operator, _client) = (_tls.Sign("operator", "CN=ann,OU=operators,O=Issuer"), _tls.Sign("client", "CN=app,OU=apps,O=Issuer"));

    public async Task InitializeAsync()
    {
        await _api.InitializeAsync();
        if (await Programs.RunAsync("nginx", ["-v"]) is null) return;
        var server = _tls.Sign("server", "CN=localhost");
        var gateway = (await File.ReadAllTextAsync(Path.Combine(Repository.Root, "k8s/base/gateway.conf")))
            .Replace("127.0.0.1:8360", _api.Url.Authority, StringComparison.Ordinal)
            .Replace("listen 8443", $"listen 127.0.0.1:{_https}", StringComparison.Ordinal).Replace("listen 8080", $"listen 127.0.0.1:{_health}", StringComparison.Ordinal)
            .Replace("/tls/tls.crt", server.Certificate, StringComparison.Ordinal).Replace("/tls/tls.key", server.Key, StringComparison.Ordinal).Replace("/tls/ca.crt", _tls.Ca, StringComparison.Ordinal);
        var folder = Path.GetDirectoryName(_tls.Ca)!;
        await File.WriteAllTextAsync(_tls.NewFile("nginx.conf"), $$"""
            daemon off; master_process off; pid {{folder}}/nginx.pid; error_log {{folder}}/error.log;
            events {}
            http {
              access_log off; client_body_temp_path {{folder}}/b; proxy_temp_path {{folder}}/p; fastcgi_temp_path {{folder}}/f; uwsgi_temp_path {{folder}}/u; scgi_temp_path {{folder}}/s;
              {{gateway}}
            }
            """);
        _nginx = Process.Start(new ProcessStartInfo("nginx", ["-c", _tls.NewFile("nginx.conf"), "-e", _tls.NewFile("error.log")]));
        using var http = new HttpClient();
        for (var tries = 100; tries > 0 && !_nginx!.HasExited; tries--)
        {
            try
            {
                if ((await http.GetAsync($"http://127.0.0.1:{_health}/healthz")).IsSuccessStatusCode) return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(50); // it is starting
            }
        }
        throw new InvalidOperationException($"nginx does not serve: {File.ReadAllText(_tls.NewFile("error.log"))}");
    }

    public async Task DisposeAsync()
    {
        if (_nginx is not null)
        {
            _nginx.Kill();
            await _nginx.WaitForExitAsync();
            _nginx.Dispose();
        }
        await _api.DisposeAsync();
        _tls.Dispose();
    }

    [SkippableFact]
    public async Task Operator_WhenItsCertificateSaysSo_MayDoEverything()
    {
        Assert.Equal(0, (await RunAsync(_operator, "admin", "status")).ExitCode);
        Assert.Equal(0, (await RunAsync(_operator, "batch", "run", "--no-wait")).ExitCode);
    }

    [SkippableFact]
    public async Task Client_WhenItIsNoOperator_MayNotOperate()
    {
        var refused = await RunAsync(_client, "admin", "status");
        Assert.True(refused.ExitCode == 1 && refused.Error.Contains("403", StringComparison.Ordinal), refused.ToString());
        using var http = Http(_client);
        Assert.Equal(HttpStatusCode.Forbidden, (await http.PutAsync("/v1/definition", new StringContent("two"))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/v1/definition")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.PostAsync("/v1/events", new StringContent("{}"))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync("/v1/customers/nobody")).StatusCode);
    }

    [SkippableFact]
    public async Task Stranger_WhenItHasNoCertificateOfTheCa_IsLetIntoNothing()
    {
        Assert.NotEqual(0, (await RunAsync(null, "admin", "status")).ExitCode);
        using var others = new TlsFiles();
        using var http = Http(others.Sign("stranger", "CN=ann,OU=operators,O=Issuer"));
        Assert.Equal(HttpStatusCode.BadRequest, (await http.GetAsync("/v1/customers/nobody")).StatusCode);
    }

    [SkippableFact]
    public async Task HealthPort_WhenAskedForMore_HasNothing()
    {
        Skip.If(_nginx is null, "nginx is not installed");
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_health}") };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/readyz")).StatusCode);
        foreach (var path in (string[])["/v1/customers/nobody", "/v1/admin/status", "/openapi/v1.json"]) Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(path)).StatusCode);
    }

    private HttpClient Http((string Certificate, string Key) who)
    {
        Skip.If(_nginx is null, "nginx is not installed");
        var environment = new Dictionary<string, string?> { ["LAMBDA_TLS_CA"] = _tls.Ca, ["LAMBDA_TLS_CERT"] = who.Certificate, ["LAMBDA_TLS_KEY"] = who.Key };
        return new HttpClient(Lambda.Cluster.Cli.ClientCertificate.NewHandler(environment.GetValueOrDefault)) { BaseAddress = new Uri($"https://localhost:{_https}") };
    }

    private async Task<Programs.Ended> RunAsync((string Certificate, string Key)? who, params string[] command)
    {
        Skip.If(_nginx is null, "nginx is not installed");
        var start = LambdaProcess.Command([.. command, "--url", string.Create(CultureInfo.InvariantCulture, $"https://localhost:{_https}")]);
        start.Environment["LAMBDA_TLS_CA"] = _tls.Ca;
        if (who is var (certificate, key)) (start.Environment["LAMBDA_TLS_CERT"], start.Environment["LAMBDA_TLS_KEY"]) = (certificate, key);
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return new Programs.Ended(process.ExitCode, await output, await error);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
