#if CLUSTER_RUNTIME
using System.Buffers;
using Lambda.BatchLayer.Memory;
using Lambda.Cluster.Actors.Messages;
using Lambda.Cluster.Actors.Partitions;
using Lambda.Domain.Events;
using Lambda.Domain.Lifetime;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.Serving.Local;
using Lambda.Serving.Segments;
using Lambda.Simulation;
using Lambda.SpeedLayer.Estimates;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Segments;
using Lambda.SpeedLayer.Sink;
using Lambda.SpeedLayer.Worker;
using Xunit;

namespace Lambda.ClusterTests.Actors;

/// <summary>One log with two readers: a partition of the embedded runtime and one of actors, each with stores of its own. What one says the other must say.</summary>
internal sealed class Twin : IAsyncDisposable
{
    public const int Customers = 40;
    private const long HorizonMs = 7 * Clock.MsPerDay;

    private readonly SimulatedTime _simulated = new(1_700_000_000_000);
    private readonly MemoryLog _log;
    private readonly RandomEvents _events;
    private readonly ViewCatalog _views = new(_ => null);
    private readonly MemoryBaseStore _bases = new();
    private readonly SpeedPorts _plainPorts;
    private readonly WorkerSettings _settings = new(0, HorizonMs, 1, 2) { CheckpointRecords = long.MaxValue, CheckpointIntervalMs = long.MaxValue };
    private long _generation;

    /// <param name="checkpointRecords">Of the actors, which by themselves write none before.</param>
    /// <param name="definitions">Others than the simulation's.</param>
    public Twin(ulong seed, PartitionLimits? limits = null, long checkpointRecords = long.MaxValue, IReadOnlyList<ViewDefinition>? definitions = null)
    {
        Definitions = definitions ?? SimulatedDefinitions.Load();
        foreach (var definition in Definitions) _views.Add(definition);
        _log = new MemoryLog(1, _simulated);
        _events = new RandomEvents(new Chance(seed), Customers);
        Served = Publication.Initial(Definitions[0].Hash, 1, _simulated.NowMs);
        _plainPorts = new SpeedPorts(_log, PlainStore, new MemoryQuarantine(), _views, TimeProvider.System);
        var sink = new MemorySinkProgressStore();
        var parts = new PartitionParts(
            new SpeedPorts(_log, ActorStore, Quarantine, _views, new Calendar(_simulated)), Warehouse, Warehouse, new EstimatingPopulation(Warehouse, () => Model), _bases, Leases, (_, _) => sink,
            _ => Task.FromResult(Served), _ => _settings with { CheckpointRecords = checkpointRecords }, new SinkPolicy(1, 1), Marks, "here", (_, e) => Errors.Add(e)) 
        {
            Limits = limits ?? new PartitionLimits { SliceRecords = 16 }, Segments = new SegmentWatch(Segments, TimeProvider.System), Model = () => Model,
        };
        Actors = new ActorPartition(parts, 0);
        Plain = RestartPlain();
        Actors.Start();
    }

    public IReadOnlyList<ViewDefinition> Definitions { get; }
    public MemoryCheckpointStore PlainStore { get; } = new();
    public MemoryCheckpointStore ActorStore { get; } = new();
    public MemoryWarehouse Warehouse { get; } = new();
    public MemoryQuarantine Quarantine { get; } = new();
    public FreeLeases Leases { get; } = new();
    public SegmentStore Segments { get; } = new(new SqliteSegments(":memory:"));
    public MemoryMarks Marks { get; } = new();

    /// <summary>What the node of the actors knows as the newest.</summary>
    public LifetimeModel? Model { get; set; }

    public List<Exception> Errors { get; } = [];
    public Publication Served { get; private set; }
    public PartitionHost Plain { get; private set; }
    public ActorPartition Actors { get; }

    public PartitionHost RestartPlain()
    {
        Plain = new PartitionHost(_plainPorts, _settings, work =>
        {
            work();
            return Task.CompletedTask;
        }, ++_generation);
        Plain.Recover(Served, Served.Epoch == 0 ? null : _bases.Open(Served.Artefacts[0]));
        return Plain;
    }

    public async Task AppendAsync(int events)
    {
        while (events > 0)
        {
            var batch = new AppendBatch(1);
            for (var i = 0; i < 25 && events > 0; i++, events--) batch.Add(0, _events.Next(_simulated.NowMs));
            await _log.AppendAsync(batch, default);
            _simulated.Advance(1_000);
        }
    }

    public async Task BarrierAsync(long epoch, ViewDefinition definition)
    {
        var batch = new AppendBatch(1);
        var record = new ArrayBufferWriter<byte>();
        RecordCodec.WriteBarrier(new EpochBarrier(epoch, $"run-{epoch}", definition.Hash), record);
        batch.Add(0, record.WrittenSpan);
        await _log.AppendAsync(batch, default);
        _lastBarrier = _log.EndOffset(0) - 1;
    }

    private long _lastBarrier;

    public async Task CatchUpAsync()
    {
        while (Plain.Step(1000)) { }
        await Actors.CatchUpAsync();
    }

    public async Task CheckpointAsync()
    {
        await Plain.CheckpointNowAsync();
        await Actors.CheckpointAsync();
    }

    /// <summary>Publishes what the log holds below the newest barrier under this definition, and lets both adopt it.</summary>
    public async Task PublishAsync(long epoch, ViewDefinition definition)
    {
        var view = _views.ByHash(definition.Hash);
        await Warehouse.ComputeAsync(view, epoch, 0, _lastBarrier, int.MinValue, default);
        var file = await _bases.BuildAsync(epoch, definition.Hash, 0, Warehouse.ReadComputedAsync(view, epoch, 0, default), default);
        Served = new Publication(epoch, $"run-{epoch}", definition.Hash, new Cut([_lastBarrier]), [_simulated.NowMs], [file], _simulated.NowMs);
        Plain.Adopt(Served, _bases.Open(file));
        await Actors.AskAsync<Done>(new AdoptBase(0, Served));
    }

    public MemoryLog Log => _log;

    public long NowMs => _simulated.NowMs;

    public Task UntilSunkAsync() => Actors.UntilAsync(r => r.Sunk >= _log.EndOffset(0));

    // --- comparing --------------------------------------------------------------------------------------------------------------

    public async Task AssertSameAnswersAsync()
    {
        var day = Clock.DayOfMs(_simulated.NowMs);
        for (var c = 0; c < Customers + 3; c++)
        {
            var id = CustomerId.From($"c{c}");
            var (expected, part) = (Plain.Read(id, day), (await Actors.ReadAsync(id))[0]);
            Assert.Equal(expected.Outcome == ReadOutcome.Found ? PartOutcome.Found : PartOutcome.Unknown, part.Outcome);
            Assert.Equal((expected.Epoch, expected.Applied), (part.Epoch, part.Applied));
            if (expected.Answer is { } answer) AssertSame(answer, Finish(part, day));
        }
    }

    private Answer Finish(ReadPart part, int day) =>
        _views.ByHash(part.Definition).Finish(part.Batch ?? [], Decode(part.Closed), Decode(part.Open), day);

    private static State? Decode(byte[]? delta) => delta is null ? null : State.Decode(delta);

    private static void AssertSame(Answer expected, Answer actual)
    {
        Assert.Equal(expected.Definition.Hash, actual.Definition.Hash);
        Assert.Equal(expected.Scalars, actual.Scalars);
        Assert.Equal(expected.Maps, actual.Maps);
        Assert.Equal(expected.Segments, actual.Segments);
    }

    /// <summary>Memberships, and the feed replayed, against the answers of today.</summary>
    public async Task AssertSameSegmentsAsync()
    {
        await Actors.UntilAsync(r => r.PopulationBelow >= _log.EndOffset(0) && r.PopulationSwept.Length > 0);
        var expected = new HashSet<(string, string)>();
        for (var c = 0; c < Customers; c++)
            if (Plain.Read(CustomerId.From($"c{c}"), Clock.DayOfMs(_simulated.NowMs)).Answer is { } answer)
                expected.UnionWith(answer.Definition.Segments.Where((_, i) => answer.Segments[i]).Select(s => ($"c{c}", s.Name)));
        var replayed = new HashSet<(string, string)>();
        foreach (var (_, change) in Segments.After(0, int.MaxValue))
            Assert.True(change.Entered ? replayed.Add((change.Customer.ToString(), change.Segment)) : replayed.Remove((change.Customer.ToString(), change.Segment)), $"{change} changes nothing");
        var members = Segments.MembershipsOf([.. Enumerable.Range(0, Customers).Select(c => CustomerId.From($"c{c}"))]);
        Assert.NotEmpty(expected);
        Assert.Equal(expected.Order(), replayed.Order());
        Assert.Equal(expected.Order(), members.SelectMany(m => m.Value.Select(v => (m.Key.ToString(), v.Segment))).Order());
    }

    /// <summary>Position, header and every entity, byte for byte.</summary>
    public void AssertSameCheckpoints()
    {
        var (plain, actors) = (PlainStore.Load(0)!, ActorStore.Load(0)!);
        Assert.Equal(plain.Applied, actors.Applied);
        Assert.Equal(System.Text.Encoding.UTF8.GetString(plain.Worker.Span), System.Text.Encoding.UTF8.GetString(actors.Worker.Span));
        Assert.Equal(Rows(PlainStore), Rows(ActorStore));
    }

    private static List<(CustomerId, string)> Rows(MemoryCheckpointStore store) => [.. store.Scan(0).Select(e => (e.Customer, Convert.ToHexString(e.State.Span)))];

    /// <summary>The day is the events'; timers run as ever.</summary>
    private sealed class Calendar(SimulatedTime simulated) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(simulated.NowMs);
    }

    public async ValueTask DisposeAsync() => await Actors.DisposeAsync();
}
#endif
