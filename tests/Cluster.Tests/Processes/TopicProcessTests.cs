#if CLUSTER_RUNTIME && KAFKA
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using Lambda.Cluster.Clustered;
using Lambda.TestKit;
using Xunit;
using Xunit.Abstractions;

namespace Lambda.ClusterTests.Processes;

/// <summary>Topics of others read by a cluster of real processes, while the node that reads one of them is killed.</summary>
[Collection(LocalClusters.Name)]
public sealed class TopicProcessTests(ITestOutputHelper output)
{
    private const int Customers = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };

    [SkippableFact]
    public async Task Topics_WhenTheNodeThatReadsOneIsKilled_AreTakenOnceByAnother()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        PostgresServer.SkipIfNotLocal();
        using var folder = new TempFolder();
        var topics = folder.Write("topics.yaml", """
            topics:
              - topic: shop
              - topic: crm
                event_id: position
                rename: { who: customer_id, at: occurred_at }
                constants: { type: app_event, name: contact }
            """);
        var said = new List<string>();
        var options = new LocalClusterOptions(folder.File("cluster"), Partitions: 4)
        {
            MoreTopics = ["shop:3", "crm:2"], More = ["--topics", topics], Log = (node, line) => { lock (said) said.Add($"node {node}: {line}"); },
        };
        await using var cluster = await LocalCluster.StartAsync(options, default);
        try
        {
            using var producer = new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = cluster.Kafka, LingerMs = 20 }).Build();
            var spend = await ProduceAsync(producer, 0, 6_000, null);
            var reader = await UntilAsync(cluster, 0, t => t.GetProperty("state").GetString() == "reading" && Next(t) > 0); // it may have moved since: what it accepted is counted by reader
            var killed = Enumerable.Range(0, cluster.Nodes).Single(i => cluster.AddressOf(i) == reader.GetProperty("node").GetString());
            var other = (killed + 1) % cluster.Nodes;
            await PutImportAsync(cluster.Node(killed)!.Url);

            var producing = ProduceAsync(producer, 6_000, 12_000, spend);
            var watch = Stopwatch.StartNew();
            await cluster.KillNodeAsync(killed);
            await producing;
            var moved = await UntilAsync(cluster, other, t => t.GetProperty("state").GetString() == "reading" && t.GetProperty("lag").GetInt64() == 0 && Next(t) == 12_000);
            output.WriteLine($"SIGKILL of the reader → everything is read by {moved.GetProperty("node").GetString()}: {watch.Elapsed.TotalSeconds:0.0} s");

            await CheckSpendAsync(cluster.Node(other)!.Url, spend);
            await CheckQuarantineAsync(cluster.Node(other)!.Url);
            Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync(new Uri(cluster.Node(other)!.Url, "/v1/admin/imports/ab-12"))).StatusCode); // goes on at any node
            foreach (var topic in (string[])["shop", "crm"]) await UntilOneReadsAsync(cluster, topic);
        }
        finally
        {
            lock (said) foreach (var line in said.TakeLast(40)) output.WriteLine(line);
        }
    }

    /// <summary>Purchases into shop (some twice, under the same id; every hundredth broken), contacts into crm.</summary>
    private static async Task<long[]> ProduceAsync(IProducer<Null, string> producer, int from, int to, long[]? spend)
    {
        spend ??= new long[Customers];
        for (var i = from; i < to; i++)
        {
            var broken = i % 100 == 99;
            if (!broken && i % 50 != 7) spend[i % Customers] += i;
            var of = i % 50 == 7 ? i - 1 : i; // a repeat of the one before
            var purchase = $$"""{"event_id":"s{{of}}","customer_id":"t-{{of % Customers}}","type":"transaction","occurred_at":"2026-03-01T10:00:00Z","amount_minor":{{of}},"currency":"EUR","direction":"debit","status":"approved","category":"fuel","channel":"pos"}""";
            producer.Produce(new TopicPartition("shop", of % 3), new Message<Null, string> { Value = broken ? "broken" : purchase });
            if (i % 10 == 0) producer.Produce(new TopicPartition("crm", i % 2), new Message<Null, string> { Value = $$"""{"who":"t-{{i % Customers}}","at":"2026-03-01T11:00:00Z"}""" });
            if (i % 500 == 0) await Task.Delay(50);
        }
        await Task.Run(() => producer.Flush(TimeSpan.FromSeconds(30)));
        return spend;
    }

    private static long Next(JsonElement topic) => topic.GetProperty("partitions").EnumerateArray().Sum(p => p.GetProperty("next").GetInt64());

    /// <summary>Exactly one node says that it reads the topic.</summary>
    private async Task UntilOneReadsAsync(LocalCluster cluster, string topic)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            var metrics = string.Concat(await Task.WhenAll(cluster.Running.Select(n => _http.GetStringAsync(new Uri(n.Url, "/metrics")))));
            var told = metrics.Split('\n').Where(l => l.StartsWith("lambda_topic_reading{", StringComparison.Ordinal) && l.Contains($"topic=\"{topic}\"", StringComparison.Ordinal)).ToList();
            var reading = told.Count(l => l.EndsWith(" 1", StringComparison.Ordinal));
            if (reading == 1) return;
            Assert.True(reading == 0 && watch.Elapsed < Patience, string.Join('\n', told));
        }
    }

    /// <summary>Until the topic `shop` is as wanted, as this node tells.</summary>
    private async Task<JsonElement> UntilAsync(LocalCluster cluster, int node, Func<JsonElement, bool> wanted)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            var topics = JsonDocument.Parse(await _http.GetStringAsync(new Uri(cluster.Node(node)!.Url, "/v1/admin/topics"))).RootElement.GetProperty("topics");
            if (topics.EnumerateArray().First() is var shop && wanted(shop)) return shop;
            Assert.True(watch.Elapsed < Patience, topics.ToString());
        }
    }

    private async Task CheckSpendAsync(Uri node, long[] spend)
    {
        var watch = Stopwatch.StartNew();
        for (var c = 0; c < Customers; c++)
            while (true)
            {
                using var response = await _http.GetAsync(new Uri(node, $"/v1/customers/t-{c}"));
                var answer = await response.Content.ReadAsStringAsync();
                if (response.IsSuccessStatusCode && JsonDocument.Parse(answer).RootElement.GetProperty("metrics").GetProperty("spend").GetInt64() == spend[c]) break;
                Assert.True(watch.Elapsed < Patience, $"t-{c}: {spend[c]} was sent; {answer}");
                await Task.Delay(50);
            }
    }

    private async Task CheckQuarantineAsync(Uri node)
    {
        var found = JsonDocument.Parse(await _http.GetStringAsync(new Uri(node, "/v1/admin/quarantine?limit=1000"))).RootElement.GetProperty("entries").EnumerateArray().ToList();
        Assert.Equal(120, found.Count);
        Assert.All(found, e => Assert.Matches(@"^shop:[012]:\d+$", e.GetProperty("source").GetString()));
    }

    private async Task PutImportAsync(Uri node)
    {
        var progress = new StringContent("""{"file":"a.csv","done_line":7,"rows":6,"events":5,"rejected":1,"complete":false}""", Encoding.UTF8, "application/json");
        (await _http.PutAsync(new Uri(node, "/v1/admin/imports/ab-12"), progress)).EnsureSuccessStatusCode();
    }
}
#endif
