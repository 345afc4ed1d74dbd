using Lambda.BatchLayer.Ports;
using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Models.Fraud;

/// <summary>
/// What a decision must have seen, from raw events alone: the customer's distinct records below the decision's position and the acceptor table of the epoch that it names. Online features
/// are these, bit for bit.
/// </summary>
public sealed class FraudRecompute
{
    private readonly CustomerFraudMemory _memory = new();
    private readonly AcceptorFraudMemory _acceptor = new();
    private readonly float[] _features = new float[FraudFeatures.Count];

    /// <summary>Told of each recorded decision with the vector that follows from raw events (valid during the call); null where the acceptor table is not there any more.</summary>
    public delegate void OnDecision(in FraudRecord record, ReadOnlySpan<float> recomputed, bool hasTable);

    /// <summary>Told of each transaction, in the order of the log, once it was applied.</summary>
    public delegate void OnTransaction(in FraudRecord record, bool isUnusual);

    /// <summary>Told of each recorded decision with the customer's memory as it was then (valid during the call).</summary>
    public delegate void OnMemory(in FraudRecord record, CustomerFraudMemory memory);

    /// <summary>Goes through one customer.</summary>
    /// <param name="records">All distinct ones, in the order of the log.</param>
    /// <param name="tables">Of an epoch; null when it is gone. 0 is asked too.</param>
    public void Customer(ReadOnlySpan<FraudRecord> records, Func<long, IAcceptorTable?> tables, OnDecision onDecision, OnTransaction? onTransaction = null) =>
        Customer(records, (in FraudRecord record, CustomerFraudMemory _) => Recompute(record, tables, onDecision), onTransaction);

    /// <summary>The same without features.</summary>
    public void Customer(ReadOnlySpan<FraudRecord> records, OnMemory onDecision, OnTransaction? onTransaction = null)
    {
        _memory.Clear();
        var open = DecisionsOf(records);
        var next = 0;
        for (var i = 0; i < records.Length; i++)
        {
            for (; next < open.Count && records[open[next]].Decision!.StateOffset <= records[i].Offset; next++) onDecision(records[open[next]], _memory);
            ref readonly var record = ref records[i];
            var isUnusual = _memory.Apply(record.Event);
            if (record.Event.Kind == FraudEventKind.Transaction) onTransaction?.Invoke(record, isUnusual);
        }
        for (; next < open.Count; next++) onDecision(records[open[next]], _memory); // of a position behind its own record, which never was: told as what it gives
    }

    /// <summary>The features of one decision.</summary>
    /// <param name="records">The customer's distinct ones in the order of the log; those at or behind the position are left out.</param>
    public static float[] FeaturesOf(ReadOnlySpan<FraudRecord> records, in FraudTransaction transaction, long position, IAcceptorTable table, int labelDelayDays)
    {
        var (memory, acceptor, features) = (new CustomerFraudMemory(), new AcceptorFraudMemory(), new float[FraudFeatures.Count]);
        foreach (ref readonly var record in records)
            if (record.Offset < position) memory.Apply(record.Event);
        table.TryRead(transaction.Acceptor, acceptor);
        FraudFeatures.Compute(transaction, memory, acceptor, labelDelayDays, features);
        return features;
    }

    private void Recompute(in FraudRecord record, Func<long, IAcceptorTable?> tables, OnDecision onDecision)
    {
        var (decision, transaction) = (record.Decision!, record.Event.Transaction);
        var table = tables(decision.AcceptorsEpoch);
        _acceptor.Clear();
        if (transaction.Acceptor != 0) table?.TryRead(transaction.Acceptor, _acceptor);
        FraudFeatures.Compute(transaction, _memory, _acceptor, decision.LabelDelayDays, _features);
        onDecision(record, _features, table is not null);
    }

    /// <summary>By the position at which each was made; records behind it may lie before the decision's own.</summary>
    private static List<int> DecisionsOf(ReadOnlySpan<FraudRecord> records)
    {
        var open = new List<int>();
        for (var i = 0; i < records.Length; i++)
            if (records[i].Decision is not null) open.Add(i);
        if (open.Count > 1)
        {
            var positions = new long[records.Length];
            foreach (var i in open) positions[i] = records[i].Decision!.StateOffset;
            open.Sort((a, b) => positions[a] != positions[b] ? positions[a].CompareTo(positions[b]) : a.CompareTo(b));
        }
        return open;
    }
}
