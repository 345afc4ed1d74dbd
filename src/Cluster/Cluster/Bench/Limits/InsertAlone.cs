using System.Diagnostics;
using Lambda.Cluster.Embedded;
using Lambda.Cluster.Options;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Cluster.Bench.Limits;

/// <summary>The sink's inserts into an idle ClickHouse, with nothing else running.</summary>
internal static class InsertAlone
{
    private const int RowsPerInsert = 100_000;

    /// <returns>Events a second, acknowledged by ClickHouse.</returns>
    public static async Task<double> MeasureAsync(BenchContext context, IReadOnlyList<AppendBatch> batches, CancellationToken cancel)
    {
        var frames = Frames.Of(batches, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        await using var house = await WarehouseConnection.OpenAsync(new LambdaOptions(), context.NewFolder("insert-alone"), (_, _) => { }, cancel);
        var begin = Stopwatch.GetTimestamp();
        await InsertAsync(house.Warehouse, frames, cancel);
        return frames.Sum(f => (long)f.Count) / Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    public static async Task InsertAsync(IRawEvents into, IEnumerable<LogFrame> frames, CancellationToken cancel)
    {
        var batch = new List<LogFrame>();
        var rows = 0;
        foreach (var frame in frames)
        {
            batch.Add(frame);
            if ((rows += frame.Count) < RowsPerInsert) continue;
            await into.InsertAsync(batch, cancel);
            (batch, rows) = ([], 0);
        }
        if (rows > 0) await into.InsertAsync(batch, cancel);
    }
}

/// <summary>Batches as the log would hand them out; batch after batch continues the offsets.</summary>
internal sealed class Frames(int partitions)
{
    private readonly long[] _next = new long[partitions];

    public static List<LogFrame> Of(IReadOnlyList<AppendBatch> batches, long appendedAtMs) => new Frames(batches[0].Partitions).Next(batches, appendedAtMs);

    /// <summary>Where the next batch begins, by partition.</summary>
    public IReadOnlyList<long> End => _next;

    public List<LogFrame> Next(IReadOnlyList<AppendBatch> batches, long appendedAtMs)
    {
        var frames = new List<LogFrame>();
        foreach (var batch in batches)
        {
            for (var p = 0; p < _next.Length; p++)
            {
                if (batch.CountOf(p) == 0) continue;
                frames.Add(new LogFrame(p, _next[p], batch.CountOf(p), appendedAtMs, batch.RecordsOf(p)));
                _next[p] += batch.CountOf(p);
            }
        }
        return frames;
    }
}
