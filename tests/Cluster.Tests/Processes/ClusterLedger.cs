#if CLUSTER_RUNTIME && KAFKA
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Lambda.Cluster.Clustered;
using Partitioner = Lambda.Domain.Log.Partitioner;
using Xunit;

namespace Lambda.ClusterTests.Processes;

/// <summary>
/// Writers that send purchases to whichever node lives, each request until it is acknowledged, and read back at once what must be there. Every writer has
/// customers of its own, so what it reads must be exactly what was acknowledged to it.
/// </summary>
internal sealed class ClusterLedger(LocalCluster cluster, int partitions) : IDisposable
{
    private const int CustomersPerWriter = 25;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly HttpClient _http = new() { Timeout = Patience };
    private readonly ConcurrentDictionary<string, (long Count, long Minor)> _acknowledged = new();
    private readonly ConcurrentDictionary<string, long> _positions = new();
    private readonly ConcurrentBag<string> _wrong = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _writers = [];
    private readonly ReadCounts _reads = new(partitions);

    public ReadCounts Reads => _reads;

    public long Acknowledged => _acknowledged.Values.Sum(a => a.Count);

    public void Begin(int writers)
    {
        for (var w = 0; w < writers; w++)
        {
            var writer = w;
            _writers.Add(Task.Run(() => WriteAsync(writer)));
        }
    }

    public async Task EndAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_writers);
        Assert.Empty(_wrong);
    }

    /// <summary>Every customer at every node that runs, with everything that was acknowledged.</summary>
    public async Task CheckAsync()
    {
        foreach (var node in cluster.Running)
            foreach (var (customer, (count, minor)) in _acknowledged)
            {
                using var response = await _http.GetAsync(new Uri(node.Url, $"/v1/customers/{customer}?at_least={PartitionOf(customer)}:{_positions[PartitionOf(customer)]}&wait_ms=10000"));
                var answer = await response.Content.ReadAsStringAsync();
                Assert.True(response.StatusCode == HttpStatusCode.OK && (count, minor) == Numbers(answer), $"{customer}: {(count, minor)} was acknowledged; {answer}");
            }
    }

    /// <summary>Until one customer of every partition is answered by this node.</summary>
    public async Task UntilAllAnswerAsync(int node)
    {
        for (var p = 0; p < partitions; p++)
        {
            var customer = Enumerable.Range(0, 100_000).Select(i => $"probe-{i}").First(c => Partitioner.PartitionOf(Encoding.UTF8.GetBytes(c), partitions) == p);
            while (true)
            {
                using var response = await TryAsync(() => _http.GetAsync(new Uri(cluster.Node(node)!.Url, $"/v1/customers/{customer}")));
                if (response is { StatusCode: HttpStatusCode.OK or HttpStatusCode.NotFound }) break;
                await Task.Delay(20);
            }
        }
    }

    /// <summary>
    /// Asks a frozen process, whose connections the system still takes, for what has been known elsewhere since. The answers come when it wakes: refusals, or
    /// at least the numbers of when it was asked.
    /// </summary>
    public async Task<Task<string>> AskFrozenAsync(Uri frozen, int healthy)
    {
        var known = new Dictionary<string, (long Count, long Minor)>();
        foreach (var customer in _acknowledged.Keys.Take(CustomersPerWriter))
        {
            var (acknowledged, p) = (_acknowledged[customer], PartitionOf(customer));
            using var response = await TryAsync(() => _http.GetAsync(new Uri(cluster.Node(healthy)!.Url, $"/v1/customers/{customer}?at_least={p}:{_positions[p]}&wait_ms=5000")));
            if (response is { StatusCode: HttpStatusCode.OK }) known[customer] = acknowledged;
        }
        Assert.NotEmpty(known);
        var http = new HttpClient { Timeout = TimeSpan.FromSeconds(40) };
        var asked = known.Select(k => (k.Value, Answer: TryAsync(() => http.GetAsync(new Uri(frozen, $"/v1/customers/{k.Key}"))))).ToList();
        await Task.Delay(500); // until they are in its sockets
        return AnswersAsync();

        async Task<string> AnswersAsync()
        {
            var exact = 0;
            foreach (var (least, answer) in asked)
            {
                using var response = await answer;
                if (response?.StatusCode != HttpStatusCode.OK) continue;
                var body = await response.Content.ReadAsStringAsync();
                var (count, minor) = Numbers(body);
                if (count < least.Count || minor < least.Minor) _wrong.Add($"a frozen node answers when it wakes: {least} was known to others when it was asked; {body}");
                exact++;
            }
            http.Dispose();
            return $"{asked.Count} reads, {exact} answered and right, {asked.Count - exact} refused or not answered";
        }
    }

    public async Task<JsonElement> GetAsync(int node, string path) => JsonDocument.Parse(await _http.GetStringAsync(new Uri(cluster.Node(node)!.Url, path))).RootElement;

    public Task<JsonElement?> TryGetAsync(int node, string path) => TryReadAsync(() => _http.GetAsync(new Uri(cluster.Node(node)!.Url, path)));

    public async Task<JsonElement> PostAsync(int node, string path)
    {
        using var response = await _http.PostAsync(new Uri(cluster.Node(node)!.Url, path), null);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>Also when it is so already (409); null when it cannot be done now.</summary>
    public Task<JsonElement?> TryPostAsync(int node, string path) => TryReadAsync(() => _http.PostAsync(new Uri(cluster.Node(node)!.Url, path), null));

    private static async Task<JsonElement?> TryReadAsync(Func<Task<HttpResponseMessage>> request)
    {
        using var response = await TryAsync(request);
        return response is { IsSuccessStatusCode: true } or { StatusCode: HttpStatusCode.Conflict } ? JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement : null;
    }

    public void Dispose()
    {
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task WriteAsync(int writer)
    {
        var random = new Random(writer);
        while (!_stop.IsCancellationRequested)
        {
            var (body, events) = Batch(writer, random);
            var positions = await SendAsync(body, random);
            foreach (var position in positions.EnumerateObject()) _positions.AddOrUpdate(position.Name, position.Value.GetInt64(), (_, p) => Math.Max(p, position.Value.GetInt64()));
            foreach (var (customer, minor) in events)
                _acknowledged.AddOrUpdate(customer, (1, minor), (_, a) => (a.Count + 1, a.Minor + minor));
            await ReadBackAsync(events[random.Next(events.Count)].Customer, positions, random);
        }
    }

    private async Task<JsonElement> SendAsync(string body, Random random)
    {
        while (true)
        {
            using var response = await TryAsync(() => _http.PostAsync(new Uri(Someone(random), "/v1/events"), new StringContent(body)));
            if (response?.StatusCode == HttpStatusCode.OK) return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("positions");
            await Task.Delay(20);
        }
    }

    private async Task ReadBackAsync(string customer, JsonElement positions, Random random)
    {
        var partition = PartitionOf(customer);
        var url = new Uri(Someone(random), $"/v1/customers/{customer}?at_least={partition}:{positions.GetProperty(partition).GetInt64()}&wait_ms=1000");
        HttpResponseMessage response;
        try
        {
            response = await _http.GetAsync(url);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            _reads.CountUnanswered(nobodyListens: e is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError });
            return;
        }
        using var _ = response;
        var body = await response.Content.ReadAsStringAsync();
        if (response.StatusCode == HttpStatusCode.ServiceUnavailable && response.Headers.RetryAfter is not null) _reads.CountRefused(int.Parse(partition, CultureInfo.InvariantCulture));
        else if (response.StatusCode != HttpStatusCode.OK) _wrong.Add($"{customer}: {(int)response.StatusCode} {body}");
        else
        {
            _reads.CountExact(int.Parse(partition, CultureInfo.InvariantCulture));
            var (served, acknowledged) = (Numbers(body), _acknowledged[customer]);
            if (served != acknowledged) _wrong.Add($"{customer}: {served} is served, {acknowledged} was acknowledged; {body}");
        }
    }

    private string PartitionOf(string customer) => Partitioner.PartitionOf(Encoding.UTF8.GetBytes(customer), partitions).ToString(CultureInfo.InvariantCulture);

    private Uri Someone(Random random)
    {
        var running = cluster.Running.ToList();
        return running[random.Next(running.Count)].Url;
    }

    private static async Task<HttpResponseMessage?> TryAsync(Func<Task<HttpResponseMessage>> request)
    {
        try
        {
            return await request();
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or AggregateException or InvalidOperationException)
        {
            return null; // the node is gone, or was not there yet
        }
    }

    private static (long, long) Numbers(string answer)
    {
        var metrics = JsonDocument.Parse(answer).RootElement.GetProperty("metrics");
        return (metrics.GetProperty("purchases").GetInt64(), metrics.GetProperty("spend").GetInt64());
    }

    private static (string Body, List<(string Customer, long Minor)> Events) Batch(int writer, Random random)
    {
        var body = new StringBuilder();
        var events = new List<(string, long)>();
        for (var n = random.Next(1, 40); n > 0; n--)
        {
            var (customer, minor) = ($"w{writer}-{random.Next(CustomersPerWriter)}", (long)random.Next(1, 100_000));
            var at = DateTimeOffset.UtcNow.AddMinutes(-random.Next(0, 2000)).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
            body.AppendLine(CultureInfo.InvariantCulture, $$"""{"event_id":"{{Guid.NewGuid()}}","customer_id":"{{customer}}","type":"transaction","occurred_at":"{{at}}","amount_minor":{{minor}},"currency":"EUR","direction":"debit","status":"approved","category":"fuel","channel":"pos"}""");
            events.Add((customer, minor));
        }
        return (body.ToString(), events);
    }
}
#endif
