using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Runs;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Simulation;

/// <summary>The process "dies" here. Whoever was acting is started again from what is durable.</summary>
public sealed class SimulatedCrash(string at) : Exception($"simulated crash {at}");

/// <summary>Where effects may be cut short: before they happen or after, without the caller learning which.</summary>
public sealed class Faults(Chance chance)
{
    /// <summary>One effect in this many crashes; 0 for none.</summary>
    public int OneIn { get; set; }

    public long Crashes { get; private set; }

    public void Point(string at)
    {
        if (OneIn == 0 || !chance.OneIn(OneIn)) return;
        Crashes++;
        throw new SimulatedCrash(at);
    }

    public void Around(string effect, Action act)
    {
        Point($"before {effect}");
        act();
        Point($"after {effect}");
    }

    public async Task<T> Around<T>(string effect, Func<Task<T>> act)
    {
        Point($"before {effect}");
        var result = await act();
        Point($"after {effect}");
        return result;
    }
}

/// <summary>A log whose appends may crash their caller.</summary>
public sealed class FaultyLog(IEventLog log, Faults faults) : IEventLog
{
    public int Partitions => log.Partitions;

    public async ValueTask<IReadOnlyList<Position>> AppendAsync(AppendBatch batch, CancellationToken cancel) =>
        await faults.Around("log append", async () => await log.AppendAsync(batch, cancel));

    public IReadOnlyList<LogFrame> Read(int partition, long fromOffset, int maxBytes) => log.Read(partition, fromOffset, maxBytes);
    public Task WaitAsync(int partition, long offset, CancellationToken cancel) => log.WaitAsync(partition, offset, cancel);
    public long StartOffset(int partition) => log.StartOffset(partition);
    public long EndOffset(int partition) => log.EndOffset(partition);
    public long LastAppendedAtMs(int partition) => log.LastAppendedAtMs(partition);
    public long OffsetAtTime(int partition, long appendedAtMs) => log.OffsetAtTime(partition, appendedAtMs);
    public Task TruncateAsync(int partition, long offset, CancellationToken cancel) => log.TruncateAsync(partition, offset, cancel);
    public ValueTask DisposeAsync() => log.DisposeAsync();
}

public sealed class FaultyCheckpoints(ICheckpointStore store, Faults faults) : ICheckpointStore
{
    public Checkpoint? Load(int partition) => store.Load(partition);
    public void LoadEntities(int partition, IReadOnlyList<CustomerId> customers, EntityReader deliver) => store.LoadEntities(partition, customers, deliver);
    public IEnumerable<StoredEntity> Scan(int partition) => store.Scan(partition);

    public bool Forget(int partition, CustomerId customer, ReadOnlyMemory<byte> state)
    {
        faults.Point("before an entity is forgotten");
        var forgotten = store.Forget(partition, customer, state);
        faults.Point("after an entity was forgotten");
        return forgotten;
    }

    public void Delete(int partition) => store.Delete(partition);
    public ValueTask DisposeAsync() => store.DisposeAsync();

    public void Write(int partition, Checkpoint checkpoint, IReadOnlyList<StoredEntity> entities) =>
        faults.Around("checkpoint", () => store.Write(partition, checkpoint, entities));
}

public sealed class FaultySinkProgress(ISinkProgressStore store, Faults faults) : ISinkProgressStore
{
    public SinkProgress Load(int partition) => store.Load(partition);
    public SinkProgress? AtBarrier(int partition, long epoch) => store.AtBarrier(partition, epoch);

    public void Save(IReadOnlyList<(int Partition, SinkProgress Progress)> progress, IReadOnlyList<(int Partition, long Epoch, SinkProgress AtBarrier)> barriers) =>
        faults.Around("sink progress", () => store.Save(progress, barriers));
}

public sealed class FaultyJournal(IRunJournal journal, Faults faults) : IRunJournal
{
    public IReadOnlyList<RunEvent> Load() => journal.Load();

    public Task AppendAsync(RunEvent happened) => faults.Around($"journal {happened.GetType().Name}", async () =>
    {
        await journal.AppendAsync(happened);
        return 0;
    });
}

public sealed class FaultyBases(IBaseStore bases, Faults faults) : IBaseStore
{
    public Task<Artefact> BuildAsync(
        long epoch, string definitionHash, int partition, IAsyncEnumerable<(CustomerId Customer, State State)> states, CancellationToken cancel) =>
        faults.Around("base file", () => bases.BuildAsync(epoch, definitionHash, partition, states, cancel));

    public IBaseView Open(Artefact file) => bases.Open(file);
    public void Retire(IBaseView view) => bases.Retire(view);
    public void DeleteExcept(IReadOnlyCollection<string> names) => bases.DeleteExcept(names);
}

/// <summary>A warehouse whose effects may crash their caller, before or after, and whose streams may break off.</summary>
public sealed class FaultyWarehouse(IWarehouse warehouse, Faults faults) : IWarehouse
{
    public Task InsertAsync(IReadOnlyList<LogFrame> frames, CancellationToken cancel) => faults.Around("insert", async () =>
    {
        await warehouse.InsertAsync(frames, cancel);
        return 0;
    });

    public Task<IReadOnlyList<RawTotals>> TotalsAsync(Cut cut, CancellationToken cancel) =>
        faults.Around("totals", () => warehouse.TotalsAsync(cut, cancel));

    public Task<long> ComputeAsync(CompiledView view, long epoch, int partition, long cutOffset, int lastPrunedDay, CancellationToken cancel) =>
        faults.Around("compute", () => warehouse.ComputeAsync(view, epoch, partition, cutOffset, lastPrunedDay, cancel));

    public async IAsyncEnumerable<(CustomerId Customer, State State)> ReadComputedAsync(
        CompiledView view, long epoch, int partition, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var row in warehouse.ReadComputedAsync(view, epoch, partition, cancel))
        {
            faults.Point("reading computed states");
            yield return row;
        }
    }

    public Task DropComputedAsync(IReadOnlyCollection<long> keep, CancellationToken cancel) => warehouse.DropComputedAsync(keep, cancel);

    public Task<IReadOnlyList<LateRepeat>> LateRepeatsAsync(int partition, long fromOffset, long toOffset, long horizonMs, CancellationToken cancel) =>
        faults.Around("late repeats", () => warehouse.LateRepeatsAsync(partition, fromOffset, toOffset, horizonMs, cancel));

    public Task<State?> RecomputeCustomerAsync(CompiledView view, int partition, CustomerId customer, long belowOffset, CancellationToken cancel) =>
        warehouse.RecomputeCustomerAsync(view, partition, customer, belowOffset, cancel);

    public Task<IReadOnlyList<CustomerEvent>> EventsAsync(
        int partition, CustomerId customer, (long OccurredAtMicros, long Offset)? before, int limit, CancellationToken cancel) =>
        warehouse.EventsAsync(partition, customer, before, limit, cancel);
}
