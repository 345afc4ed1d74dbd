using System.Diagnostics.Metrics;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Monitoring;

/// <summary>
/// How the engine is, as instruments that look when they are asked. Partitions are told of by the node that owns them only; what all nodes know alike (runs, quarantine,
/// epoch) is told by each: take its max, not its sum.
/// </summary>
internal sealed class EngineMetrics : IDisposable
{
    public const string MeterName = "Lambda.Engine";

    private const int RunsLookedAt = 100; // for the last publication: more failures in a row nobody waits for
    private static readonly string[] States = ["starting", "ready", "degraded", "stopping"];

    private readonly Meter _meter = new(MeterName);
    private readonly IEngineStatus _status;
    private readonly IBatchRuns _runs;
    private readonly IOperations _operations;
    private readonly TimeProvider _time;
    private readonly Snapshot<EngineStatus> _now;

    public EngineMetrics(IEngineStatus status, IBatchRuns runs, IOperations operations, TimeProvider time)
    {
        (_status, _runs, _operations, _time) = (status, runs, operations, time);
        _now = new Snapshot<EngineStatus>(_status.Now, time);
        AddEngine();
        AddPartitions();
        AddRuns();
        AddTopics();
        AddSources();
    }

    public void Dispose() => _meter.Dispose();

    private void AddEngine()
    {
        _meter.CreateObservableGauge("lambda.engine.ready", () => _status.IsReady ? 1 : 0, description: "1 while every partition has recovered and answers.");
        _meter.CreateObservableGauge("lambda.engine.state", () => OneOf("state", States, _now.Value.State), description: "1 at the state it is in.");
        _meter.CreateObservableGauge("lambda.engine.epoch", () => _now.Value.Epoch, description: "Published epoch, 0 before the first run.");
        _meter.CreateObservableGauge("lambda.engine.partitions", () => _status.Partitions, description: "P: so many partitions have to be owned by somebody.");
        _meter.CreateObservableGauge("lambda.engine.build", () => new Measurement<int>(1, Tag("version", _now.Value.Version), Tag("node", _operations.Node)), description: "1; the version as a label.");
        _meter.CreateObservableGauge("lambda.engine.started.timestamp", () => _now.Value.StartedAtMs / 1e3, "s", "When the engine was started, Unix time.");
        _meter.CreateObservableGauge("lambda.warehouse.up", () => _now.Value.Warehouse.Reason is null ? 1 : 0, description: "1 while ClickHouse is believed to answer.");
        _meter.CreateObservableGauge("lambda.quarantine.open", () => Counts("reason", _now.Value.Quarantine), description: "Open entries by reason.");
        _meter.CreateObservableCounter("lambda.engine.counts", () => Counts("what", _now.Value.Counters), description: "Events folded, duplicates and the like, since the start.");
    }

    private void AddPartitions()
    {
        Gauge("lambda.partition.ready", "1 while it has recovered and answers.", p => p.State == "ready" ? 1 : 0);
        Gauge("lambda.partition.failed", "1 when it, or its sink, has stopped with an error.", p => p.Reason is null ? 0 : 1);
        Gauge("lambda.partition.fold.lag", "Records appended and not yet in answers.", p => Math.Max(0, p.End - p.Applied));
        Gauge("lambda.partition.sink.lag", "Records appended and not yet in the warehouse.", p => Math.Max(0, p.End - p.Sunk));
        Gauge("lambda.partition.checkpoint.lag", "Records that a recovery would read again.", p => Math.Max(0, p.Applied - p.Checkpointed));
        Gauge("lambda.partition.entities", "Customers in memory.", p => p.EntitiesInMemory);
        Gauge("lambda.partition.base.customers", "Customers of the published base.", p => p.BaseCustomers);
        _meter.CreateObservableGauge("lambda.partition.freshness", () => ByPartition(p => p.FreshnessMs / 1e3), "s", "Age of the oldest record not yet in answers.");
        Counter("lambda.partition.appended", "Offset behind the newest record of the log.", p => p.End);
        Counter("lambda.partition.folded", "Offset behind the newest record in answers.", p => p.Applied);
        Counter("lambda.partition.sunk", "Offset behind the newest record in the warehouse.", p => p.Sunk);
    }

    private void AddRuns()
    {
        _meter.CreateObservableGauge("lambda.run.state", () => Last is { } run ? OneOf("state", RunStates, Name(run.State)) : [], description: "1 at the state of the newest batch run.");
        _meter.CreateObservableGauge("lambda.run.started.timestamp", () => One(Last, run => run.StartedAtMs / 1e3), "s", "When the newest run began, Unix time.");
        _meter.CreateObservableGauge("lambda.run.duration", () => One(Last, run => ((run.EndedAtMs ?? NowMs) - run.StartedAtMs) / 1e3), "s", "How long the newest run took, or has been taking.");
        _meter.CreateObservableGauge("lambda.run.step.duration",
            () => Last is { } run ? run.StepsMs.Select(s => new Measurement<double>(s.Ms / 1e3, Tag("step", Name(s.State)))) : [], "s", "Time in each state that the newest run has passed.");
        _meter.CreateObservableGauge("lambda.run.counts", () => Last is { } run ? Counts("what", run.Counts) : [], description: "Totals of the newest run: events, customers, late_repeats, ….");
        _meter.CreateObservableGauge("lambda.run.published.timestamp", () => One(LastPublished, run => run.EndedAtMs!.Value / 1e3), "s", "When a run was last published, Unix time; missing before the first.");
    }

    private void AddTopics()
    {
        _meter.CreateObservableGauge("lambda.topic.reading", () => Topics.Select(t => new Measurement<int>(t.State == TopicStatus.Reading ? 1 : 0, Tag("topic", t.Topic))), description: "1 while the topic is read.");
        _meter.CreateObservableGauge(
            "lambda.topic.lag", () => Topics.SelectMany(t => t.Partitions.Select(p => new Measurement<long>(Math.Max(0, p.End - p.Next), Tag("topic", t.Topic), Tag("topic_partition", p.Partition)))),
            description: "Messages of a topic that were not read yet.");
        _meter.CreateObservableCounter("lambda.topic.accepted", () => Topics.Select(t => new Measurement<long>(t.Accepted, Tag("topic", t.Topic))), description: "Messages that became events.");
        _meter.CreateObservableCounter("lambda.topic.refused", () => Topics.Select(t => new Measurement<long>(t.Refused, Tag("topic", t.Topic))), description: "Messages that went to quarantine.");
    }

    private void AddSources()
    {
        _meter.CreateObservableGauge("lambda.source.reading", () => BySource(s => s.State == SourceStatus.Reading ? 1 : 0), description: "1 while the source is polled.");
        _meter.CreateObservableGauge("lambda.source.walked.timestamp", () => Sources.Where(s => s.WalkedAtMs is not null).Select(s => new Measurement<double>(s.WalkedAtMs!.Value / 1e3, Tag("source", s.Source))), "s", "When everything there was had last been read, Unix time.");
        _meter.CreateObservableCounter("lambda.source.pages", () => BySource(s => s.Pages), description: "Pages read.");
        _meter.CreateObservableCounter("lambda.source.accepted", () => BySource(s => s.Accepted), description: "Items that became events.");
        _meter.CreateObservableCounter("lambda.source.refused", () => BySource(s => s.Refused), description: "Items that went to quarantine.");
        _meter.CreateObservableCounter("lambda.source.drift", () => BySource(s => s.Drifted), description: "Items that were not as described, and fields that were new.");
    }

    private IEnumerable<SourceStatus> Sources => _operations.Sources.Where(s => s.Node == _operations.Node);

    private IEnumerable<Measurement<long>> BySource(Func<SourceStatus, long> value) => Sources.Select(s => new Measurement<long>(value(s), Tag("source", s.Source)));

    /// <summary>Told of by the node that reads them only.</summary>
    private IEnumerable<TopicStatus> Topics => _operations.Topics.Where(t => t.Node == _operations.Node);

    private static readonly string[] RunStates = [.. Enum.GetValues<RunState>().Select(Name)];

    private RunReport? Last => _runs.List(1).FirstOrDefault();

    private RunReport? LastPublished => _runs.List(RunsLookedAt).FirstOrDefault(r => r is { State: RunState.Published, EndedAtMs: not null });

    private long NowMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private void Gauge(string name, string description, Func<PartitionStatus, long> value) => _meter.CreateObservableGauge(name, () => ByPartition(value), description: description);

    private void Counter(string name, string description, Func<PartitionStatus, long> value) => _meter.CreateObservableCounter(name, () => ByPartition(value), description: description);

    private IEnumerable<Measurement<T>> ByPartition<T>(Func<PartitionStatus, T> value) where T : struct =>
        _now.Value.Partitions.Where(p => _operations.Owns(p.Partition)).Select(p => new Measurement<T>(value(p), Tag("partition", p.Partition)));

    private static IEnumerable<Measurement<double>> One(RunReport? run, Func<RunReport, double> value) => run is null ? [] : [new Measurement<double>(value(run))];

    private static IEnumerable<Measurement<int>> OneOf(string label, string[] all, string current) => all.Select(s => new Measurement<int>(s == current ? 1 : 0, Tag(label, s)));

    private static IEnumerable<Measurement<long>> Counts(string label, IReadOnlyDictionary<string, long> counts) => counts.Select(c => new Measurement<long>(c.Value, Tag(label, c.Key)));

    private static string Name(RunState state) => state.ToString().ToLowerInvariant();

    private static KeyValuePair<string, object?> Tag(string name, object? value) => new(name, value);
}

/// <summary>One look for all instruments of a scrape.</summary>
internal sealed class Snapshot<T>(Func<T> look, TimeProvider time) where T : class
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(200);
    private readonly Lock _gate = new();
    private T? _value;
    private long _at;

    public T Value
    {
        get
        {
            lock (_gate)
            {
                if (_value is not null && time.GetElapsedTime(_at) < Fresh) return _value;
                (_value, _at) = (look(), time.GetTimestamp());
                return _value;
            }
        }
    }
}
