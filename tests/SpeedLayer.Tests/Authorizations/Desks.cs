using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Fraud.Rules;
using Lambda.Domain.Log;
using Lambda.Domain.Yaml;
using Lambda.SpeedLayer.Authorizations;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;
using Lambda.TestKit;

namespace Lambda.SpeedLayer.Tests.Authorizations;

/// <summary>One partition's log in memory, with owners of it that come and go, and questions to them.</summary>
internal sealed class Desks
{
    private static readonly ViewCatalog Views = new(_ => null);
    private static readonly Domain.Views.ViewDefinition View = LoadView();
    private readonly WorkerSettings _settings = new(0, 7 * Clock.MsPerDay, 1, 2) { CheckpointRecords = long.MaxValue / 2, CheckpointIntervalMs = long.MaxValue / 2 };

    public Desks() => Log = new MemoryLog(1, Time);

    public ManualTime Time { get; } = new();
    public MemoryLog Log { get; }
    public MemoryCardDirectory Cards { get; } = new();
    public ListedAlerts Alerts { get; } = new();
    public long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>What the host does aside; at once, unless a test says otherwise.</summary>
    public BackgroundWork Background { get; set; } = work =>
    {
        work();
        return Task.CompletedTask;
    };

    private readonly MemoryCheckpointStore _checkpoints = new();

    /// <summary>Somebody's host of the partition, recovered from the last checkpoint.</summary>
    /// <param name="checkpoints">Of one who does not know of the others: what these stored is ahead of what it has applied, which leases prevent.</param>
    public PartitionHost Owner(ICheckpointStore? checkpoints = null)
    {
        var host = new PartitionHost(
            new SpeedPorts(Log, checkpoints ?? _checkpoints, new MemoryQuarantine(), Views, Time) { Basis = () => Basis, Cards = Cards, Cases = Alerts }, _settings, work => Background(work), 1);
        host.Recover(Publication.Initial(View.Hash, 1, 0), null);
        return host;
    }

    /// <summary>Many within a day are declined: what is decided depends on what was decided before.</summary>
    public static readonly DecisionBasis Basis = DecisionBasis.Nothing with { Rules = new TooMany() };

    public static void CatchUp(PartitionHost host)
    {
        while (host.Step(1 << 20)) { }
    }

    public Asked Ask(PartitionHost host, string customer, string id, long amountMinor, Action<AuthorizationOutcome> answer, CardStanding card = CardStanding.Active, int patienceMs = 1_000, string token = "tok")
    {
        var asked = new Asked(new AuthorizationRequest(CustomerId.From(customer), Request(customer, id, amountMinor, token), [], card, patienceMs), NowMs + patienceMs, answer);
        host.Authorize(asked);
        return asked;
    }

    public byte[] Request(string customer, string id, long amountMinor, string token = "tok") => Parse(
        $$"""{"type":"transaction","status":"approved","event_id":"{{id}}","customer_id":"{{customer}}","card_token":"{{token}}","direction":"debit","amount_minor":{{amountMinor}},"currency":"EUR","merchant_id":"m{{amountMinor % 7}}","occurred_at":"2026-01-15T11:00:00Z"}""");

    /// <summary>Something else about the customer, which may have the id of an authorization.</summary>
    public void AppendEvent(string customer, string id, string type = "login") => Append(Parse(type == "login"
        ? $$"""{"type":"login","success":false,"event_id":"{{id}}","customer_id":"{{customer}}","occurred_at":"2026-01-15T10:00:00Z"}"""
        : $$"""{"type":"card","card_token":"{{id}}","card_status":"active","event_id":"{{id}}","customer_id":"{{customer}}","occurred_at":"2026-01-15T10:00:00Z"}"""));

    public void Erase(string customer)
    {
        var record = new System.Buffers.ArrayBufferWriter<byte>();
        ErasureRecords.Write(new CustomerErasure(CustomerId.From(customer), Guid.NewGuid()), record);
        Append(record.WrittenSpan.ToArray());
    }

    public void Append(byte[] record)
    {
        var batch = new AppendBatch(1);
        batch.Add(0, record);
        Log.AppendAsync(batch, CancellationToken.None).AsTask().GetAwaiter().GetResult();
    }

    /// <summary>Every event of the log, decoded.</summary>
    public List<EventRow> Events()
    {
        var all = new List<EventRow>();
        foreach (var frame in Log.Read(0, 0, int.MaxValue))
            foreach (var (offset, record) in frame)
            {
                var row = new EventRow { Offset = offset, AppendedAtMs = frame.AppendedAtMs };
                RecordCodec.Read(record.ToArray(), row);
                all.Add(row);
            }
        return all;
    }

    private byte[] Parse(string json) => new EventParser().TryParse(Encoding.UTF8.GetBytes(json), NowMs * Clock.MicrosPerMs, out var record, out var why) ? record.ToArray() : throw new InvalidOperationException(why.ToString());

    private static Domain.Views.ViewDefinition LoadView()
    {
        var view = DefinitionLoader.Load("v.yaml", "view: v\nmetrics:\n  spend: { of: transaction, sum: billing_amount_minor, when: \"status = 'approved'\" }\n");
        Views.Add(view);
        return view;
    }

    private sealed class TooMany : IFraudRules
    {
        private static readonly int Feature = FraudFeatures.All.ToList().FindIndex(f => f.Name == "count_24h");

        public string Hash => "too-many";

        public RuleVerdict Judge(in RuleInput input) => input.Features[Feature] < 3 ? RuleVerdict.Nothing : new RuleVerdict(Decision.Decline, ["TOO_MANY"], ["too_many"], [], []);
    }
}
