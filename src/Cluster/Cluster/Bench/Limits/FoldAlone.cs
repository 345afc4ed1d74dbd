using System.Diagnostics;
using System.Runtime.CompilerServices;
using Lambda.Domain.Events;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Bench.Limits;

/// <summary>The partition workers with their records and entities in memory: decoding, duplicates, fold. No log, no checkpoints, no readers.</summary>
internal sealed class FoldAlone : IWorkerEffects
{
    private const int SliceRecords = SpeedLayer.Limits.FoldSliceRecords;

    private PartitionWorker[] _workers = [];

    /// <returns>Events a second over all cores; bytes of the entities that this makes resident, and how many they are.</returns>
    public static (double PerSecond, double Micros, double BytesPerEntity, long Entities) Measure(IReadOnlyList<AppendBatch> batches, ViewDefinition definition)
    {
        var frames = Frames.Of(batches, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()).ToLookup(f => f.Partition);
        var alone = new FoldAlone();
        var (perSecond, micros, entities) = alone.Run(frames, batches[0].Partitions, definition);
        var held = GC.GetTotalMemory(forceFullCollection: true);
        alone._workers = []; // what goes with them is theirs: before them the heap may hold what earlier rows left behind
        held -= GC.GetTotalMemory(forceFullCollection: true);
        GC.KeepAlive(frames);
        return (perSecond, micros, (double)held / entities, entities);
    }

    /// <remarks>A method of its own: nothing on the stack keeps the workers alive behind it.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private (double PerSecond, double Micros, long Entities) Run(ILookup<int, LogFrame> frames, int partitions, ViewDefinition definition)
    {
        var views = new ViewCatalog(_ => null);
        var view = views.Add(definition);
        _workers = Enumerable.Range(0, partitions)
            .Select(p => new PartitionWorker(new WorkerSettings(p, 7 * Clock.MsPerDay, 1, 2), views, this, new PartitionStand(new Epochs(0, 0, view, null), 0))).ToArray();
        var cpu = CpuClock.Start();
        var begin = Stopwatch.GetTimestamp();
        Parallel.For(0, partitions, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, p => Fold(_workers[p], frames[p]));
        var took = Stopwatch.GetElapsedTime(begin);
        var applied = _workers.Sum(w => w.Applied);
        return (applied / took.TotalSeconds, cpu.MicrosEach(applied), _workers.Sum(w => (long)w.ResidentEntities));
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
