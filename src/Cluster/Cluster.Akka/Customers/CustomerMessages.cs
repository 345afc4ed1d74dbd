using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Actors.Customers;

/// <summary>One record of the log, for the customer it is about.</summary>
internal readonly record struct LoggedRecord(long Offset, long AppendedAtMs, ReadOnlyMemory<byte> Record);

// What a partition tells its customers and hears from them. They are always in one process, so nothing of it is ever serialised; a customer
// answers in the order it was told.

/// <summary>The first message: the entity this actor owns from now on.</summary>
internal sealed record Own(CustomerEntity Entity);

/// <summary>Events of this customer in order of the log, none behind a barrier that another of them is before.</summary>
/// <param name="Image">Checkpoints begun before it was told: says to which one's counters it belongs.</param>
internal sealed class Fold(Resident customer, LoggedRecord first)
{
    private List<LoggedRecord>? _more;

    public Resident Customer { get; } = customer;
    public LoggedRecord First { get; } = first;
    public IReadOnlyList<LoggedRecord> More => _more ?? (IReadOnlyList<LoggedRecord>)[];
    public int Records => 1 + (_more?.Count ?? 0);

    public Epochs At { get; set; } = null!;
    public long RememberOnlyBelow { get; set; }
    public long Image { get; set; }

    public void Add(LoggedRecord record) => (_more ??= []).Add(record);
}

internal sealed record Folded(Resident Customer, long Image, int Records, WorkerCounters Counts, IReadOnlyList<QuarantineEntry>? Conflicts);

/// <summary>The checkpoint's barrier: the entity as it is now, encoded. What is told later is not in it.</summary>
internal sealed record TakeSnapshot(Resident Customer, long Image, Epochs At, long AtMs);

/// <param name="State">Empty when nothing is left of the customer: its row is deleted.</param>
internal sealed record SnapshotTaken(Resident Customer, long Image, ReadOnlyMemory<byte> State);

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
