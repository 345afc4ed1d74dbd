using System.Net;
using System.Text;
using System.Text.Json;
using Lambda.Cluster;
using Lambda.Cluster.Options;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Sqlite;
using Lambda.SystemTests.Http;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Privacy;

/// <summary>A person is erased from a real installation: honoured at once, and in the end no file of the data folder knows it.</summary>
public sealed class ErasureHostTests : IDisposable
{
    private const string Victim = "victim-4711", Second = Victim + "-too", Marker = "xyzzymarkerplugh";
    // The server deletes replaced parts by a task that sleeps the longer the less happens: half a minute, on a busy machine more.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    private readonly TempFolder _folder = new();
    private readonly HttpClient _http = new();
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _log = new();
    private int _events;

    [SkippableFact]
    public async Task Erase_WhenRemoved_NothingOfThePersonIsLeftInAnyFile()
    {
        Skip.If(LocalWarehouse.LibraryPath is null, "no chDB library");
        var host = await StartAsync();
        for (var i = 0; i < 30; i++) await PostAsync([.. Enumerable.Range(0, 20).Select(c => Purchase($"other-{c}")), Purchase(Victim)]);
        await PostAsync([$$"""{"event_id":"p-1","customer_id":"{{Victim}}","type":"profile","occurred_at":"2026-01-01T00:00:00Z","email":"{{Marker}}@example.org"}""", Bad(Victim), $"not json of {Victim} {Marker}"]);
        await PostAsync([$$"""{"event_id":"p-1","customer_id":"{{Victim}}","type":"profile","occurred_at":"2026-01-01T00:00:00Z","email":"another-{{Marker}}@example.org"}"""]); // a conflict
        await RunAsync();
        foreach (var format in (string[])["ndjson", "csv", "parquet"]) await ExportAsync(format);
        await PostAsync([Purchase(Victim), Purchase("other-1"), Purchase(Second)]);
        await PostAsync([], "/v1/admin/checkpoint");
        var before = await AnswerAsync("other-1");
        Assert.Contains(Files(), f => Holds(f, Victim)); // or the search below says nothing

        await AnswerAsync(Second);
        using var merge = new StringContent($$"""{"into":"{{Second}}","customer":"{{Victim}}","reason":"{{Marker}}"}""", Encoding.UTF8, "application/json");
        Assert.Equal(HttpStatusCode.Created, (await _http.PostAsync(new Uri(_base, "/v1/identity/merges"), merge)).StatusCode);
        Assert.Equal(32, (await AnswerAsync(Victim)).Purchases); // both

        await EraseAsync(Victim, HttpStatusCode.Conflict);
        var erased = await EraseAsync(Victim + "?members=all", HttpStatusCode.Accepted);
        await AssertUnknownAsync();
        Assert.Equal(erased.GetProperty("erasure").GetString(), (await EraseAsync(Victim, HttpStatusCode.Accepted)).GetProperty("erasure").GetString());
        await EraseAsync("never-seen", HttpStatusCode.NotFound);
        await ShortenPartsAsync();
        Assert.NotEqual("removed", (await CertificateAsync(erased)).GetProperty("state").GetString());

        await RunAsync();
        var certificate = await RemovedAsync(erased);
        var other = await RemovedAsync(erased.GetProperty("members")[0]);
        long OfBoth(string store) => StoreOf(certificate, store) + StoreOf(other, store); // what both stand in goes with whose removal gets there first
        Assert.Equal(1, OfBoth("identity log")); // the link's record
        Assert.Equal(["quarantine", "merges", "checkpoints", "warehouse", "warehouse files", "segments", "cards", "cases", "exports", "identity log", "quarantine", "run journal", "log"], certificate.GetProperty("stores").EnumerateArray().Select(s => s.GetProperty("store").GetString()));
        Assert.All(certificate.GetProperty("stores").EnumerateArray(), s => Assert.NotNull(s.GetProperty("clean_at").GetString()));
        Assert.Equal(3, OfBoth("exports")); // a file of each format
        Assert.True(StoreOf(certificate, "segments") > 0);
        Assert.Equal(33, StoreOf(certificate, "warehouse")); // 31 purchases, a profile and its conflicting copy
        Assert.Equal(34, StoreOf(certificate, "log"));       // and the erasure
        Assert.Equal(3, StoreOf(certificate, "quarantine")); // a bad line, one that is no JSON, the conflicting copy
        Assert.DoesNotContain(Victim, certificate.GetRawText(), StringComparison.Ordinal);

        await RunAsync(); // the totals of the log still add up
        Assert.Equal(before, await AnswerAsync("other-1"));
        await AssertUnknownAsync();
        await StopAsync(host);
        AssertNothingLeft();

        host = await StartAsync();
        await PostAsync([Purchase(Victim)]); // somebody new
        Assert.Equal(1, (await AnswerAsync(Victim)).Purchases);
        Assert.Equal(before, await AnswerAsync("other-1"));
        await StopAsync(host);
    }

    // --- helpers ------------------------------------------------------------------------------------------------------------

    private async Task<Host> StartAsync()
    {
        var host = await Host.StartAsync(new LambdaOptions { Dev = true, Data = _folder.File("data"), Port = 0, BatchAt = null, Partitions = 2 }, TimeProvider.System, line => _log.Enqueue(line), default);
        _base = host.Url;
        return host;
    }

    private Uri _base = null!;

    private static async Task StopAsync(Host host)
    {
        await host.StopAsync(default);
        await host.DisposeAsync();
    }

    private string Purchase(string customer) =>
        $$"""{"event_id":"e-{{++_events}}","customer_id":"{{customer}}","type":"transaction","occurred_at":"{{DateTime.UtcNow:O}}","amount":"1.50","currency":"EUR","direction":"debit","status":"approved","note":"{{(customer == Victim ? Marker : "none")}}"}""";

    private string Bad(string customer) => $$"""{"event_id":"bad-1","customer_id":"{{customer}}","type":"no_such_type","note":"{{Marker}}"}""";

    private async Task PostAsync(string[] lines, string path = "/v1/events")
    {
        using var response = await _http.PostAsync(new Uri(_base, path), new StringContent(string.Join('\n', lines), Encoding.UTF8, "application/x-ndjson"));
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        using var response = await _http.GetAsync(new Uri(_base, path));
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync()).RootElement;
    }

    private async Task<(long Purchases, long Spend)> AnswerAsync(string customer)
    {
        for (var i = 0; i < 100 && (await _http.GetAsync(new Uri(_base, $"/v1/customers/{customer}"))).StatusCode != HttpStatusCode.OK; i++) await Task.Delay(20);
        var metrics = (await GetAsync($"/v1/customers/{customer}")).GetProperty("metrics");
        return (metrics.GetProperty("purchases").GetInt64(), metrics.GetProperty("spend").GetInt64());
    }

    private async Task RunAsync()
    {
        using var started = await _http.PostAsync(new Uri(_base, "/v1/admin/batch/runs"), null);
        var run = JsonDocument.Parse(await started.Content.ReadAsByteArrayAsync()).RootElement.GetProperty("run").GetString();
        var report = await UntilAsync(() => GetAsync($"/v1/admin/batch/runs/{run}"), r => r.GetProperty("state").GetString() is "published" or "failed" or "abandoned");
        Assert.True(report.GetProperty("state").GetString() == "published", report.GetRawText());
    }

    private async Task ExportAsync(string format)
    {
        using var body = new StringContent($$$"""{"format":"{{{format}}}","to":{"folder":"{{{format}}}"}}""", Encoding.UTF8, "application/json");
        using var started = await _http.PostAsync(new Uri(_base, "/v1/exports"), body);
        var export = JsonDocument.Parse(await started.Content.ReadAsByteArrayAsync()).RootElement.GetProperty("export").GetString();
        var ended = await UntilAsync(() => GetAsync($"/v1/exports/{export}"), e => e.GetProperty("state").GetString() is "done" or "failed");
        Assert.Equal(21, ended.GetProperty("rows").GetInt64());
    }

    private async Task<JsonElement> EraseAsync(string customer, HttpStatusCode expected)
    {
        using var response = await _http.DeleteAsync(new Uri(_base, $"/v1/customers/{customer}"));
        var body = await response.Content.ReadAsByteArrayAsync();
        Assert.True(response.StatusCode == expected, $"{response.StatusCode}: {Encoding.UTF8.GetString(body)}");
        return JsonDocument.Parse(body).RootElement;
    }

    private async Task AssertUnknownAsync()
    {
        foreach (var path in new[] { "", "?as_of=2020-01-01", "/events", "/timeline", "/explain?metric=spend" })
            Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync(new Uri(_base, $"/v1/customers/{Victim}{path}"))).StatusCode);
        await UntilAsync(() => _http.GetAsync(new Uri(_base, $"/v1/customers/{Victim}/personal-data")), r => r.StatusCode == HttpStatusCode.NotFound);
        await UntilAsync(() => WarehouseAsync($"SELECT count() FROM customer_current WHERE customer_id = '{Victim}'"), n => n == "0");
    }

    private Task<JsonElement> CertificateAsync(JsonElement erased) => GetAsync($"/v1/erasures/{erased.GetProperty("erasure").GetString()}");

    private Task<JsonElement> RemovedAsync(JsonElement erased) => UntilAsync(() => CertificateAsync(erased), c => c.GetProperty("state").GetString() == "removed");

    private static long StoreOf(JsonElement certificate, string store) =>
        certificate.GetProperty("stores").EnumerateArray().First(s => s.GetProperty("store").GetString() == store).GetProperty("removed").GetInt64();

    /// <summary>The server keeps what it replaced for eight minutes, in case it is needed after a power failure.</summary>
    private async Task ShortenPartsAsync()
    {
        var tables = await WarehouseAsync("SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND (name LIKE 'raw%' OR name LIKE 'customer%')");
        foreach (var table in tables.Split('\n')) await WarehouseAsync($"ALTER TABLE {table} MODIFY SETTING old_parts_lifetime = 1");
    }

    private async Task<string> WarehouseAsync(string sql)
    {
        var url = (await GetAsync("/v1/admin/status")).GetProperty("warehouse").GetProperty("url").GetString()!;
        using var response = await _http.PostAsync(new Uri(new Uri(url), "/?database=lambda"), new StringContent(sql));
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? text.Trim() : throw new InvalidOperationException(text);
    }

    private async Task<T> UntilAsync<T>(Func<Task<T>> ask, Predicate<T> isDone)
    {
        for (var until = Environment.TickCount64 + (long)Patience.TotalMilliseconds; ; await Task.Delay(50))
        {
            var answer = await ask();
            if (isDone(answer)) return answer;
            if (Environment.TickCount64 > until) throw new TimeoutException($"still {answer}\n{string.Join('\n', _log.TakeLast(5))}");
        }
    }

    private IEnumerable<string> Files() => Directory.EnumerateFiles(_folder.File("data"), "*", SearchOption.AllDirectories);

    private static bool Holds(string file, string text)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.GetBuffer().AsSpan(0, (int)bytes.Length).IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;
    }

    private void AssertNothingLeft()
    {
        Assert.Empty(Files().Where(f => Holds(f, Victim) || Holds(f, Marker)).Select(f => Path.GetRelativePath(_folder.File("data"), f)));
        var log = SqliteEventLog.Open(Path.Combine(_folder.File("data"), "log.db"), 2, TimeProvider.System); // what is compressed shows only so
        for (var p = 0; p < 2; p++)
            foreach (var frame in log.Read(p, log.StartOffset(p), int.MaxValue))
                foreach (var (_, record) in frame)
                    Assert.True(!RecordCodec.IsOfCustomer(record.Span) || !RecordCodec.CustomerIdOf(record.Span).SequenceEqual(Encoding.UTF8.GetBytes(Victim)));
        log.DisposeAsync().AsTask().Wait();
    }

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }
}
