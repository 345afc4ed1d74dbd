using Lambda.Domain.Events;
using Lambda.Serving.Ports;

namespace Lambda.Serving.Customer;

/// <summary>Walks a customer's distinct events, newest first, as rows of the catalogue.</summary>
internal sealed class History(ICustomerReads reads, CustomerId customer)
{
    private const int PageEvents = 500;

    /// <summary>What is in the warehouse was judged when it came in, by the clock of then.</summary>
    private const long AnyTime = long.MaxValue - EventParser.MaxAheadMicros;

    private readonly EventParser _parser = new() { IsOfLog = true };
    private readonly EventRow _row = new();

    /// <summary>No event of this customer at all was seen.</summary>
    public bool IsEmpty { get; private set; }

    /// <summary>Shows events to <paramref name="take"/> until it says that it has enough, they become older than <paramref name="notBefore"/>, or a page's work is done.</summary>
    /// <param name="take">False ends the page behind this event. The row is valid for the call only.</param>
    /// <returns>Where to go on; null at the end of what is asked for.</returns>
    public async Task<EventCursor?> WalkAsync(EventCursor? from, long notBefore, Func<CustomerEventRow, EventRow, bool> take, CancellationToken cancel)
    {
        var at = from;
        for (var scanned = 0; scanned < Limits.HistoryScanned;)
        {
            var page = await reads.EventsAsync(customer, at, PageEvents, cancel);
            IsEmpty = page.Count == 0 && at is null;
            foreach (var stored in page)
            {
                if (stored.OccurredAtMicros < notBefore) return null;
                at = stored.Cursor;
                if (Read(stored) && !take(stored, _row)) return at;
            }
            if (page.Count < PageEvents) return null;
            scanned += page.Count;
        }
        return at;
    }

    private bool Read(CustomerEventRow stored)
    {
        if (!_parser.TryParse(stored.Body.Span, AnyTime, out var record, out _)) return false; // none under the rules of today
        RecordCodec.Read(record.ToArray(), _row);
        (_row.Offset, _row.AppendedAtMs) = (stored.Offset, stored.AppendedAtMs);
        return true;
    }
}
