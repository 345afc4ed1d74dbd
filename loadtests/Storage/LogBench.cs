using System.Diagnostics;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite;

namespace Lambda.LoadTests.Storage;

/// <summary>The event log: durable appends per second, latency of a lone append, tail and cold reads, latency while a truncation runs.</summary>
internal static class LogBench
{
    private const int P = 8;

    public static async Task RunAsync(string folder, int events, int perBatch)
    {
        var path = Path.Combine(folder, "events.db");
        var log = SqliteEventLog.Open(path, P, TimeProvider.System);
        await LoneAsync(log, "lone append, idle", 3_000);
        for (var round = 0; round < 3; round++) await ThroughputAsync(log, events, perBatch, appenders: 3);
        await BehindFloodAsync(log, perBatch);
        ReadAll(log, "read (newest from memory)");
        await log.DisposeAsync();
        Console.WriteLine($"  file {new FileInfo(path).Length >> 20} MB");
        var start = Stopwatch.GetTimestamp();
        log = SqliteEventLog.Open(path, P, TimeProvider.System);
        Console.WriteLine($"  open {Stopwatch.GetElapsedTime(start).TotalMilliseconds:f1} ms");
        ReadAll(log, "read cold");
        await DuringTruncationAsync(log);
        await log.DisposeAsync();
    }

    private static async Task ThroughputAsync(SqliteEventLog log, int events, int perBatch, int appenders)
    {
        var random = new Random(1);
        var batches = Enumerable.Range(0, 40).Select(_ => Measure.Batch(random, P, perBatch)).ToArray();
        var before = Enumerable.Range(0, P).Sum(log.EndOffset);
        var cpu = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        var next = 0;
        var latencies = new List<double>();
        await Task.WhenAll(Enumerable.Range(0, appenders).Select(_ => Task.Run(async () =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) <= events / perBatch;)
            {
                var start = Stopwatch.GetTimestamp();
                await log.AppendAsync(batches[i % batches.Length], CancellationToken.None);
                lock (latencies) latencies.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        })));
        var seconds = watch.Elapsed.TotalSeconds;
        var appended = Enumerable.Range(0, P).Sum(log.EndOffset) - before;
        Console.WriteLine($"  append {appended:n0} events of {batches[0].Bytes / perBatch} bytes in batches of {perBatch}: {appended / seconds:n0}/s, "
            + $"{appended / seconds * (batches[0].Bytes / perBatch) / 1e6:f0} MB/s, cpu {(Environment.CpuUsage.TotalTime - cpu).TotalSeconds / seconds:f2} cores; batch {Measure.Percentiles(latencies)}");
    }

    private static async Task LoneAsync(SqliteEventLog log, string what, int appends, Func<bool>? goOn = null)
    {
        var random = new Random(2);
        var latencies = new List<double>();
        for (var i = 0; i < appends && (goOn?.Invoke() ?? true); i++)
        {
            var batch = Measure.Batch(random, P, 1);
            var start = Stopwatch.GetTimestamp();
            await log.AppendAsync(batch, CancellationToken.None);
            latencies.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        if (latencies.Count > 0) Console.WriteLine($"  {what}: {latencies.Count} appends, {Measure.Percentiles(latencies)}");
    }

    private static async Task BehindFloodAsync(SqliteEventLog log, int perBatch)
    {
        var flood = Task.Run(() => ThroughputAsync(log, 800_000, perBatch, appenders: 2));
        await LoneAsync(log, "lone append behind a flood", int.MaxValue, () => !flood.IsCompleted);
        await flood;
    }

    private static async Task DuringTruncationAsync(SqliteEventLog log)
    {
        var start = Stopwatch.GetTimestamp();
        var truncation = Task.WhenAll(Enumerable.Range(0, P).Select(p => log.TruncateAsync(p, log.EndOffset(p), CancellationToken.None)));
        await LoneAsync(log, "lone append during truncation of everything", int.MaxValue, () => !truncation.IsCompleted);
        await truncation;
        Console.WriteLine($"  truncation {Stopwatch.GetElapsedTime(start).TotalMilliseconds:f0} ms");
    }

    private static void ReadAll(SqliteEventLog log, string what)
    {
        long records = 0, bytes = 0;
        var watch = Stopwatch.StartNew();
        for (var p = 0; p < P; p++)
        {
            for (var next = log.StartOffset(p); ;)
            {
                var frames = log.Read(p, next, 1 << 20);
                if (frames.Count == 0) break;
                foreach (var frame in frames) (records, bytes) = (records + frame.Count, bytes + frame.Records.Length);
                next = frames[^1].EndOffset;
            }
        }
        Console.WriteLine($"  {what}: {records / watch.Elapsed.TotalSeconds:n0} records/s, {bytes / watch.Elapsed.TotalSeconds / 1e6:f0} MB/s");
    }
}
