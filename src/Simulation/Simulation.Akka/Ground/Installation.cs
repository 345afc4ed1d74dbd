using Lambda.BatchLayer.Memory;
using Lambda.BatchLayer.Runs;
using Lambda.Cluster.Actors.Partitions;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Simulation.Actors.Ground;

/// <summary>What outlives every node: log, stores with their fences, leases, warehouse, the run's journal. And what is true of them, for the checks.</summary>
internal sealed class Installation
{
    private readonly List<object> _journal = [];
    private readonly PopulationMark[] _marks;
    private readonly HashSet<int> _rebuilt = [];

    public Installation(TimeProvider time, IReadOnlyList<ViewDefinition> definitions, int partitions, long horizonMs)
    {
        (Time, Definitions, HorizonMs) = (time, definitions, horizonMs);
        Log = new MemoryLog(partitions, time);
        Mirror = new LogMirror(Log);
        Leases = new MemoryLeaseStore(time);
        foreach (var definition in definitions) Views.Add(definition);
        Initial = Publication.Initial(definitions[0].Hash, partitions, time.GetUtcNow().ToUnixTimeMilliseconds());
        WantedDefinition = definitions[0].Hash;
        Grants = [.. Enumerable.Range(0, partitions).Select(_ => new List<Grant>())];
        _marks = [.. Enumerable.Range(0, partitions).Select(_ => new PopulationMark(0, ""))];
    }

    public TimeProvider Time { get; }
    public IReadOnlyList<ViewDefinition> Definitions { get; }
    public long HorizonMs { get; }
    public MemoryLog Log { get; }
    public LogMirror Mirror { get; }
    public ViewCatalog Views { get; } = new(_ => null);
    public MemoryCheckpointStore Checkpoints { get; } = new();
    public MemorySinkProgressStore SinkProgress { get; } = new();
    public MemoryQuarantine Quarantine { get; } = new();
    public MemoryWarehouse Warehouse { get; } = new();
    public MemoryLeaseStore Leases { get; }
    public Publication Initial { get; }
    public int Partitions => Log.Partitions;

    /// <summary>What the next run is of.</summary>
    public string WantedDefinition { get; set; }

    /// <summary>Leases ever granted, by partition.</summary>
    public List<Grant>[] Grants { get; }

    /// <summary>The first thing that must not be; a message that replays it is made of it.</summary>
    public string? Broken { get; private set; }

    public void Break(string how) => Broken ??= how;

    // --- the log ------------------------------------------------------------------------------------------------------------------

    public async ValueTask<IReadOnlyList<Position>> AppendAsync(AppendBatch batch)
    {
        var positions = await Log.AppendAsync(batch, CancellationToken.None); // completes at once
        Mirror.CatchUp();
        return positions;
    }

    // --- the fence ----------------------------------------------------------------------------------------------------------------

    /// <summary>Writes of owners that were owners no more.</summary>
    public long Fenced { get; private set; }

    public long Generation(int partition) => Grants[partition] is [.., var last] ? last.Generation : 0;

    /// <summary>As PostgreSQL does it: who has not the newest generation writes nothing.</summary>
    public void Fence(int partition, long generation)
    {
        if (Generation(partition) <= generation) return;
        Fenced++;
        throw new FencedException(partition, generation, Generation(partition));
    }

    /// <summary>Forgets a partition's checkpoint, as damage or an operator does.</summary>
    public void LoseCheckpoint(int partition)
    {
        Checkpoints.Delete(partition);
        _rebuilt.Add(partition);
    }

    public bool IsRebuilt(int partition) => _rebuilt.Contains(partition);

    // --- runs ---------------------------------------------------------------------------------------------------------------------

    /// <summary>The run actor's events and what else it writes.</summary>
    public IReadOnlyList<object> RunJournal => _journal;

    public IEnumerable<RunEvent> RunEvents => _journal.OfType<RunEvent>();

    public RunHistory History() => new(Initial, RunEvents);

    /// <summary>The journal's table: one row for each number.</summary>
    public void Journal(long sequenceNr, object happened)
    {
        if (sequenceNr != _journal.Count + 1) throw new SimulatedFault($"journal: number {sequenceNr} is taken, or leaves a gap behind {_journal.Count}");
        _journal.Add(happened);
    }

    public Publication PublicationOf(long epoch) =>
        epoch == 0 ? Initial : _journal.OfType<RunEvent.Published>().FirstOrDefault(p => p.Publication.Epoch == epoch)?.Publication
            ?? throw new LawBrokenException($"epoch {epoch} is served and was never published");

    // --- marks --------------------------------------------------------------------------------------------------------------------

    public PopulationMark Mark(int partition) => _marks[partition];

    public void SetMark(int partition, PopulationMark mark) => _marks[partition] = mark;
}

/// <param name="Owner">Name of the process it was granted to.</param>
internal sealed record Grant(long Generation, string Owner, long AtMs);
