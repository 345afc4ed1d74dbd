using System.Diagnostics;
using Lambda.Domain.Events;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Bench.Limits;

/// <summary>The partition workers with their records and entities in memory: decoding, duplicates, fold. No log, no checkpoints, no readers.</summary>
internal sealed class FoldAlone : IWorkerEffects
{
    private const int SliceRecords = SpeedLayer.Limits.FoldSliceRecords;

    /// <returns>Events a second over all cores; bytes of the entities that this makes resident, and how many they are.</returns>
    public static (double PerSecond, double Micros, double BytesPerEntity, long Entities) Measure(IReadOnlyList<AppendBatch> batches, ViewDefinition definition)
    {
        var frames = Frames.Of(batches, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()).ToLookup(f => f.Partition);
        var views = new ViewCatalog(_ => null);
        var view = views.Add(definition);
        var effects = new FoldAlone();
        var workers = Enumerable.Range(0, batches[0].Partitions)
            .Select(p => new PartitionWorker(new WorkerSettings(p, 7 * Clock.MsPerDay, 1, 2), views, effects, new PartitionStand(new Epochs(0, 0, view, null), 0))).ToArray();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var cpu = CpuClock.Start();
        var begin = Stopwatch.GetTimestamp();
        Parallel.For(0, workers.Length, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, p => Fold(workers[p], frames[p]));
        var took = Stopwatch.GetElapsedTime(begin);
        var micros = cpu.MicrosEach(workers.Sum(w => w.Applied));
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        var entities = workers.Sum(w => (long)w.ResidentEntities);
        return (workers.Sum(w => w.Applied) / took.TotalSeconds, micros, (double)held / entities, entities);
    }

    private static void Fold(PartitionWorker worker, IEnumerable<LogFrame> frames)
    {
        var missing = new HashSet<CustomerId>(CustomerId.ByBytes.Comparer);
        foreach (var frame in frames)
        {
            bool isDone;
            do
            {
                missing.Clear();
                worker.CollectMissing(frame, SliceRecords, missing);
                foreach (var customer in missing) worker.Supply(customer, default);
                isDone = worker.Apply(frame, SliceRecords);
            }
            while (!isDone);
        }
    }

    void IWorkerEffects.Folded(int partition, EventRow row) { }

    void IWorkerEffects.ConflictingDuplicate(int partition, EventRow row) => throw new InvalidOperationException("the bench makes no duplicates");
}
