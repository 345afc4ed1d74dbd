using System.IO.Pipelines;
using Lambda.Domain.Events;
using Lambda.Domain.Lifetime;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.Serving;
using Lambda.Serving.Cases;
using Lambda.Serving.Export;
using Lambda.Serving.Identity;
using Lambda.Serving.Local;
using Lambda.Serving.Ports;
using Lambda.Serving.Search;
using Lambda.Serving.Segments;
using Lambda.SpeedLayer.Identity;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Cards;
using Lambda.SpeedLayer.Ports;
using Lambda.TestKit.Population;

namespace Lambda.SystemTests.Http;

/// <summary>An engine of dictionaries behind the API: what it answers is set by the test.</summary>
internal sealed class MemoryParts : IEventIntake, IMemberReads, IBatchRuns, IEngineStatus, IDefinitions, IImportJournal, IOperations, IModels
{
    public const int P = 4;

    public Dictionary<CustomerId, CustomerRead> Customers { get; } = new(CustomerId.ByBytes.Comparer);
    public List<CustomerEventRow> History { get; } = [];
    public List<RunReport> Runs { get; } = [];
    public Dictionary<string, ImportProgress> Imports { get; } = [];
    public MemoryQuarantine Quarantine { get; } = new();
    public MemoryPopulation Population { get; } = new() { Definition = TestView.Definition };
    public MemoryExports Exports { get; } = new();
    public MemorySql Sql { get; } = new();
    public ExportJobs ExportJobs => field ??= new ExportJobs(Population, Exports, Exports, Node, TimeProvider.System, (_, _) => { }) { RowsPerPart = 3 };
    public SegmentStore Segments { get; } = new(new SqliteSegments(":memory:"));
    public CaseStore Cases { get; } = new(new SqliteSegments(":memory:"));
    public MemoryFraudModels FraudModels { get; } = new();
    public MemoryAuthorizations Authorizations { get; } = new();
    public MemoryIdentifiers Identifiers { get; } = new();
    public Identities Identities { get; } = new(new MemoryIdentityLog());
    public MemoryErasures Erasures => field ??= new MemoryErasures(Customers.ContainsKey);
    public LifetimeModel? Lifetime { get; set; }
    public (long Epoch, string Reason)? LifetimeFailure { get; set; }
    public bool AbandonsAtOnce { get; set; } = true;
    public bool IsReady { get; set; } = true;
    public Func<byte[], Intake> OnIntake { get; set; } = _ => new Intake.Done(1, [], [new Position(0, 0)]);
    public (Position? AtLeast, TimeSpan Wait, int? AsOf) LastRead { get; private set; }
    public (string Source, long FirstLine) LastIntake { get; private set; }

    /// <summary>Null: the operator set none.</summary>
    public byte[]? WebhookKey { get; set; } = new byte[32];

    /// <summary>One that an event named, and one that is known by a link alone.</summary>
    private static CardLookup Cards()
    {
        var directory = new MemoryCardDirectory();
        directory.Put([new CardEntry("t1", CustomerId.From("c1"), true, 1, 0, 1)]);
        directory.Link("seen", "seen-2");
        return new CardLookup(directory, new CardVault(() => null, new MemoryCardDigits()));
    }

    public ServingParts ToParts() => new(this, this, this, this, this, Quarantine, this, this, TimeProvider.System) { Metrics = Metrics, Models = this, FraudModels = FraudModels, Erasures = Erasures, Authorizations = Authorizations, AuthorizationRecords = Authorizations, Replay = Authorizations, FraudRules = Authorizations, RuleBacktest = Authorizations, Cases = new CaseParts(Cases), Cards = Cards(), Identity = new IdentityDesk(Identities, this, TimeProvider.System), Identifiers = Identifiers, Population = new PopulationParts(Population, new byte[32], ExportJobs, Sql), Segments = new SegmentParts(Segments, Segments, Segments, new WebhookTargets([".example.org"], allowsLoopback: true), new WebhookSecrets(WebhookKey)) };

    public async ValueTask<Intake> IngestAsync(PipeReader body, string source, long firstLine, CancellationToken cancel)
    {
        using var whole = new MemoryStream();
        await body.CopyToAsync(whole, cancel);
        LastIntake = (source, firstLine);
        return OnIntake(whole.ToArray());
    }

    /// <summary>A row of the population.</summary>
    public void Have(string customer, Answer answer, long epoch = 3, long applied = 5) => Population.Rows.Add(new PopulationRow(CustomerId.From(customer), 1, epoch, applied, answer));

    public void Refuse(IReadOnlyList<QuarantineEntry> entries) => Quarantine.Add(entries, once: true);

    public ValueTask<CustomerRead> ReadAsync(CustomerId customer, int? asOfDay, IReadOnlyList<Position>? atLeast, TimeSpan wait, CancellationToken cancel)
    {
        LastRead = (atLeast.In(PartitionOf(customer)), wait, asOfDay);
        return new(Customers.GetValueOrDefault(customer) ?? new CustomerRead.Unknown());
    }

    /// <summary>Empty: their answers are what the test set.</summary>
    public ValueTask<MemberRead> StateAsync(CustomerId customer, int? asOfDay, IReadOnlyList<Position>? atLeast, TimeSpan wait, CancellationToken cancel) => new(Customers.GetValueOrDefault(customer) switch
    {
        null or CustomerRead.Unknown => new MemberRead(null, null, null, 1, PartitionOf(customer), 9, 0, ReadSource.Speed),
        CustomerRead.Found found => new MemberRead(null, null, new State(), found.Epoch, found.Partition, found.Applied, 0, ReadSource.Speed),
        var not => MemberRead.Not(not),
    });

    public async ValueTask<IReadOnlyList<CustomerRead>> ReadManyAsync(IReadOnlyList<CustomerId> customers, int? asOfDay, CancellationToken cancel)
    {
        var reads = new List<CustomerRead>();
        foreach (var customer in customers) reads.Add(await ReadAsync(customer, asOfDay, null, TimeSpan.Zero, cancel));
        return reads;
    }

    public ValueTask<IReadOnlyList<CustomerEventRow>> EventsAsync(CustomerId customer, EventCursor? before, int limit, CancellationToken cancel) =>
        new([.. History.Where(e => before is not { } b || (e.OccurredAtMicros, e.Offset).CompareTo((b.OccurredAtMicros, b.Offset)) < 0).Take(limit)]);

    /// <summary>Nobody's answer has parts here: they need a compiled definition.</summary>
    public ValueTask<CustomerParts?> PartsAsync(CustomerId customer, CancellationToken cancel) => new((CustomerParts?)null);

    public int PartitionOf(CustomerId customer) => Partitioner.PartitionOf(customer.Utf8, P);

    public ValueTask<RunStart> StartAsync(CancellationToken cancel)
    {
        if (Runs.FirstOrDefault(r => !r.IsFinal) is { } running) return new(new RunStart(false, running));
        var run = new RunReport($"run-{Runs.Count + 1}", Runs.Count + 1, RunState.Barriers, TestView.Definition.Hash, 1_700_000_000_000, null, [], new Dictionary<string, long> { ["events"] = 3 }, [(RunState.Barriers, 5)]);
        Runs.Insert(0, run);
        return new(new RunStart(true, run));
    }

    public ValueTask<RunAbandon?> AbandonAsync(string run, CancellationToken cancel)
    {
        var at = Runs.FindIndex(r => r.Run == run);
        if (at < 0) return new((RunAbandon?)null);
        if (Runs[at].IsFinal) return new(new RunAbandon(false, Runs[at]));
        Runs[at] = AbandonsAtOnce ? Runs[at] with { State = RunState.Abandoned, Reasons = ["asked"], EndedAtMs = 1_700_000_000_100 } : Runs[at];
        return new(new RunAbandon(true, Runs[at]));
    }

    public RunReport? Get(string run) => Runs.FirstOrDefault(r => r.Run == run);

    public IReadOnlyList<RunReport> List(int limit) => [.. Runs.Take(limit)];

    public int Partitions => P;

    public EngineStatus Now() => new(
        IsReady ? "ready" : "degraded", IsReady ? [] : ["partition 1 has stopped: corrupt log frame"], "1.0", 1_700_000_000_000, 2, TestView.Definition.Hash,
        [new PartitionStatus(0, "running", null, 0, 10, 9, 5, 8, 3, 2, 4)], new WarehouseStatus("up", "http://127.0.0.1:1", null, "26.7"),
        Quarantine.Counts(), new Dictionary<string, long> { ["events_accepted"] = 9 });

    public List<NodeStatus> NodesNow { get; } = [new("node-a", "up", ["speed", "serving"], [0, 1]), new("node-b", "up", ["serving"], [])];
    public Drain OnDrain { get; set; } = new Drain.NotPossible("one node");
    public Microsoft.AspNetCore.Http.RequestDelegate? Metrics { get; set; }
    public string Node => "node-a";

    public bool Owns(int partition) => true;

    public ValueTask<IReadOnlyList<NodeStatus>> NodesAsync(CancellationToken cancel) => new(NodesNow);

    public ValueTask<IReadOnlyList<PartitionEpochs>> EpochsAsync(CancellationToken cancel) => new([new PartitionEpochs(0, 2, 3, TestView.Definition.Hash, TestView.Other.Hash)]);

    public ValueTask<IReadOnlyList<CheckpointReport>> CheckpointAsync(int? partition, CancellationToken cancel) => partition == 1
        ? throw new EngineUnavailableException("partition 1 has stopped", TimeSpan.FromSeconds(5))
        : new([new CheckpointReport(partition ?? 0, 9)]);

    public ValueTask<Drain> DrainAsync(string node, CancellationToken cancel) => new(NodesNow.Any(n => n.Node == node) ? OnDrain : new Drain.UnknownNode([.. NodesNow.Select(n => n.Node)]));

    public IReadOnlyList<TopicStatus> Topics { get; } =
        [new("crm", "stopped", "messages are gone", "node-a", "plain", 9, 1, [new TopicPartitionStatus(0, 10, 25)])];

    public IReadOnlyList<SourceStatus> Sources { get; } =
        [new("contacts", "waiting", "it answers 503", "node-a", "2026-01-15T10:00:00.0000000Z", 1_700_000_000_000, 4, 9, 2, 3, ["nickname"])];

    public ValueTask<SourceStatus?> ResetSourceAsync(string source, CancellationToken cancel) => new(Sources.FirstOrDefault(s => s.Source == source));

    public ValueTask<TopicStatus?> ResetTopicAsync(string topic, CancellationToken cancel) => new(Topics.FirstOrDefault(t => t.Topic == topic));

    public ViewDefinition Current => TestView.Definition;
    public ViewDefinition? Next { get; private set; }

    public ViewDefinition Check(string text, string file) => text == TestView.Other.Text
        ? TestView.Other
        : throw new DefinitionException([new DefinitionError(file, 3, 7, "unknown field `amont`, expected one of amount_minor, …"), new DefinitionError(file, 4, 1, "expected a metric")]);

    public ValueTask<ViewDefinition> AdoptAsync(string text, string file, CancellationToken cancel) => new(Next = Check(text, file));

    ImportProgress? IImportJournal.Get(string key) => Imports.GetValueOrDefault(key);

    public void Put(string key, ImportProgress progress) => Imports[key] = progress;
}
