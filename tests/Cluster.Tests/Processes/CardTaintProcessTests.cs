#if CLUSTER_RUNTIME && KAFKA
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using Lambda.Cluster.Clustered;
using Lambda.TestKit;
using Lambda.TestKit.Cards;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Xunit;
using Xunit.Abstractions;

namespace Lambda.ClusterTests.Processes;

/// <summary>Card numbers into a node of a cluster by its API and by a topic of others: in none of the stores and messages that the cluster edition has besides files.</summary>
[Collection(LocalClusters.Name)]
public sealed class CardTaintProcessTests(ITestOutputHelper output) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };
    private readonly List<(string Place, byte[] Bytes)> _seen = [];
    private readonly ConcurrentQueue<(string Place, byte[] Bytes)> _told = [];
    private int _sent;

    public void Dispose() => _http.Dispose();

    [SkippableFact]
    public async Task CardNumbers_SentToACluster_AreFoundNowhere()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        PostgresServer.SkipIfNotLocal();
        using var folder = new TempFolder();
        var (said, spans) = (new StringBuilder(), Directory.CreateDirectory(folder.File("spans")).FullName);
        await using var receiver = await ReceiverAsync();
        var options = new LocalClusterOptions(folder.File("cluster"), Nodes: 1, Partitions: 2)
        {
            MoreTopics = ["shop:1"], Log = (_, line) => { lock (said) said.AppendLine(line); },
            More = ["--card-keys", folder.Write("card.keys", $"k1 {new string('7', 64)}\n"), "--topics", folder.Write("topics.yaml", """
                topics:
                  - topic: shop
                    rename: { card.pan: card_number }
                    constants: { type: card, card_status: active, occurred_at: "2026-01-01T00:00:00Z" }
                """)],
            Environment = Tracing.Environment(spans),
        };
        await using (var cluster = await LocalCluster.StartAsync(options, default))
        {
            var node = cluster.Node(0)!.Url;
            using (var made = await _http.PostAsync(new Uri(node, "/v1/webhooks"), Json($$"""{"url":"{{receiver.Urls.First()}}/","segments":["security_watch"]}"""))) Assert.Equal(HttpStatusCode.Created, made.StatusCode);
            await AttackAsync(node);
            await TopicAsync(cluster);
            await ReadBackAsync(node);
            for (var watch = Stopwatch.StartNew(); _told.IsEmpty; await Task.Delay(50)) Assert.True(watch.Elapsed < Patience, "the webhook was not told");
            _seen.AddRange(Messages(cluster.Kafka, "lambda-events"));
            _seen.AddRange(await PostgresDump.OfAsync(cluster.Postgres));
            _seen.AddRange(await WarehouseDump.OfAsync(cluster.Warehouse));
            await cluster.StopNodeAsync(0);
        }
        _seen.AddRange(_told);
        lock (said) _seen.Add(("log of the node", Encoding.UTF8.GetBytes(said.ToString())));
        foreach (var file in Directory.EnumerateFiles(folder.File("cluster"), "*", SearchOption.AllDirectories).Concat(Directory.EnumerateFiles(spans))) _seen.Add((file, await File.ReadAllBytesAsync(file)));
        foreach (var place in (string[])["raw_events", "message ", "spans-"]) Assert.Contains(_seen, s => s.Place.Contains(place, StringComparison.Ordinal) && s.Bytes.Length > 0);
        Assert.Contains(_seen, s => s.Place.Contains("quarantine", StringComparison.Ordinal) && s.Place.StartsWith("table", StringComparison.Ordinal) && s.Bytes.AsSpan().IndexOf("missing_field"u8) >= 0);
        Assert.True(CardCanaries.Leaks(_seen) is [], string.Join("\n", CardCanaries.Leaks(_seen)));
    }

    /// <summary>By the API: what becomes a token, what is masked, what is refused.</summary>
    private async Task AttackAsync(Uri node)
    {
        foreach (var spelling in CardCanaries.Known.Concat(CardCanaries.Private).SelectMany(CardCanaries.Spellings))
        {
            var (text, isKnown) = (JsonSerializer.Serialize(spelling), CardCanaries.Known.Any(k => CardCanaries.Spellings(k).Contains(spelling)));
            string Event(string more) => $$"""{"type":"transaction","event_id":"e{{_sent++}}","occurred_at":"2026-01-01T00:00:00Z","amount":"1.00","currency":"EUR","direction":"debit","status":"approved",{{more}} }""";
            string[] events = [Event($"\"customer_id\":\"ann\",\"card_number\":{text}"), Event($"\"card_number\":{text}"), Event($"\"customer_id\":\"ann\",\"card\":{{\"card_number\":{text}}}"), Event($"\"customer_id\":\"ann\",\"{(isKnown ? "note" : "card_number")}\":[{text}]"), Event($"\"card_number\":{text}") + "}"];
            await SendAsync(node, HttpMethod.Post, "/v1/events", string.Join('\n', events));
            await SendAsync(node, HttpMethod.Post, "/v1/authorizations", $$"""{"transaction_id":"a{{_sent++}}","customer_id":"ann","amount":"1.00","currency":"EUR","deadline_ms":10000,"occurred_at":"{{DateTime.UtcNow:yyyy-MM-dd'T'HH:mm:ss'Z'}}","card_number":{{text}},"more":{"card_number":{{text}}} }""");
            if (isKnown) await SendAsync(node, HttpMethod.Get, $"/v1/customers/{Uri.EscapeDataString(spelling)}?at_least={Uri.EscapeDataString(spelling)}");
        }
        await SendAsync(node, HttpMethod.Post, "/v1/events", string.Join('\n', Enumerable.Range(0, 6).Select(i => $$"""{"type":"login","event_id":"l{{i}}","customer_id":"ann","channel":"web","success":false,"occurred_at":"{{DateTime.UtcNow.AddMinutes(-i):yyyy-MM-dd'T'HH:mm:ss'Z'}}","device_id":"d"}""")));
    }

    /// <summary>By a topic: the token is that of the API under the same key.</summary>
    private async Task TopicAsync(LocalCluster cluster)
    {
        using (var producer = new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = cluster.Kafka }).Build())
        {
            foreach (var message in (string[])[Of("t1", "topic", CardCanaries.Known[0]), Of("t2", "topic-private", CardCanaries.Private[0]), Of("t3", "", CardCanaries.Private[1]), Of("t4", "x", CardCanaries.Private[1]) + "}", $"[{Of("t5", "y", CardCanaries.Private[1])}]"])
                producer.Produce("shop", new Message<Null, string> { Value = message });
            await Task.Run(() => producer.Flush(TimeSpan.FromSeconds(20)));
        }
        var node = cluster.Node(0)!.Url;
        foreach (var (customer, number) in (IEnumerable<(string, string)>)[("topic", CardCanaries.Known[0]), ("topic-private", CardCanaries.Private[0])])
        {
            await SendAsync(node, HttpMethod.Post, "/v1/events", $$"""{"type":"card","event_id":"by-{{customer}}","customer_id":"by-{{customer}}","card_number":"{{number}}","card_status":"active","occurred_at":"2026-01-01T00:00:00Z"}""");
            Assert.Equal(await TokenAsync(node, $"by-{customer}"), await TokenAsync(node, customer));
        }
        for (var watch = Stopwatch.StartNew(); (await SendAsync(node, HttpMethod.Get, "/v1/admin/quarantine?limit=1000")).Split("shop:0:").Length <= 3; await Task.Delay(50)) Assert.True(watch.Elapsed < Patience);

        static string Of(string id, string customer, string number) => $$"""{"event_id":"{{id}}",{{(customer.Length > 0 ? $"\"customer_id\":\"{customer}\"," : "")}}"card":{"pan":"{{number}}","brand":"b"} }""";
    }

    private async Task<string> TokenAsync(Uri node, string customer)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            var text = await SendAsync(node, HttpMethod.Get, $"/v1/customers/{customer}/events");
            if (JsonDocument.Parse(text).RootElement.TryGetProperty("events", out var events) && events.GetArrayLength() > 0) return events[0].GetProperty("event").GetProperty("card_token").GetString()!;
            Assert.True(watch.Elapsed < Patience, $"{customer}: {text}");
        }
    }

    private async Task ReadBackAsync(Uri node)
    {
        foreach (var path in (string[])["/metrics", "/v1/admin/status", "/v1/admin/topics", "/v1/customers/ann", "/v1/customers/ann/personal-data", "/v1/customers/topic/events", "/v1/segments/security_watch/members"]) await SendAsync(node, HttpMethod.Get, path);
        await SendAsync(node, HttpMethod.Post, "/v1/exports", """{"format":"ndjson"}""");
        await SendAsync(node, HttpMethod.Post, "/v1/admin/checkpoint");
        await BacktestAsync(node);
    }

    /// <summary>The decisions that this node made come out the same again.</summary>
    private async Task BacktestAsync(Uri node)
    {
        var asked = (CardCanaries.Known.Length + CardCanaries.Private.Length) * 3;
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            var rules = JsonDocument.Parse(await SendAsync(node, HttpMethod.Get, "/v1/fraud/rules")).RootElement.GetProperty("text").GetString()!;
            using var answer = await _http.PostAsync(new Uri(node, $"/v1/fraud/rules/backtest?from=2026-01-01&to={DateTime.UtcNow:yyyy-MM-dd}"), new StringContent(rules, Encoding.UTF8, "application/yaml"));
            var (text, none) = (await answer.Content.ReadAsStringAsync(), 0L);
            Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
            var report = JsonDocument.Parse(text).RootElement;
            long Count(string of, string name = "count") => report.GetProperty(of).GetProperty(name).GetInt64();
            Assert.Equal((none, none, none), (Count("changed"), Count("remade", "differing"), Count("remade", "not_kept")));
            if (Count("decisions") == asked) return;
            Assert.True(watch.Elapsed < Patience, $"{asked} were asked: {text}");
        }
    }

    private async Task<string> SendAsync(Uri node, HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(node, path)) { Content = body is null ? null : Json(body) };
        request.Headers.TryAddWithoutValidation("baggage", $"card={CardCanaries.Known[0]}");
        request.Headers.TryAddWithoutValidation("tracestate", $"card={CardCanaries.Known[1]}");
        using var answer = await _http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        _seen.Add(($"{method} {path.Split('?')[0].Split('/')[^1].Length}… answers {(int)answer.StatusCode}", Encoding.UTF8.GetBytes(text)));
        return text;
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    /// <summary>Everything in a topic, unpacked.</summary>
    private static List<(string Place, byte[] Bytes)> Messages(string servers, string topic)
    {
        var found = new List<(string, byte[])>();
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig { BootstrapServers = servers, GroupId = "taint", EnableAutoCommit = false, EnablePartitionEof = true }).Build();
        for (var partition = 0; partition < 2; partition++)
        {
            consumer.Assign(new TopicPartitionOffset(topic, partition, Offset.Beginning));
            while (consumer.Consume(TimeSpan.FromSeconds(20)) is { IsPartitionEOF: false } message)
            {
                found.Add(($"message {partition}:{message.Offset}", [.. message.Message.Key ?? [], .. message.Message.Value ?? []]));
                foreach (var header in message.Message.Headers ?? []) found.Add(($"header {partition}:{message.Offset}", header.GetValueBytes() ?? []));
            }
        }
        return found;
    }

    private async Task<WebApplication> ReceiverAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            _told.Enqueue(("webhook", [.. Encoding.UTF8.GetBytes($"{string.Join('\n', context.Request.Headers)}"), .. body.ToArray()]));
        });
        await app.StartAsync();
        output.WriteLine($"webhooks at {app.Urls.First()}");
        return app;
    }
}
#endif
