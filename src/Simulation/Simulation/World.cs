using Lambda.BatchLayer.Memory;
using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Privacy;
using Lambda.BatchLayer.Runs;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sink;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Simulation;

/// <summary>
/// A whole installation on simulated time: durable parts that outlive crashes (log, checkpoints, warehouse, journal, base files) and the
/// processes over them (partition hosts, sink pump, batch runner), which can die at any effect and are started again from what is durable.
/// </summary>
public sealed class World
{
    private static readonly BackgroundWork InPlace = work =>
    {
        work();
        return Task.CompletedTask;
    };

    private readonly MemoryLog _log;
    private readonly MemoryCheckpointStore _checkpoints = new();
    private readonly MemorySinkProgressStore _sinkProgress = new();
    private readonly MemoryRunJournal _journal = new();
    private readonly MemoryBaseStore _bases = new();
    private readonly MemoryWarehouse _warehouse = new();
    private readonly WorkerSettings[] _settings;
    private readonly Publication _initial;
    private readonly PartitionHost[] _hosts;
    private long _generation;

    public World(Chance chance, IReadOnlyList<ViewDefinition> definitions, int partitions, long horizonMs)
    {
        Time = new SimulatedTime(1_700_000_000_000);
        Faults = new Faults(chance);
        HorizonMs = horizonMs;
        _log = new MemoryLog(partitions, Time);
        Mirror = new LogMirror(_log);
        foreach (var definition in definitions) Views.Add(definition);
        var resident = chance.Pick([1, 4, int.MaxValue]);
        _settings = [.. Enumerable.Range(0, partitions).Select(p => new WorkerSettings(p, horizonMs, 1, 2) { ResidentEntities = resident })];
        _initial = Publication.Initial(definitions[0].Hash, partitions, Time.NowMs);
        _hosts = new PartitionHost[partitions];
        Runner = NewRunner();
        Pump = NewPump();
        Erasing = new Erasing(_log, _checkpoints, _sinkProgress, _warehouse, Quarantine, _journal, this);
        for (var p = 0; p < partitions; p++) StartHost(p);
    }

    public SimulatedTime Time { get; }
    public Faults Faults { get; }
    public long HorizonMs { get; }
    public LogMirror Mirror { get; }
    public ViewCatalog Views { get; } = new(_ => null);
    public IEventLog Log => new FaultyLog(_log, Faults);
    public MemoryQuarantine Quarantine { get; } = new();
    public int Partitions => _log.Partitions;
    public SinkPump Pump { get; private set; }
    public Erasing Erasing { get; }
    public BatchRunner Runner { get; private set; }
    public Publication Served => Runner.History.Served;

    public PartitionHost Host(int partition) => _hosts[partition];

    /// <summary>The publication that named this epoch.</summary>
    public Publication PublicationOf(long epoch) => epoch == 0 ? _initial : Runner.History.Runs.First(r => r.Publication?.Epoch == epoch).Publication!;

    // --- processes ----------------------------------------------------------------------------------------------------------

    public void StartHost(int partition)
    {
        var ports = new SpeedPorts(_log, new FaultyCheckpoints(_checkpoints, Faults), Quarantine, Views, Time);
        var host = new PartitionHost(ports, _settings[partition], InPlace, ++_generation);
        host.Recover(Served, BaseOf(Served, partition));
        _hosts[partition] = host;
    }

    public void LoseCheckpoint(int partition) => _checkpoints.Delete(partition);

    public void RestartSink() => Pump = NewPump();

    public void RestartRunner() => Runner = NewRunner();

    public void RestartAll()
    {
        RestartRunner();
        RestartSink();
        for (var p = 0; p < Partitions; p++) StartHost(p);
    }

    /// <summary>Makes one partition serve what is published, if it does not.</summary>
    public void Adopt(int partition)
    {
        if (_hosts[partition].Epochs.Published >= Served.Epoch) return;
        var fresh = BaseOf(Served, partition)!;
        if (_hosts[partition].Adopt(Served, fresh) is { } old) _bases.Retire(old);
    }

    public Task TruncateAsync(int partition)
    {
        var checkpointed = _hosts[partition].StoredAtOffset; // one that was lost is not there, but whoever replays without it needs the log all the same
        var keep = Retention.KeepFrom(_log, partition, Served, HorizonMs, checkpointed, _sinkProgress.Load(partition).Next);
        return _log.TruncateAsync(partition, Math.Min(keep, Erasing.KeepFrom(partition)), CancellationToken.None);
    }

    /// <summary>Deletes base files and computed views that no publication or run names.</summary>
    public async Task CleanUpAsync()
    {
        if (Runner.History.Active is not null || _hosts.Any(h => h.Epochs.Published < Served.Epoch)) return;
        _bases.DeleteExcept([.. Served.Artefacts.Select(a => a.Name)]);
        await Runner.CleanUpAsync(CancellationToken.None);
    }

    /// <summary>What the durable parts hold of a customer's time before an offset of its partition; null when it is nothing.</summary>
    public string? LeftOf(CustomerId customer, int partition, long offset)
    {
        foreach (var frame in _log.Read(partition, _log.StartOffset(partition), int.MaxValue))
            foreach (var (at, record) in frame)
                if (at <= offset && RecordCodec.IsOfCustomer(record.Span) && RecordCodec.CustomerIdOf(record.Span).SequenceEqual(customer.Utf8) && (at == offset || RecordCodec.KindOf(record.Span) == RecordKind.Event))
                    return $"the log holds {RecordCodec.KindOf(record.Span)} {partition}:{at}";
        if (_warehouse.HoldsBefore(partition, customer, offset)) return "the warehouse holds events";
        return Quarantine.List(0, int.MaxValue, null, includeReplayed: true).Any(e => e.Detail.Contains($" {partition}:", StringComparison.Ordinal) && QuarantineErasure.IsOf(customer, e) && OffsetIn(e.Detail) < offset)
            ? "the quarantine holds a line"
            : null;
    }

    private static long OffsetIn(string detail) => Position.TryParse(detail.Split(' ')[3], out var at) ? at.Offset : throw new InvalidOperationException(detail);

    private IBaseView? BaseOf(Publication publication, int partition) =>
        publication.Epoch == 0 ? null : _bases.Open(publication.Artefacts[partition]);

    private SinkPump NewPump() => new(
        _log, new FaultyWarehouse(_warehouse, Faults), new FaultySinkProgress(_sinkProgress, Faults), Time, [.. Enumerable.Range(0, Partitions)]);

    private BatchRunner NewRunner()
    {
        var speedPorts = new SpeedPorts(Log, _checkpoints, Quarantine, Views, Time);
        var speed = new SpeedSide(speedPorts, _sinkProgress, new FaultyBases(_bases, Faults), p => _hosts[p], _ => Pump, HorizonMs);
        return new BatchRunner(new BatchPorts(new FaultyJournal(_journal, Faults), new FaultyWarehouse(_warehouse, Faults), speed, Views, Time), _initial);
    }
}
