using Lambda.Cluster.Actors.Partitions;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.BatchLayer.Runs;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Simulation.Actors.Ground;

// The installation as one node reaches it: every effect may fail or be its last, and is refused when another owns the partition.

/// <param name="later">Does something when so many ms have passed, whatever becomes of this node.</param>
internal sealed class NodeLog(Installation ground, NodeFaults faults, TimeProvider time, Action<long, Action> later) : IEventLog
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(40);

    private readonly long[] _ends = [.. Enumerable.Range(0, ground.Partitions).Select(ground.Log.EndOffset)];

    public int Partitions => ground.Partitions;

    public async ValueTask<IReadOnlyList<Position>> AppendAsync(AppendBatch batch, CancellationToken cancel) =>
        await faults.AroundAsync("log append", async () =>
        {
            Reach();
            if (faults.LandsLate() is { } afterMs)
            {
                later(afterMs, () => _ = ground.AppendAsync(batch)); // as a producer's own tries may
                throw new SimulatedFault("log append: no answer yet");
            }
            return await ground.AppendAsync(batch);
        });

    public IReadOnlyList<LogFrame> Read(int partition, long fromOffset, int maxBytes) => faults.Around("log read", () =>
    {
        Reach();
        return ground.Log.Read(partition, fromOffset, maxBytes);
    });

    /// <summary>Looks again and again: the memory log's own waiting would leave the simulation's scheduler.</summary>
    public async Task WaitAsync(int partition, long offset, CancellationToken cancel)
    {
        while (EndOffset(partition) <= offset) await Task.Delay(Poll, time, cancel);
    }

    public long StartOffset(int partition) => ground.Log.StartOffset(partition);

    /// <summary>As far as this node has heard of it: a broker that is away says nothing.</summary>
    public long EndOffset(int partition) => faults.IsLogAway || faults.IsCutOff ? _ends[partition] : _ends[partition] = ground.Log.EndOffset(partition);

    public long LastAppendedAtMs(int partition) => ground.Log.LastAppendedAtMs(partition);
    public long OffsetAtTime(int partition, long appendedAtMs) => ground.Log.OffsetAtTime(partition, appendedAtMs);
    public Task TruncateAsync(int partition, long offset, CancellationToken cancel) => ground.Log.TruncateAsync(partition, offset, cancel);
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Reach()
    {
        if (faults.IsLogAway) throw new SimulatedFault("log: away");
    }
}

internal sealed class NodeCheckpoints(Installation ground, NodeFaults faults, string node) : ICheckpointStore
{
    public Checkpoint? Load(int partition) => faults.Around("checkpoint read", () => ground.Checkpoints.Load(partition));

    public void LoadEntities(int partition, IReadOnlyList<CustomerId> customers, EntityReader deliver) =>
        faults.Around("entities read", () => ground.Checkpoints.LoadEntities(partition, customers, deliver));

    public IEnumerable<StoredEntity> Scan(int partition)
    {
        foreach (var entity in ground.Checkpoints.Scan(partition))
        {
            faults.Strike("scan", "in");
            yield return entity;
        }
    }

    public void Delete(int partition) => ground.Checkpoints.Delete(partition);

    public bool Forget(int partition, CustomerId customer, ReadOnlyMemory<byte> state) =>
        faults.Around("an entity forgotten", () => ground.Checkpoints.Forget(partition, customer, state));

    public void Write(int partition, Checkpoint checkpoint, IReadOnlyList<StoredEntity> entities) => faults.Around("checkpoint", () =>
    {
        ground.Fence(partition, checkpoint.Generation);
        if (ground.Grants[partition][^1].Owner != node) ground.Break($"{node} wrote a checkpoint of partition {partition}, which {ground.Grants[partition][^1].Owner} owns");
        if (ground.Checkpoints.Load(partition) is { } before && before.Generation == checkpoint.Generation && before.Applied > checkpoint.Applied)
            ground.Break($"{node} wrote a checkpoint of partition {partition} at {checkpoint.Applied} over its own at {before.Applied}");
        ground.Checkpoints.Write(partition, checkpoint, entities);
    });

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <param name="generation">Null: only for reading.</param>
internal sealed class NodeSinkProgress(Installation ground, NodeFaults faults, string node, long? generation) : ISinkProgressStore
{
    public SinkProgress Load(int partition) => faults.Around("sink progress read", () => ground.SinkProgress.Load(partition));

    public SinkProgress? AtBarrier(int partition, long epoch) => faults.Around("sink progress read", () => ground.SinkProgress.AtBarrier(partition, epoch));

    public void Save(IReadOnlyList<(int Partition, SinkProgress Progress)> progress, IReadOnlyList<(int Partition, long Epoch, SinkProgress AtBarrier)> barriers) =>
        faults.Around("sink progress", () =>
        {
            foreach (var (partition, now) in progress)
            {
                ground.Fence(partition, generation!.Value);
                if (ground.Grants[partition][^1].Owner != node) ground.Break($"{node} wrote the sink progress of partition {partition}, which {ground.Grants[partition][^1].Owner} owns");
                if (ground.SinkProgress.Load(partition).Next > now.Next) ground.Break($"{node} wrote the sink progress of partition {partition} back to {now.Next}");
            }
            ground.SinkProgress.Save(progress, barriers);
        });
}

internal sealed class NodeLeases(Installation ground, NodeFaults faults) : ILeaseStore
{
    public LeaseAnswer Acquire(int partition, string owner, TimeSpan freeFor = default) => faults.Around("lease", () =>
    {
        var answer = ground.Leases.Acquire(partition, owner, freeFor);
        if (answer.IsGranted) ground.Grants[partition].Add(new Grant(answer.Generation, owner, ground.Time.GetTimestamp()));
        return answer;
    });

    public IReadOnlyList<bool> Renew(IReadOnlyList<(int Partition, long Generation)> held) => faults.Around("renewal", () => ground.Leases.Renew(held));

    public void Release(int partition, long generation) => faults.Around("release", () => ground.Leases.Release(partition, generation));
}

internal sealed class NodeMarks(Installation ground, NodeFaults faults) : IPopulationMarks
{
    public PopulationMark Load(int partition) => faults.Around("mark read", () => ground.Mark(partition));

    public void Save(int partition, PopulationMark mark) => faults.Around("mark", () => ground.SetMark(partition, mark));
}

internal sealed class NodeBases(IBaseStore disk, NodeFaults faults) : IBaseStore
{
    public Task<Artefact> BuildAsync(
        long epoch, string definitionHash, int partition, IAsyncEnumerable<(CustomerId Customer, State State)> states, CancellationToken cancel) =>
        faults.AroundAsync("base file", () => disk.BuildAsync(epoch, definitionHash, partition, states, cancel));

    public IBaseView Open(Artefact file) => disk.Open(file);
    public void Retire(IBaseView view) => disk.Retire(view);
    public void DeleteExcept(IReadOnlyCollection<string> names) => disk.DeleteExcept(names);
}

/// <param name="written">The event as it is read again.</param>
internal sealed class NodeRunEvents(Installation ground, NodeFaults faults, Func<object, object> written) : IRunEventStore
{
    public IReadOnlyList<object> Read() => ground.RunJournal;

    public void Write(long sequenceNr, object happened) => faults.Around("journal", () => ground.Journal(sequenceNr, written(happened)));
}
