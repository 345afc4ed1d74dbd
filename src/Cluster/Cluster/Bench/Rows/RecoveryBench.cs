using System.Diagnostics;
using Lambda.Cluster.Bench.Data;
using Lambda.Cluster.Bench.Processes;
using Lambda.Load;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>SIGKILL of a host that holds a million customers; the clock runs from the kill, so a new process, its warehouse and the replay are all in it.</summary>
internal sealed class RecoveryBench : IBench
{
    private const int EventsBefore = 50_000;
    private const int CustomersWatched = 40;
    private static readonly TimeSpan GiveUp = TimeSpan.FromSeconds(60);

    public string Name => "recovery";

    public string What => "kill -9 with 1 M customers until the first correct answer";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        var million = await Million.OfAsync(context, cancel);
        var rounds = new List<(double First, double All)>();
        for (var round = 0; round < context.Rounds; round++) rounds.Add(await RoundAsync(context, million, cancel));
        await million.Host.SettleAsync(cancel);
        var isRight = await million.Host.WrongAsync(context, million.Tally, million.Sample(1_000), cancel) == 0;
        return
        [
            new BenchRow("recovery", Stats.Median(rounds.Select(r => r.First)), "s", 3, null, isRight, Better.Lower, "first correct answer of a customer written to just before the kill"),
            new BenchRow("recovery.all", Stats.Median(rounds.Select(r => r.All)), "s", null, null, isRight, Better.Lower, $"correct answers of {CustomersWatched} such customers, over all partitions"),
        ];
    }

    private static async Task<(double First, double All)> RoundAsync(BenchContext context, Million million, CancellationToken cancel)
    {
        // Acknowledged just before the end: what must be there again.
        var load = new PostLoad(EventBatches.Lines(million.Stream, context.Scaled(EventsBefore, 500), 500));
        var sent = await LoadLoop.ClosedAsync(million.Url, 4, load, TimeSpan.FromMinutes(5), cancel);
        if (!sent.IsRight(context.Say)) throw new InvalidOperationException("events before the kill were not accepted");
        var watched = Enumerable.Range(0, Math.Min(CustomersWatched, million.Tally.Customers)).ToList(); // the lowest ranks get most events
        var begin = Stopwatch.GetTimestamp();
        await million.KillAsync();
        million.Begin();
        double? first = null;
        using var client = new HostClient(million.Url);
        while (watched.Count > 0)
        {
            foreach (var customer in watched.ToList())
            {
                if (Stopwatch.GetElapsedTime(begin) > GiveUp) throw new InvalidOperationException($"no correct answer {GiveUp.TotalSeconds} s after kill -9; the host says: {million.Process.Errors()}");
                if (await client.CustomerAsync(AnswerCheck.Id(customer).ToString(), cancel) is not { } body) break; // it is not up yet
                if (AnswerCheck.SpendOf(body) != million.Tally.SpendOf(customer)) continue;
                watched.Remove(customer);
                first ??= Stopwatch.GetElapsedTime(begin).TotalSeconds;
            }
            if (first is null) await Task.Delay(2, cancel);
        }
        var all = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        await million.AttachAsync(cancel);
        return (first!.Value, all);
    }
}
