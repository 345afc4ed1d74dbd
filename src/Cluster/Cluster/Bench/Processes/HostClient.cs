using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Lambda.Cluster.Bench.Data;
using Lambda.Cluster.Cli;

namespace Lambda.Cluster.Bench.Processes;

/// <summary>A running host as benches ask it between measurements: by its public API only.</summary>
internal sealed class HostClient(Uri url) : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Client _api = new(url);
    private readonly HttpClient _http = new() { BaseAddress = url };

    /// <summary>Until everything appended is folded and in ClickHouse.</summary>
    /// <param name="acknowledged">Per partition an offset that was acknowledged: a node of a cluster may not yet know the end that another one appended to.</param>
    public async Task SettleAsync(CancellationToken cancel, IReadOnlyDictionary<int, long>? acknowledged = null)
    {
        while (!(await StatusAsync(cancel)).GetProperty("partitions").EnumerateArray().All(p => Is(p, "applied") && Is(p, "sunk"))) await Task.Delay(Poll, cancel);

        bool Is(JsonElement partition, string what)
        {
            var reached = partition.GetProperty(what).GetInt64();
            return reached >= partition.GetProperty("end").GetInt64()
                && reached > (acknowledged?.GetValueOrDefault(partition.GetProperty("partition").GetInt32(), -1) ?? -1);
        }
    }

    public Task<JsonElement> StatusAsync(CancellationToken cancel) => _api.GetAsync("/v1/admin/status", cancel);

    /// <summary>Posts NDJSON; all of it must be accepted.</summary>
    public async Task PostAsync(ReadOnlyMemory<byte> lines, CancellationToken cancel)
    {
        using var body = new ReadOnlyMemoryContent(lines);
        var reply = await _api.PostAsync("/v1/events", body, cancel);
        if (reply.GetProperty("rejected").GetArrayLength() > 0) throw new InvalidOperationException($"the host refused an event of the bench: {reply}");
    }

    /// <summary>Makes an API key without a rate limit.</summary>
    public async Task<string> NewKeyAsync(bool pii, CancellationToken cancel)
    {
        using var body = System.Net.Http.Json.JsonContent.Create(new { name = "bench", roles = new[] { "marketing" }, pii, requests_per_second = 10_000_000 });
        return (await _api.PostAsync("/v1/admin/keys", body, cancel)).GetProperty("key").GetString()!;
    }

    /// <summary>Null when the host does not answer, not with 200, or not yet with an answer.</summary>
    public async Task<byte[]?> CustomerAsync(string customer, CancellationToken cancel)
    {
        try
        {
            using var response = await _http.GetAsync($"/v1/customers/{customer}", cancel);
            return response.StatusCode == HttpStatusCode.OK ? await response.Content.ReadAsByteArrayAsync(cancel) : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>How many of these customers are answered with another spend than was generated for them, or not at all.</summary>
    public async Task<int> WrongAsync(BenchContext context, Tally tally, IEnumerable<int> customers, CancellationToken cancel)
    {
        int wrong = 0, silent = 0;
        foreach (var customer in customers)
        {
            if (await PatientlyAsync(AnswerCheck.Id(customer).ToString(), cancel) is not { } body) silent++;
            else if (AnswerCheck.SpendOf(body) != context.Expected(tally.SpendOf(customer))) wrong++;
        }
        if (wrong > 0) context.Say($"  {wrong} customers are answered otherwise than was generated");
        if (silent > 0) context.Say($"  {silent} customers are not answered within {Patience.TotalSeconds:0} s");
        return wrong + silent;
    }

    /// <summary>A refusal (503) is no wrong answer: it is asked again for a while.</summary>
    private async Task<byte[]?> PatientlyAsync(string customer, CancellationToken cancel)
    {
        for (var begin = Stopwatch.GetTimestamp(); ; await Task.Delay(Poll, cancel))
        {
            var body = await CustomerAsync(customer, cancel);
            if (body is not null || Stopwatch.GetElapsedTime(begin) > Patience) return body;
        }
    }

    /// <summary>Starts a batch run.</summary>
    /// <returns>Its name.</returns>
    public async Task<string> StartRunAsync(CancellationToken cancel) => (await _api.PostAsync("/v1/admin/batch/runs", null, cancel)).GetProperty("run").GetString()!;

    /// <returns>State of the run, in lower case.</returns>
    public async Task<string> RunStateAsync(string run, CancellationToken cancel) => (await _api.GetAsync($"/v1/admin/batch/runs/{run}", cancel)).GetProperty("state").GetString()!;

    /// <summary>Runs SQL on the host's warehouse; the answer as TSV.</summary>
    public async Task<string> QueryAsync(string sql, CancellationToken cancel)
    {
        _warehouse ??= new Uri((await StatusAsync(cancel)).GetProperty("warehouse").GetProperty("url").GetString()!);
        using var body = new StringContent(sql);
        using var response = await _http.PostAsync(new Uri(_warehouse, "/?database=lambda"), body, cancel);
        var text = await response.Content.ReadAsStringAsync(cancel);
        return response.IsSuccessStatusCode ? text.TrimEnd('\n') : throw new InvalidOperationException($"{sql}: {text}");
    }

    private Uri? _warehouse;

    public void Dispose()
    {
        _api.Dispose();
        _http.Dispose();
    }
}
