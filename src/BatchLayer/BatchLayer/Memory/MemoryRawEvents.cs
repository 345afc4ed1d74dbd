using System.Text;
using Lambda.BatchLayer.Ports;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;

namespace Lambda.BatchLayer.Memory;

/// <summary>A record as the warehouse keeps it.</summary>
internal sealed record RawRecord(long Offset, long AppendedAtMs, ReadOnlyMemory<byte> Bytes, CustomerId Customer, string EventId, long OccurredAtMicros, ulong ContentHash, long BillingMinor)
{
    /// <summary>An append time before every event, for folding with all tiles: a fold leaves out tiles that were too old at append.</summary>
    private const long LongAgoMs = -1L << 50;

    public void ReadInto(EventRow row)
    {
        RecordCodec.Read(Bytes, row);
        (row.Offset, row.AppendedAtMs) = (Offset, LongAgoMs);
    }
}

/// <summary>Raw events of one partition: by position and by customer.</summary>
internal sealed class MemoryRawEvents
{
    private readonly SortedDictionary<long, RawRecord> _byOffset = [];
    private readonly SortedDictionary<CustomerId, SortedDictionary<long, RawRecord>> _byCustomer = [];
    private readonly SortedDictionary<long, CustomerId> _erasures = [];
    private readonly SortedDictionary<long, RawTotals> _removed = []; // by erasure
    private readonly EventRow _row = new();

    public IEnumerable<CustomerId> Customers => _byCustomer.Keys;

    public void Add(LogFrame frame)
    {
        foreach (var (offset, bytes) in frame)
            if (RecordCodec.KindOf(bytes.Span) == RecordKind.Event) Add(offset, frame.AppendedAtMs, bytes);
            else if (RecordCodec.KindOf(bytes.Span) == RecordKind.Erasure) _erasures[offset] = ErasureRecords.Read(bytes.Span).Customer;
    }

    /// <summary>What erasures below an offset took out.</summary>
    public IEnumerable<RawTotals> RemovedBelow(long offset) => _removed.Where(r => r.Key < offset).Select(r => r.Value);

    /// <summary>Takes out the customer's records before its erasure, and the erasure.</summary>
    /// <returns>How many records that erasure took out, now or before.</returns>
    public long Remove(CustomerId customer, long erasure)
    {
        var own = _byCustomer.GetValueOrDefault(customer, []).Values.Where(r => r.Offset < erasure).ToList();
        _removed.TryAdd(erasure, own.Aggregate(new RawTotals(0, 0, 0, 0), (sum, r) =>
            sum with { Events = sum.Events + 1, HashSum = unchecked(sum.HashSum + r.ContentHash), BillingMinorSum = sum.BillingMinorSum + r.BillingMinor }));
        foreach (var record in own)
        {
            _byOffset.Remove(record.Offset);
            _byCustomer[customer].Remove(record.Offset);
        }
        _erasures.Remove(erasure);
        return _removed[erasure].Events;
    }

    public IEnumerable<RawRecord> Below(long offset) => _byOffset.Values.TakeWhile(r => r.Offset < offset);

    /// <summary>The newest erasure of the customer below an offset: what lies before it counts for nothing. 0 for none.</summary>
    public long ErasedBefore(CustomerId customer, long belowOffset) =>
        _erasures.Where(e => e.Key < belowOffset && e.Value.Equals(customer)).Select(e => e.Key).LastOrDefault();

    /// <summary>The customer's records since its newest erasure and below an offset, ascending, each event's first copy only.</summary>
    public IEnumerable<RawRecord> DistinctOf(CustomerId customer, long belowOffset)
    {
        if (!_byCustomer.TryGetValue(customer, out var records)) yield break;
        var (seen, from) = (new HashSet<string>(), ErasedBefore(customer, belowOffset));
        foreach (var record in records.Values.SkipWhile(r => r.Offset < from).TakeWhile(r => r.Offset < belowOffset))
            if (seen.Add(record.EventId)) yield return record;
    }

    private void Add(long offset, long appendedAtMs, ReadOnlyMemory<byte> bytes)
    {
        if (_byOffset.ContainsKey(offset)) return;
        var copy = bytes.ToArray();
        RecordCodec.Read(copy, _row);
        var billing = EventCatalog.BillingAmountMinor.Ordinal;
        var record = new RawRecord(offset, appendedAtMs, copy, new CustomerId(_row.CustomerId), Encoding.UTF8.GetString(_row.EventId),
            _row.OccurredAtMicros, _row.ContentHash, _row.Has(billing) ? _row.Number(billing) : 0);
        _byOffset.Add(offset, record);
        if (!_byCustomer.TryGetValue(record.Customer, out var own)) _byCustomer.Add(record.Customer, own = []);
        own.Add(offset, record);
    }
}
