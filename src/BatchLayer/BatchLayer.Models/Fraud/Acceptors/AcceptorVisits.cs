using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Models.Fraud.Acceptors;

/// <summary>One transaction as its acceptor sees it. In the order (acceptor, occurred_at, partition, offset).</summary>
/// <param name="KnownAt">From when on it is known to be fraud, microseconds; long.MaxValue: it is not.</param>
internal readonly record struct Visit(ulong Acceptor, ulong Id, long At, long Offset, long KnownAt, int Partition, bool IsUnusual) : IComparable<Visit>
{
    public bool IsFraud => KnownAt != long.MaxValue;

    public int CompareTo(Visit other)
    {
        var order = Acceptor.CompareTo(other.Acceptor);
        if (order == 0) order = At.CompareTo(other.At);
        if (order == 0) order = Partition.CompareTo(other.Partition);
        return order == 0 ? Offset.CompareTo(other.Offset) : order;
    }
}

/// <summary>Transactions of all customers, gathered by acceptor.</summary>
internal sealed class AcceptorVisits(string scratch) : IDisposable
{
    private readonly SpilledRows<Visit> _visits = new(scratch);

    public long Count => _visits.Count;

    public void Add(in FraudTransaction transaction, int partition, long offset, bool isUnusual, long knownAt)
    {
        if (transaction.Acceptor != 0) _visits.Add(transaction.Acceptor, new Visit(transaction.Acceptor, transaction.Id, transaction.AtMicros, offset, knownAt, partition, isUnusual));
    }

    /// <summary>Every acceptor with all that is known of it, ascending. The memory is used again for the next.</summary>
    public IEnumerable<(ulong Acceptor, AcceptorFraudMemory Memory)> Fold()
    {
        var memory = new AcceptorFraudMemory();
        foreach (var visits in ByAcceptor())
        {
            memory.Clear();
            foreach (ref readonly var visit in visits.Span)
            {
                memory.Apply(visit.Id, visit.At, visit.IsUnusual);
                if (visit.IsFraud) memory.ApplyFraud(visit.Id, visit.At, visit.IsUnusual);
            }
            yield return (visits.Span[0].Acceptor, memory);
        }
    }

    /// <summary>The transactions of one acceptor after the other.</summary>
    public IEnumerable<ReadOnlyMemory<Visit>> ByAcceptor()
    {
        foreach (var visits in _visits.Sorted())
            for (int i = 0, end; i < visits.Length; i = end)
            {
                for (end = i + 1; end < visits.Length && visits[end].Acceptor == visits[i].Acceptor;) end++;
                yield return visits.AsMemory(i, end - i);
            }
    }

    public void Dispose() => _visits.Dispose();
}
