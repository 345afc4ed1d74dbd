using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;

namespace Lambda.Serving.Ports;

/// <summary>Merged answers: finish(base ⊕ closed ⊕ open, as_of), each read pinned to one epoch.</summary>
public interface ICustomerReads
{
    /// <param name="asOfDay">UTC day (days since 1970-01-01); null is today by the engine's clock.</param>
    /// <param name="atLeast">The answer must contain every record up to and including these, as far as they are of partitions that it is read from; at most one a partition.</param>
    /// <param name="wait">How long to wait for <paramref name="atLeast"/>.</param>
    ValueTask<CustomerRead> ReadAsync(CustomerId customer, int? asOfDay, IReadOnlyList<Position>? atLeast, TimeSpan wait, CancellationToken cancel);

    /// <summary>The same of several customers, in their order, each with an outcome of its own; customers of one partition are read at one moment.</summary>
    ValueTask<IReadOnlyList<CustomerRead>> ReadManyAsync(IReadOnlyList<CustomerId> customers, int? asOfDay, CancellationToken cancel);

    /// <summary>The customer's distinct events, newest first by (occurred_at, offset), of a merged person by (occurred_at, offset, partition), strictly before <paramref name="before"/> if given. Empty when it has none.</summary>
    /// <exception cref="EngineUnavailableException">They cannot be read now.</exception>
    ValueTask<IReadOnlyList<CustomerEventRow>> EventsAsync(CustomerId customer, EventCursor? before, int limit, CancellationToken cancel);

    /// <summary>What the customer's answer is made of; null when no event of it was ever applied.</summary>
    /// <exception cref="EngineUnavailableException">Its partition cannot answer now.</exception>
    ValueTask<CustomerParts?> PartsAsync(CustomerId customer, CancellationToken cancel);

    /// <summary>Which partition a customer is in.</summary>
    int PartitionOf(CustomerId customer);
}

/// <summary>What came of a read.</summary>
public abstract record CustomerRead
{
    private CustomerRead() { }

    /// <param name="Applied">Next offset to read of the customer's partition: every record before it is in the answer.</param>
    /// <param name="FreshnessMs">Age of the oldest record not yet applied; 0 if none.</param>
    public sealed record Found(Answer Answer, long Epoch, int Partition, long Applied, long FreshnessMs, ReadSource Source) : CustomerRead
    {
        /// <summary>Whose answer it is, when that is several customers: epoch and position above are then those of the canonical one.</summary>
        public PersonRead? Person { get; init; }
    }

    /// <summary>No event of this customer was ever applied.</summary>
    public sealed record Unknown : CustomerRead;

    /// <summary>The position asked for was not reached in time.</summary>
    public sealed record NotReached(int Partition, long Applied) : CustomerRead;

    /// <summary>A metric left its type: see <see cref="MetricOverflowException"/>.</summary>
    public sealed record Overflow(string Metric) : CustomerRead;

    /// <summary>The partition cannot answer now (recovering, stopped with an error, lost its lease).</summary>
    public sealed record Unavailable(string Reason, TimeSpan RetryAfter) : CustomerRead;
}

/// <summary>The three parts of an answer before they are merged; null where there is none.</summary>
/// <param name="Batch">Everything up to the cut of <paramref name="Epoch"/>.</param>
/// <param name="Closed">From there to the newest barrier.</param>
/// <param name="Open">What came after it.</param>
/// <param name="Cut">Offset that parts batch from speed in the customer's partition; null when the epoch has just changed.</param>
public sealed record CustomerParts(CompiledView View, State? Batch, State? Closed, State? Open, long Epoch, int Partition, long Applied, long? Cut)
{
    /// <summary>Of a merged person: each part is then the merge of its members', and epoch, position and cut above are the canonical one's.</summary>
    public PersonRead? Person { get; init; }

    /// <summary>Where batch and speed of the customer meet that an event is of.</summary>
    public (long Applied, long? Cut) Of(CustomerEventRow row) =>
        Person?.Members.FirstOrDefault(m => m.Customer.Equals(row.Member)) is { } member && row.Member is not null ? (member.Applied, member.Cut) : (Applied, Cut);
}

/// <summary>The customers that an answer was merged from: see <see cref="Domain.Identity.Person"/>.</summary>
/// <param name="Members">The canonical one first, each as of where its own partition stood.</param>
/// <param name="Number">Of the newest record of the identity log that is in it.</param>
public sealed record PersonRead(IReadOnlyList<MemberPosition> Members, long Number)
{
    public CustomerId Canonical => Members[0].Customer;
}

/// <param name="Cut">Offset that parts batch from speed, where it was asked for and is known.</param>
public sealed record MemberPosition(CustomerId Customer, long Epoch, int Partition, long Applied, long? Cut = null);

/// <summary>Where an answer came from: the batch view alone, the deltas alone, both merged, or this customer's raw events (an old as_of).</summary>
public enum ReadSource { Batch, Speed, Merged, Raw }

/// <summary>Place of an event in a customer's history; the next page begins before it.</summary>
/// <param name="Partition">Of a merged person's event: offsets of several partitions may be equal.</param>
public readonly record struct EventCursor(long OccurredAtMicros, long Offset, int? Partition = null);

/// <param name="Body">The event as it was sent, JSON (card numbers masked).</param>
public sealed record CustomerEventRow(int Partition, long Offset, long OccurredAtMicros, long AppendedAtMs, ReadOnlyMemory<byte> Body)
{
    /// <summary>Whose event it is, in the history of a merged person.</summary>
    public CustomerId? Member { get; init; }

    /// <summary>Its place in the history that it was read from.</summary>
    public EventCursor Cursor => new(OccurredAtMicros, Offset, Member is null ? null : Partition);
}

/// <summary>A part of the engine cannot serve now; the caller may retry. Becomes a 503.</summary>
public sealed class EngineUnavailableException(string reason, TimeSpan retryAfter) : Exception(reason)
{
    public TimeSpan RetryAfter { get; } = retryAfter;
}
