using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Serving;
using Lambda.Serving.Audit;
using Lambda.Serving.Local;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Lambda.SystemTests.Http;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Security;

/// <summary>The API as it is with keys: real Kestrel, keys in SQLite, audit log in files, dictionaries behind it.</summary>
public sealed class SecuredApi : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private readonly SqliteApiKeys _keys;
    private ApiServer? _server;

    public SecuredApi() => _keys = new SqliteApiKeys(_folder.File("keys.db"));

    internal MemoryParts Parts { get; } = new();
    public Guard Guard { get; private set; } = null!;
    public HttpClient Http { get; } = new();
    public Uri Url => _server!.Url;
    public string AuditFolder => _folder.File("audit");
    public IApiKeys Keys => _keys;
    public CustomerPseudonym Pseudonyms { get; } = new(1, 2);

    /// <summary>Replaces the audit store before the server starts.</summary>
    internal Func<IAuditStore, IAuditStore> Wrap { get; init; } = store => store;

    public bool Dev { get; init; }

    public async Task InitializeAsync()
    {
        var ring = new KeyRing(_keys, TimeProvider.System, 1_000_000, Fail);
        Guard = new Guard(ring, new AuditLog(Wrap(new FileAuditStore(AuditFolder)), null, TimeProvider.System, (_, _) => { }), Pseudonyms, TimeProvider.System);
        _server = await ApiServer.StartAsync(new ApiListen(IPAddress.Loopback, 0, NeedsKeys: !Dev), Fail, default);
        _server.Attach(Parts.ToParts() with { Guard = Guard });
        Http.BaseAddress = _server.Url;
        Parts.Customers[CustomerId.From("anna")] = new CustomerRead.Found(TestView.Full(19_000), 3, 1, 5, 0, ReadSource.Batch);
    }

    public async Task DisposeAsync()
    {
        Http.Dispose();
        await _server!.StopAsync(default);
        await _server.DisposeAsync();
        await Guard.DisposeAsync();
        _keys.Dispose();
        _folder.Dispose();
    }

    /// <summary>A key that counts at once.</summary>
    public string NewKey(Roles roles, bool pii = false, long? expiresAtMs = null, int? rate = null, string? name = null)
    {
        var (key, text) = ApiKey.New(name ?? roles.ToString(), roles, pii, 1, "a test", expiresAtMs, rate);
        Assert.True(_keys.TryAdd(key));
        Guard.Keys.Refresh();
        return text;
    }

    public Task<(HttpResponseMessage Response, JsonElement Body)> GetAsync(string path, string? key = null) => SendAsync(HttpMethod.Get, path, key);

    public async Task<(HttpResponseMessage Response, JsonElement Body)> SendAsync(HttpMethod method, string path, string? key, string? body = null, string mediaType = "application/json")
    {
        var request = new HttpRequestMessage(method, path);
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        if (body is not null) request.Content = ApiFixture.Content(Encoding.UTF8.GetBytes(body), mediaType);
        var response = await Http.SendAsync(request);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        var isJson = response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true;
        return (response, bytes.Length == 0 || !isJson ? default : JsonDocument.Parse(bytes).RootElement);
    }

    /// <summary>Everything recorded so far.</summary>
    public async Task<IReadOnlyList<AuditRecord>> RecordsAsync()
    {
        await Guard.Audit.FlushAsync();
        return [.. AuditPage.Read(Guard.Audit.Store, Guard.Audit.Store.Chain, 0, int.MaxValue, _ => true).Entries.Select(e => e.What)];
    }

    private static void Fail(string what, Exception e) => Assert.Fail($"{what}: {e}");
}
