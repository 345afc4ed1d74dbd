using System.Runtime.InteropServices;
using Lambda.BatchLayer.Models.Fraud.Nightly;
using Lambda.BatchLayer.Ports;
using Lambda.Domain.Fraud;
using Lambda.Domain.Log;

namespace Lambda.BatchLayer.Models.Fraud.Acceptors;

/// <summary>One pass over all raw events below a cut: the table of every acceptor, and whether the decisions since the last table had seen what they should have.</summary>
public sealed class AcceptorTables(IFraudHistory history)
{
    /// <param name="takenAtMicros">When the cut was taken. The table is as of then, or of the newest transaction where that is older.</param>
    /// <param name="checkFrom">By partition, the first offset whose decisions are checked.</param>
    /// <param name="tables">By epoch, what decisions may name.</param>
    /// <param name="path">Where the table is written.</param>
    /// <param name="scratch">A folder for what memory should not hold.</param>
    public async Task<(AcceptorTableRef Table, DecisionCheck Check)> BuildAsync(
        long epoch, Cut cut, long takenAtMicros, Func<int, long> checkFrom, Func<long, IAcceptorTable?> tables, string path, string scratch, CancellationToken cancel)
    {
        using var visits = new AcceptorVisits(scratch);
        var (recompute, checking, frauds) = (new FraudRecompute(), new Checking(epoch), new HashSet<ulong>());
        for (var partition = 0; partition < cut.Partitions; partition++)
        {
            var p = partition;
            var takenBack = await history.TakenBackAsync(p, cut[p], cancel);
            await foreach (var customer in history.CustomersAsync(p, cut[p], new DecisionsFrom(checkFrom(p), long.MinValue), cancel))
            {
                FraudsOf(customer.Span, takenBack, frauds);
                recompute.Customer(customer.Span, tables, (in FraudRecord record, ReadOnlySpan<float> vector, bool hasTable) => checking.Take(p, record, vector, hasTable),
                    (in FraudRecord record, bool isUnusual) => visits.Add(record.Event.Transaction, p, record.Offset, isUnusual, frauds.Contains(record.Event.Transaction.Id) ? long.MinValue : long.MaxValue));
            }
        }
        using var writer = new AcceptorFileWriter(path, epoch, Math.Min(takenAtMicros, await history.NewestTransactionAsync(cut, cancel) ?? takenAtMicros));
        foreach (var (acceptor, memory) in visits.Fold())
        {
            cancel.ThrowIfCancellationRequested();
            writer.Add(acceptor, memory);
        }
        var file = writer.Complete();
        return (new AcceptorTableRef(epoch, file.Hash, file.Count, visits.Count), checking.Result);
    }

    /// <summary>Transactions that a label of this customer calls fraud, and none behind it takes back.</summary>
    internal static void FraudsOf(ReadOnlySpan<FraudRecord> customer, IReadOnlySet<(ulong Customer, ulong Transaction)> takenBack, HashSet<ulong> frauds)
    {
        frauds.Clear();
        foreach (ref readonly var record in customer)
            if (record.Event.Kind == FraudEventKind.Label && !takenBack.Contains((record.Customer, record.Event.Of))) frauds.Add(record.Event.Of);
    }

    private sealed class Checking(long epoch)
    {
        private readonly List<string> _first = [];
        private long _decisions, _mismatches, _withoutTable;

        public DecisionCheck Result => new(epoch, _decisions, _mismatches, _withoutTable, _first);

        public void Take(int partition, in FraudRecord record, ReadOnlySpan<float> vector, bool hasTable)
        {
            _decisions++;
            if (!hasTable) _withoutTable++;
            else if (!MemoryMarshal.AsBytes(vector).SequenceEqual(MemoryMarshal.AsBytes(record.Decision!.Features.AsSpan()))) // bit for bit
            {
                _mismatches++;
                if (_first.Count < DecisionCheck.FirstMax) _first.Add($"{partition}:{record.Offset}");
            }
        }
    }
}
