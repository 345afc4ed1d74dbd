using Lambda.BatchLayer.Ports;
using Lambda.Domain.Events;
using Lambda.Domain.Views;

namespace Lambda.Cluster.Embedded;

/// <summary>
/// One customer's state from all its raw events, with every tile. The few events that most customers have are folded here: the SQL of a whole definition costs
/// ClickHouse some 60 ms of processor time to analyse before it reads a row, handing over the events a tenth of that. Fold and SQL give the same state.
/// </summary>
internal sealed class RawEvents(IWarehouse warehouse)
{
    /// <summary>More are aggregated where they lie.</summary>
    private const int FoldedMax = 5_000;

    /// <summary>What is in the warehouse was judged when it came in, by the clock of then.</summary>
    private const long AnyTime = long.MaxValue - EventParser.MaxAheadMicros;

    /// <returns>Null when the customer has no event below the offset.</returns>
    public async Task<State?> StateAsync(CompiledView view, int partition, CustomerId customer, long belowOffset, CancellationToken cancel)
    {
        var events = await warehouse.EventsAsync(partition, customer, null, FoldedMax, cancel);
        return events.Count < FoldedMax && TryFold(view, events.Where(e => e.Offset < belowOffset), out var state)
            ? state
            : await warehouse.RecomputeCustomerAsync(view, partition, customer, belowOffset, cancel);
    }

    /// <returns>False when a stored event is none under the rules of today.</returns>
    private static bool TryFold(CompiledView view, IEnumerable<CustomerEvent> events, out State? state)
    {
        state = null;
        var (parser, row) = (new EventParser { IsOfLog = true }, new EventRow());
        foreach (var e in events)
        {
            if (!parser.TryParse(e.Body.Span, AnyTime, out var record, out _)) return false;
            RecordCodec.Read(record.ToArray(), row);
            row.Offset = e.Offset;
            row.AppendedAtMs = e.OccurredAtMicros / Clock.MicrosPerMs; // as if it had come at once: no day is too old for its tile
            view.Fold(state ??= new State(), row);
        }
        return true;
    }
}
