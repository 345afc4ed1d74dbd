using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;

namespace Lambda.BatchLayer.Ports;

/// <summary>What raw events hold of one partition below a cut, each (partition, offset) once.</summary>
public sealed record RawTotals(int Partition, long Events, ulong HashSum, Int128 BillingMinorSum);

/// <summary>A later copy of an event whose nearest earlier copy had been appended longer ago than the horizon: speed counts it until the next publication.</summary>
public sealed record LateRepeat(CustomerId Customer, string EventId, long Offset);

/// <summary>What the batch layer asks of the warehouse. ClickHouse and the in-memory warehouse pass the same conformance suite.</summary>
public interface IWarehouse : IRawEvents
{
    /// <summary>Per partition: events with offset &lt; cut[p], repeats of a position removed.</summary>
    Task<IReadOnlyList<RawTotals>> TotalsAsync(Cut cut, CancellationToken cancel);

    /// <summary>
    /// Recomputes one partition of the view of <paramref name="epoch"/> from all distinct raw events below the cut, replacing what an earlier try left.
    /// Tiles of days ≤ <paramref name="lastPrunedDay"/> are left out.
    /// </summary>
    /// <returns>Customers in the result.</returns>
    Task<long> ComputeAsync(CompiledView view, long epoch, int partition, long cutOffset, int lastPrunedDay, CancellationToken cancel);

    /// <summary>The computed partition, ascending by customer id bytes. Customers without any counted event may be there with an empty state.</summary>
    IAsyncEnumerable<(CustomerId Customer, State State)> ReadComputedAsync(CompiledView view, long epoch, int partition, CancellationToken cancel);

    /// <summary>Forgets the computed views of epochs outside <paramref name="keep"/>.</summary>
    Task DropComputedAsync(IReadOnlyCollection<long> keep, CancellationToken cancel);

    /// <summary>Late repeats with offset in [fromOffset, toOffset) of a partition.</summary>
    Task<IReadOnlyList<LateRepeat>> LateRepeatsAsync(int partition, long fromOffset, long toOffset, long horizonMs, CancellationToken cancel);

    /// <summary>State of one customer from its distinct raw events below an offset, with every tile; null when it has no event.</summary>
    Task<State?> RecomputeCustomerAsync(CompiledView view, int partition, CustomerId customer, long belowOffset, CancellationToken cancel);

    /// <summary>The customer's distinct events, newest first by (occurred_at, offset), strictly before <paramref name="before"/> if given: body JSON and place.</summary>
    Task<IReadOnlyList<CustomerEvent>> EventsAsync(int partition, CustomerId customer, (long OccurredAtMicros, long Offset)? before, int limit, CancellationToken cancel);
}

public sealed record CustomerEvent(long Offset, long OccurredAtMicros, long AppendedAtMs, ReadOnlyMemory<byte> Body);
