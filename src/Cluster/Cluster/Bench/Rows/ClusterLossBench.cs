#if CLUSTER_RUNTIME && KAFKA
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Lambda.Cluster.Bench.Data;
using Lambda.Cluster.Bench.Load;
using Lambda.Cluster.Bench.Processes;
using Lambda.Cluster.Clustered;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Load;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>Three real nodes under load, of which one after the other is drained, stopped, killed and frozen: how long until every partition is answered again.</summary>
internal sealed class ClusterLossBench : IBench
{
    private const int Nodes = 3;
    private const int Partitions = 24; // the mock keeps 5 MB of each
    private const int EventsPerBody = 50;
    private const int CustomersChecked = 500;
    private const int RequestsPerSecond = 20;

    public string Name => "cluster-loss";

    public string What => "three nodes on this machine under 1,000 events a second: each drained, stopped, killed (the oldest too) and frozen, until every partition is answered again";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        var stream = new EventStream(23, context.Scaled(20_000, 100), context.Scaled(200_000, 1_000), days: 30, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * Clock.MicrosPerMs);
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(context.NewFolder("losses"), Nodes, Partitions) { More = ["--definition", BenchView.File] }, cancel);
        var urls = cluster.Running.Select(n => n.Url).ToList(); // they stay
        var load = new StreamLoad(stream, EventsPerBody);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var posting = LoadLoop.OpenAsync(urls, 8, load, _ => RequestsPerSecond, TimeSpan.FromHours(10), 7, ended.Token);
        var rows = new List<BenchRow>();
        var byAge = Enumerable.Range(0, Nodes).ToList(); // oldest first
        foreach (var loss in Losses(cluster).Where(l => context.Rounds > 1 || l.IsQuick)) rows.Add(await RoundsAsync(context, cluster, loss, byAge, cancel));
        await ended.CancelAsync();
        await posting;
        load.Ends = true;
        var rest = await LoadLoop.ClosedAsync(urls, 4, load, TimeSpan.FromMinutes(2), cancel);
        var isRight = rest.IsRight(context.Say) && load.Unacknowledged == 0 && await IsRightAsync(context, cluster, stream.Tally, load.Positions, cancel);
        return [.. rows.Select(r => r with { Verified = r.Verified && isRight })];
    }

    /// <summary>Loses the youngest, the oldest and the one between.</summary>
    private static async Task<BenchRow> RoundsAsync(BenchContext context, LocalCluster cluster, Loss loss, List<int> byAge, CancellationToken cancel)
    {
        var times = new List<(TimeSpan Took, long Refused)>();
        for (var round = 0; round < context.Rounds; round++)
        {
            var node = byAge[round == 0 ? ^1 : round == 1 ? 0 : 1];
            var age = node == byAge[0] ? "oldest" : node == byAge[^1] ? "youngest" : "other";
            await UntilBalancedAsync(cluster, cancel);
            times.Add(await loss.MeasureAsync(cluster, node, cancel));
            byAge.Remove(node);
            byAge.Add(node);
            context.Say(string.Create(CultureInfo.InvariantCulture, $"  {loss.Name}, the {age} node: {times[^1].Took.TotalSeconds:0.00} s, {times[^1].Refused} reads refused"));
        }
        return loss.Row(times);
    }

    private static IEnumerable<Loss> Losses(LocalCluster cluster)
    {
        yield return new Loss("cluster.drain", 2, "./lambda admin drain → all its partitions are answered elsewhere", MayRefuse: false, node => DrainAsync(cluster, node), node => cluster.StopNodeAsync(node));
        yield return new Loss("cluster.stop", null, "SIGTERM → it has handed over, left and ended", MayRefuse: false, cluster.StopNodeAsync, _ => Task.CompletedTask);
        yield return new Loss("cluster.kill", 15, "SIGKILL → every partition answers", MayRefuse: true, cluster.KillNodeAsync, _ => Task.CompletedTask);
        yield return new Loss("cluster.freeze", 15, "SIGSTOP → every partition answers", MayRefuse: true, node => cluster.Node(node)!.FreezeAsync(), async node =>
        {
            cluster.Node(node)!.Thaw();
            await cluster.Node(node)!.ExitedAsync(CancellationToken.None).WaitAsync(TimeSpan.FromMinutes(1)); // it was taken for lost, and finds that out
        });
    }

    /// <param name="Lose">Completes when the node was told, or has nothing left.</param>
    /// <param name="End">Until its process is gone.</param>
    private sealed record Loss(string Name, double? Goal, string What, bool MayRefuse, Func<int, Task> Lose, Func<int, Task> End)
    {
        public async Task<(TimeSpan Took, long Refused)> MeasureAsync(LocalCluster cluster, int node, CancellationToken cancel)
        {
            var measured = await LoseAsync(cluster, (node + 1) % Nodes, () => Lose(node), cancel);
            await End(node);
            await cluster.StartNodeAsync(node, cancel);
            return measured;
        }

        /// <summary>Also measured where the bench itself is tested.</summary>
        public bool IsQuick => Name is "cluster.drain" or "cluster.kill";

        public BenchRow Row(IReadOnlyList<(TimeSpan Took, long Refused)> times)
        {
            var refused = times.Sum(t => t.Refused);
            var each = string.Join(", ", times.Select(t => t.Took.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)));
            return new BenchRow(Name, times.Max(t => t.Took.TotalSeconds), "s", Goal, null, MayRefuse || refused == 0, Better.Lower, Note: $"{What}; the longest of {each}; reads refused meanwhile: {refused}");
        }
    }

    private static async Task DrainAsync(LocalCluster cluster, int node)
    {
        using var http = new HttpClient { BaseAddress = cluster.Node((node + 1) % Nodes)!.Url };
        using var response = await http.PostAsync($"/v1/admin/nodes/{cluster.AddressOf(node)}/drain", null);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Until every node owns its share: losing one that hosts nothing says nothing.</summary>
    private static async Task UntilBalancedAsync(LocalCluster cluster, CancellationToken cancel)
    {
        using var http = new HttpClient { BaseAddress = cluster.Running.First().Url };
        while (await OwnedAsync(http) is var owned && (owned.Count < Nodes || owned.Any(o => o.Partitions != Partitions / Nodes))) await Task.Delay(100, cancel);
    }

    private static async Task<List<(string Node, int Partitions)>> OwnedAsync(HttpClient http)
    {
        using var nodes = JsonDocument.Parse(await http.GetStringAsync("/v1/admin/nodes"));
        return [.. nodes.RootElement.GetProperty("nodes").EnumerateArray().Select(n => (n.GetProperty("node").GetString()!, n.GetProperty("partitions").GetArrayLength()))];
    }

    /// <summary>Reads one customer of every partition again and again while a node is lost; the time until all answer, and the refusals.</summary>
    private static async Task<(TimeSpan Took, long Refused)> LoseAsync(LocalCluster cluster, int asked, Func<Task> lose, CancellationToken cancel)
    {
        var refused = 0L;
        using var http = new HttpClient { BaseAddress = cluster.Node(asked)!.Url };
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var reading = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
                foreach (var customer in Probes)
                    if (!await AnswersAsync(http, customer)) refused++;
        }, cancel);
        var begin = Stopwatch.GetTimestamp();
        await lose();
        await UntilAllAnswerAsync(http, cancel);
        var took = Stopwatch.GetElapsedTime(begin);
        await done.CancelAsync();
        await reading;
        return (took, refused);
    }

    private static readonly string[] Probes = [.. Enumerable.Range(0, Partitions)
        .Select(p => Enumerable.Range(0, 100_000).Select(i => $"probe-{i}").First(c => Partitioner.PartitionOf(Encoding.UTF8.GetBytes(c), Partitions) == p))];

    /// <summary>All partitions are asked at the same time.</summary>
    private static Task UntilAllAnswerAsync(HttpClient http, CancellationToken cancel) => Task.WhenAll(Probes.Select(async customer =>
    {
        while (!await AnswersAsync(http, customer)) await Task.Delay(10, cancel);
    }));

    /// <summary>200 or 404: the partition was asked and knew.</summary>
    private static async Task<bool> AnswersAsync(HttpClient http, string customer)
    {
        using var response = await http.GetAsync($"/v1/customers/{customer}");
        return (int)response.StatusCode is 200 or 404;
    }

    private static async Task<bool> IsRightAsync(BenchContext context, LocalCluster cluster, Tally tally, Dictionary<int, long> acknowledged, CancellationToken cancel)
    {
        var wrong = 0;
        foreach (var node in cluster.Running)
        {
            using var client = new HostClient(node.Url);
            await client.SettleAsync(cancel, acknowledged);
            wrong += await client.WrongAsync(context, tally, Enumerable.Range(0, Math.Min(tally.Customers, CustomersChecked)), cancel);
        }
        return wrong == 0;
    }
}
#endif
