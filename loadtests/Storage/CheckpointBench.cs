using System.Diagnostics;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite;

namespace Lambda.LoadTests.Storage;

/// <summary>Checkpoints of one partition with 125 k customers: write of 100 k dirty entities, look-ups by thousands, scan; and what a log beside it feels.</summary>
internal static class CheckpointBench
{
    private const int Customers = 125_000;

    public static async Task RunAsync(string folder)
    {
        var random = new Random(3);
        var ids = Enumerable.Range(0, Customers).Select(i => CustomerId.From($"c{i * 7919L % 99_999_989:d8}")).ToArray();
        await using var store = new SqliteCheckpointStore(Path.Combine(folder, "checkpoints"));
        Write(store, 1, [.. ids.Select(id => Entity(id, random))], "first");
        for (var round = 2; round < 5; round++) Write(store, round, Dirty(ids, random), "replace");
        for (var round = 0; round < 3; round++) Find(store, ids, random, 4_000);
        var watch = Stopwatch.StartNew();
        var scanned = store.Scan(0).Count();
        Console.WriteLine($"  scan {scanned:n0}: {scanned / watch.Elapsed.TotalSeconds:n0} rows/s");
        await BesideLogAsync(folder, store, ids, random);
    }

    private static StoredEntity Entity(CustomerId id, Random random)
    {
        var state = new byte[random.Next(300, 700)];
        random.NextBytes(state);
        return new StoredEntity(id, state);
    }

    private static StoredEntity[] Dirty(CustomerId[] ids, Random random)
    {
        var shuffled = ids.ToArray();
        random.Shuffle(shuffled);
        return [.. shuffled.Take(100_000).Select(id => Entity(id, random))];
    }

    private static void Write(SqliteCheckpointStore store, long applied, StoredEntity[] entities, string what)
    {
        var watch = Stopwatch.StartNew();
        var cpu = Environment.CpuUsage.TotalTime;
        store.Write(0, new Checkpoint(applied, 1, default), entities);
        Console.WriteLine($"  {what}: {entities.Length:n0} entities, {entities.Sum(e => (long)e.State.Length) >> 20} MB in {watch.Elapsed.TotalSeconds:f3} s, cpu {(Environment.CpuUsage.TotalTime - cpu).TotalSeconds:f3} s");
    }

    private static void Find(SqliteCheckpointStore store, CustomerId[] ids, Random random, int perCall)
    {
        var asked = Enumerable.Range(0, 50).Select(_ => random.GetItems(ids, perCall)).ToArray();
        var found = 0;
        var cpu = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        foreach (var customers in asked) store.LoadEntities(0, customers, (_, _) => found++);
        Console.WriteLine($"  look up {perCall} at once: {found / watch.Elapsed.TotalSeconds:n0} rows/s, {found / (Environment.CpuUsage.TotalTime - cpu).TotalSeconds:n0} per cpu second");
    }

    private static async Task BesideLogAsync(string folder, SqliteCheckpointStore store, CustomerId[] ids, Random random)
    {
        await using var log = SqliteEventLog.Open(Path.Combine(folder, "beside.db"), 8, TimeProvider.System);
        var dirty = Dirty(ids, random);
        foreach (var beside in (bool[])[false, true, true, true])
        {
            var writing = beside ? Task.Run(() => Write(store, 9, dirty, "replace beside appends")) : Task.Delay(1_000);
            var latencies = new List<double>();
            while (!writing.IsCompleted)
            {
                var batch = Measure.Batch(random, 8, 1);
                var start = Stopwatch.GetTimestamp();
                await log.AppendAsync(batch, CancellationToken.None);
                latencies.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
            await writing;
            Console.WriteLine($"  lone append {(beside ? "while a checkpoint is written" : "alone")}: {latencies.Count}, {Measure.Percentiles(latencies)}");
        }
    }
}
