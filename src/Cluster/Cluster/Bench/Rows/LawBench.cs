using System.Diagnostics;
using Lambda.Simulation;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>The law under faults: simulated lives of installations, every read held against an oracle that knows only the events.</summary>
internal sealed class LawBench : IBench
{
    private const long ReadsWanted = 10_000_000;
    private const double SecondsDefault = 60;
    private const int ReadsPerStep = 100;

    public string Name => "law";

    public string What => "served answer = recompute from events, under crashes, duplicates, lateness, failed and repeated runs; --full for 10 M reads";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        var begin = Stopwatch.GetTimestamp();
        var time = context.Options.Full ? TimeSpan.MaxValue : context.Seconds(SecondsDefault);
        var (seed, reads, crashes, broken) = (0L, 0L, 0L, 0L);
        await Task.WhenAll(Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Task.Run(async () =>
        {
            while (!cancel.IsCancellationRequested && Interlocked.Read(ref reads) < ReadsWanted && Stopwatch.GetElapsedTime(begin) < time)
            {
                var mine = Interlocked.Increment(ref seed);
                try
                {
                    var report = await Simulations.RunAsync((ulong)mine, readsPerStep: ReadsPerStep);
                    Interlocked.Add(ref reads, report.Reads);
                    Interlocked.Add(ref crashes, report.Crashes);
                }
                catch (LawBrokenException e)
                {
                    Interlocked.Increment(ref broken);
                    context.Say($"  {e.Message.Split('\n')[0]}; replay with ./lambda sim --seed {mine} --reads {ReadsPerStep}");
                }
            }
        }, cancel)));
        var isRight = reads > 0 && broken == context.Expected(0);
        return
        [
            new BenchRow("law.mismatches", broken, "seeds", 0, null, isRight, Better.Lower, $"{seed} seeds, {crashes} crashes, in {Stopwatch.GetElapsedTime(begin).TotalSeconds:0} s"),
            new BenchRow("law.reads", reads, "reads", ReadsWanted, null, isRight, Note: "each compared with the oracle" + (context.Options.Full ? "" : "; time-boxed, --full goes on to the goal")),
        ];
    }
}
