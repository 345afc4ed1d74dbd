using System.Runtime.InteropServices;
using Akka.Actor;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Decisions;
using Lambda.SpeedLayer.Authorizations;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Actors.Customers;

/// <summary>One record of the log, for the customer it is about.</summary>
internal readonly record struct LoggedRecord(long Offset, long AppendedAtMs, ReadOnlyMemory<byte> Record);

// What a partition tells its customers and hears from them. They are always in one process, so nothing of it is ever serialised. What many customers answer
// is put together by themselves, and the last one tells the partition: a message back from each would cost more than folding.

/// <summary>The first message: the entity this actor owns from now on.</summary>
internal sealed record Own(CustomerEntity Entity);

/// <summary>Events of this customer in order of the log, none behind a barrier that another of them is before. Used again when its slice is folded.</summary>
internal sealed class Fold
{
    private readonly List<LoggedRecord> _records = new(1);

    public Resident Customer { get; private set; } = null!;
    public ReadOnlySpan<LoggedRecord> Records => CollectionsMarshal.AsSpan(_records);

    /// <summary>Set when it is told.</summary>
    public FoldSlice Slice { get; set; } = null!;

    /// <summary>By the customer: an event was new to it.</summary>
    public bool HasNews { get; set; }

    public void Begin(Resident customer) => (Customer, HasNews) = (customer, false);

    public void Add(LoggedRecord record) => _records.Add(record);

    public void End()
    {
        (Customer, Slice) = (null!, null!);
        _records.Clear();
        if (_records.Capacity > KeptRecords) _records.Capacity = 0;
    }

    private const int KeptRecords = 64;
}

/// <summary>Records that are folded together, by customer. A message back to the partition when all are.</summary>
/// <param name="image">Checkpoints begun before it was told: says to which one's counters it belongs.</param>
internal sealed class FoldSlice(IActorRef partition, List<Fold> folds, int records, Epochs at, long rememberOnlyBelow, long image) : INoSerializationVerificationNeeded
{
    private readonly Lock _gate = new();
    private int _left = folds.Count;
    private List<QuarantineEntry>? _conflicts;
    private List<CardEntry>? _cards;
    private List<NewAlert>? _alerts;
    private WorkerCounters _counts;

    public List<Fold> Folds => folds;
    public int Records => records;
    public Epochs At => at;
    public long RememberOnlyBelow => rememberOnlyBelow;
    public long Image => image;

    /// <summary>The partition had handed over everything before it.</summary>
    public long From { get; init; }

    /// <summary>As the partition knows.</summary>
    public bool IsFolded { get; set; }

    public WorkerCounters Counts => _counts;
    public IReadOnlyList<QuarantineEntry> Conflicts => _conflicts ?? [];
    public IReadOnlyList<CardEntry> Cards => _cards ?? [];
    public IReadOnlyList<NewAlert> Alerts => _alerts ?? [];

    /// <summary>By a customer, before it is folded.</summary>
    public void Named(CardEntry card)
    {
        lock (_gate) (_cards ??= []).Add(card);
    }

    /// <summary>Likewise.</summary>
    public void Alerted(NewAlert alert)
    {
        lock (_gate) (_alerts ??= []).Add(alert);
    }

    /// <summary>By each customer, once.</summary>
    public void Folded(WorkerCounters counts, List<QuarantineEntry>? conflicts)
    {
        lock (_gate)
        {
            _counts = _counts.Plus(counts);
            if (conflicts is not null) (_conflicts ??= []).AddRange(conflicts);
            if (--_left > 0) return;
        }
        partition.Tell(this, partition);
    }
}

/// <summary>The checkpoint's barrier: the entity as it is now, encoded. What is told later is not in it.</summary>
internal sealed record TakeSnapshot(Snapshots To, CustomerId Customer, Epochs At, long AtMs);

/// <summary>The states of one checkpoint. A message back to the partition when all are there.</summary>
internal sealed class Snapshots(IActorRef partition, long image, int customers) : INoSerializationVerificationNeeded
{
    private const int ChunkBytes = 64 << 10; // not a large object, which would live until the next full collection

    private readonly Lock _gate = new();
    private byte[] _chunk = [];
    private int _used;

    public long Image => image;

    /// <summary>Complete when it is told.</summary>
    public List<StoredEntity> Rows { get; } = new(customers);

    /// <summary>By each customer, once.</summary>
    /// <param name="state">Empty when nothing is left of the customer: its row is deleted.</param>
    public void Add(CustomerId customer, ReadOnlySpan<byte> state)
    {
        lock (_gate)
        {
            Rows.Add(new StoredEntity(customer, Kept(state)));
            if (Rows.Count < customers) return;
        }
        partition.Tell(this, partition);
    }

    private ReadOnlyMemory<byte> Kept(ReadOnlySpan<byte> state)
    {
        if (state.Length > _chunk.Length - _used) (_chunk, _used) = (new byte[Math.Max(ChunkBytes, state.Length)], 0);
        var kept = _chunk.AsMemory(_used, state.Length);
        state.CopyTo(kept.Span);
        _used += state.Length;
        return kept;
    }
}

/// <summary>The three parts of the answer, put into their place of a reply that several customers fill.</summary>
/// <param name="Base">Acquired for this message: whoever handles it releases it.</param>
internal sealed record ReadParts(IReadSlot Slot, CustomerId Id, Epochs At, IBaseView? Base);

/// <summary>Where the parts of an answer go. Called from a customer's own thread of control.</summary>
internal interface IReadSlot
{
    /// <param name="batch">Encoded state in the base; null when it has none.</param>
    /// <param name="closed">Encoded delta; null when there is none, which an empty one is not: the customer is known.</param>
    void Fill(byte[]? batch, byte[]? closed, byte[]? open);

    /// <summary>Damaged storage: not this customer's affair.</summary>
    void Fail(Exception e);
}

/// <summary>A question to the customer's entity as it is now; answered to the partition by <see cref="LookedAt"/>.</summary>
/// <param name="StateOffset">Everything below it was told.</param>
internal sealed record LookAt(Asked Asked, DecisionBasis Basis, long StateOffset, long LogMs, long NowMs, bool Decide) : INoSerializationVerificationNeeded;

internal sealed record LookedAt(Asked Asked, Look Look) : INoSerializationVerificationNeeded;
