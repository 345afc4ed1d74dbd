using System.Runtime.CompilerServices;
using Lambda.BatchLayer.Ports;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.Domain.Log;

namespace Lambda.BatchLayer.Memory;

public sealed partial class MemoryWarehouse : IFraudHistory
{
    public async IAsyncEnumerable<ReadOnlyMemory<FraudRecord>> CustomersAsync(int partition, long cutOffset, DecisionsFrom decisions, [EnumeratorCancellation] CancellationToken cancel)
    {
        List<FraudRecord[]> customers = [];
        await RunAsync("fraud history", [() =>
        {
            var raw = Raw(partition);
            customers.AddRange(raw.Customers.Select(c => raw.DistinctOf(c, cutOffset).Select(r => Of(r, decisions)).OfType<FraudRecord>().ToArray()).Where(c => c.Length > 0));
        }]);
        foreach (var customer in customers) yield return customer;
    }

    public async Task<IReadOnlySet<(ulong Customer, ulong Transaction)>> TakenBackAsync(int partition, long cutOffset, CancellationToken cancel)
    {
        var found = new HashSet<(ulong, ulong)>();
        await RunAsync("labels taken back", [() =>
        {
            var (raw, row) = (Raw(partition), new EventRow());
            foreach (var customer in raw.Customers)
            {
                var labels = new Dictionary<ulong, (long At, long Offset, bool IsFraud, bool EverWas)>();
                foreach (var record in raw.DistinctOf(customer, cutOffset))
                {
                    record.ReadInto(row);
                    if (row.Type != EventCatalog.FraudLabel) continue;
                    var (of, isFraud) = (FraudEvents.NameOf(row.Text(EventCatalog.TransactionId.Ordinal)), row.Number(EventCatalog.IsFraud.Ordinal) != 0);
                    var was = labels.GetValueOrDefault(of, (long.MinValue, 0, false, false));
                    labels[of] = (record.OccurredAtMicros, record.Offset).CompareTo((was.At, was.Offset)) > 0 ? (record.OccurredAtMicros, record.Offset, isFraud, was.EverWas || isFraud) : was with { EverWas = was.EverWas || isFraud };
                }
                found.UnionWith(labels.Where(l => l.Value is { EverWas: true, IsFraud: false }).Select(l => (FraudEvents.NameOf(customer.Utf8), l.Key)));
            }
        }]);
        return found;
    }

    public async Task<long?> NewestTransactionAsync(Cut cut, CancellationToken cancel)
    {
        long? newest = null;
        await RunAsync("newest", [() =>
        {
            var row = new EventRow();
            for (var p = 0; p < cut.Partitions; p++)
                foreach (var record in Raw(p).Below(cut[p]))
                {
                    record.ReadInto(row);
                    if (row.Type == EventCatalog.Transaction) newest = Math.Max(newest ?? long.MinValue, record.OccurredAtMicros);
                }
        }]);
        return newest;
    }

    private static FraudRecord? Of(RawRecord record, DecisionsFrom from)
    {
        var row = new EventRow();
        record.ReadInto(row);
        if (!FraudEvents.TryOf(row, out var it)) return null;
        var isWanted = record.Offset >= from.Offset && record.OccurredAtMicros >= from.OccurredAtMicros && row.Type == EventCatalog.Transaction && row.Has(EventCatalog.Decision.Ordinal);
        if (!isWanted) return new FraudRecord(record.Offset, FraudEvents.NameOf(row.CustomerId), it);
        var body = row.Body.ToArray();
        var decision = FraudRecord.DecisionOf(body);
        if (from.HasSpan && !(decision?.DecidedAtMicros >= from.DecidedFromMicros && decision.DecidedAtMicros < from.DecidedToMicros)) return new FraudRecord(record.Offset, FraudEvents.NameOf(row.CustomerId), it);
        return new FraudRecord(record.Offset, FraudEvents.NameOf(row.CustomerId), it, decision, body);
    }
}
