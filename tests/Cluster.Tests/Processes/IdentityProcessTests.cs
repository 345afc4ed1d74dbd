#if CLUSTER_RUNTIME && KAFKA
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Lambda.Cluster.Clustered;
using Lambda.Domain.Log;
using Lambda.TestKit;
using Xunit;
using Xunit.Abstractions;

namespace Lambda.ClusterTests.Processes;

/// <summary>Customers of several partitions, whose owners are on several nodes, become one person; a node that owns one of them is killed.</summary>
[Collection(LocalClusters.Name)]
public sealed class IdentityProcessTests(ITestOutputHelper output)
{
    private const int Partitions = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };
    private int _events;

    [SkippableFact]
    public async Task Merge_OfCustomersOnSeveralNodes_IsOnePersonOnEveryNodeAlsoWhenOneDies()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        PostgresServer.SkipIfNotLocal();
        using var folder = new TempFolder();
        var said = new List<string>();
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(folder.File("cluster"), Partitions: Partitions) { Log = (node, line) => { lock (said) said.Add($"node {node}: {line}"); } }, default);
        try
        {
            string[] customers = [.. Enumerable.Range(0, Partitions).Select(InPartition)];
            foreach (var customer in customers) await BuyAsync(cluster.Node(0)!.Url, customer, 2);
            await RowsAreAsync(cluster.Node(0)!.Url, [.. customers.Select(c => (c, 2L))]);

            var (number, links) = await MergeAsync(cluster, customers);
            foreach (var node in cluster.Running)
                foreach (var customer in customers)
                    Assert.Equal(2 * Partitions, (await JsonAsync(node.Url, $"/v1/customers/{customer}?at_least=identity:{number}")).GetProperty("metrics").GetProperty("purchases").GetInt64());
            await RowsAreAsync(cluster.Node(1)!.Url, (customers[0], 2 * Partitions));

            var watch = Stopwatch.StartNew();
            await BuyAsync(cluster.Node(0)!.Url, customers[3], 1);
            await RowsAreAsync(cluster.Node(1)!.Url, (customers[0], 2 * Partitions + 1));
            output.WriteLine($"another partition's member buys → the person's row: {watch.Elapsed.TotalSeconds:0.00} s");

            var killed = await OwnerOfAsync(cluster, Partitioner.PartitionOf(Encoding.UTF8.GetBytes(customers[0]), Partitions));
            var alive = (killed + 1) % cluster.Nodes;
            await cluster.KillNodeAsync(killed);
            await BuyAsync(cluster.Node(alive)!.Url, customers[1], 1);
            watch.Restart();
            await RowsAreAsync(cluster.Node(alive)!.Url, (customers[0], 2 * Partitions + 2));
            output.WriteLine($"the same when the owner of the person's row was just killed: {watch.Elapsed.TotalSeconds:0.00} s");

            foreach (var link in links) await JsonAsync(cluster.Node(alive)!.Url, "/v1/identity/unmerges", new { link });
            await RowsAreAsync(cluster.Node(alive)!.Url, [(customers[0], 2), (customers[1], 3), (customers[2], 2), (customers[3], 3)]);
        }
        finally
        {
            lock (said) foreach (var line in said.TakeLast(40)) output.WriteLine(line);
        }
    }

    /// <summary>Each pair is merged at two nodes at once, once either way: one of them is refused, whichever.</summary>
    private async Task<(long Number, IReadOnlyList<string> Links)> MergeAsync(LocalCluster cluster, string[] customers)
    {
        var (number, links) = (0L, new List<string>());
        for (var i = 1; i < customers.Length; i++)
        {
            var both = await Task.WhenAll(
                PostAsync(cluster.Node(i % cluster.Nodes)!.Url, "/v1/identity/merges", new { into = customers[0], customer = customers[i] }),
                PostAsync(cluster.Node((i + 1) % cluster.Nodes)!.Url, "/v1/identity/merges", new { into = customers[0], customer = customers[i] }));
            Assert.Equal([HttpStatusCode.Created, HttpStatusCode.Conflict], both.Select(b => b.Status).Order());
            var made = both.Single(b => b.Status == HttpStatusCode.Created).Body;
            number = made.GetProperty("identity").GetInt64();
            links.Add(made.GetProperty("link").GetProperty("id").GetString()!);
        }
        return (number, links);
    }

    private static string InPartition(int partition) =>
        Enumerable.Range(0, 100).Select(i => string.Create(CultureInfo.InvariantCulture, $"c{i}")).First(c => Partitioner.PartitionOf(Encoding.UTF8.GetBytes(c), Partitions) == partition);

    private async Task<int> OwnerOfAsync(LocalCluster cluster, int partition)
    {
        var nodes = (await JsonAsync(cluster.Node(0)!.Url, "/v1/admin/nodes")).GetProperty("nodes").EnumerateArray().ToList();
        var owner = nodes.Single(n => n.GetProperty("partitions").EnumerateArray().Any(p => p.GetInt32() == partition)).GetProperty("node").GetString();
        return Enumerable.Range(0, cluster.Nodes).Single(i => cluster.AddressOf(i) == owner);
    }

    private async Task BuyAsync(Uri node, string customer, int count)
    {
        var lines = Enumerable.Range(0, count).Select(_ => $$"""{"event_id":"e{{++_events}}","customer_id":"{{customer}}","type":"transaction","occurred_at":"2026-03-01T10:00:00Z","amount_minor":100,"currency":"EUR","direction":"debit","status":"approved"}""");
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            using var response = await _http.PostAsync(new Uri(node, "/v1/events"), new StringContent(string.Join('\n', lines), Encoding.UTF8, "application/x-ndjson"));
            if (response.IsSuccessStatusCode) return;
            Assert.True(watch.Elapsed < Patience, await response.Content.ReadAsStringAsync());
        }
    }

    private async Task RowsAreAsync(Uri node, params (string Customer, long Purchases)[] expected)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            var page = await PostAsync(node, "/v1/customers/search", new { select = new[] { "purchases" } });
            var rows = page.Status != HttpStatusCode.OK
                ? []
                : page.Body.GetProperty("customers").EnumerateArray().Select(c => (c.GetProperty("customer_id").GetString()!, c.GetProperty("values").GetProperty("purchases").GetInt64())).ToList();
            if (rows.Order().SequenceEqual(expected.Order())) return;
            Assert.True(watch.Elapsed < Patience, $"{page.Status} {string.Join(' ', rows)}, expected {string.Join(' ', expected)}");
        }
    }

    private Task<JsonElement> JsonAsync(Uri node, string path, object body) => OkAsync(PostAsync(node, path, body), path);

    private Task<JsonElement> JsonAsync(Uri node, string path) => OkAsync(SendAsync(new HttpRequestMessage(HttpMethod.Get, new Uri(node, path))), path);

    private static async Task<JsonElement> OkAsync(Task<(HttpStatusCode Status, JsonElement Body)> answer, string path)
    {
        var (status, body) = await answer;
        Assert.True(status == HttpStatusCode.OK, $"{path}: {status} {body}");
        return body;
    }

    private Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(Uri node, string path, object body) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Post, new Uri(node, path)) { Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json") });

    private async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(HttpRequestMessage request)
    {
        using var response = await _http.SendAsync(request);
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }
}
#endif
