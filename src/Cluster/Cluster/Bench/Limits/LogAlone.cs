using System.Diagnostics;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite;

namespace Lambda.Cluster.Bench.Limits;

/// <summary>Appending through a log, a bounded number of batches in flight, each durable when it is acknowledged.</summary>
internal static class LogAlone
{
    public const int InFlight = 16;

    /// <returns>Events a second into a fresh log that nobody reads.</returns>
    public static async Task<double> MeasureAsync(BenchContext context, IReadOnlyList<AppendBatch> batches)
    {
        await using var log = SqliteEventLog.Open(Path.Combine(context.NewFolder("log-alone"), "log.db"), batches[0].Partitions, TimeProvider.System);
        var begin = Stopwatch.GetTimestamp();
        await AppendAllAsync(log, batches);
        return batches.Sum(b => (long)b.Count) / Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    public static async Task AppendAllAsync(IEventLog log, IReadOnlyList<AppendBatch> batches)
    {
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, InFlight).Select(_ => Task.Run(async () =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < batches.Count;) await log.AppendAsync(batches[i], CancellationToken.None);
        })));
    }
}
