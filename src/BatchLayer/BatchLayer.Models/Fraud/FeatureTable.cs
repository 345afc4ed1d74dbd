using System.Diagnostics;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Models.Fraud;

/// <summary>
/// Feature vectors of a history's rows, made by going through all of it in the order of time with the memories that decide live: each row sees what came before
/// it, and a fraud from the moment on at which it is known.
/// </summary>
public sealed class FeatureTable
{
    private readonly float[] _values;
    private readonly int _first;

    private FeatureTable(float[] values, int first, TimeSpan took, int rows) => (_values, _first, Took, Rows) = (values, first, took, rows);

    /// <summary>Of the whole history: memories and, in the days wanted, features.</summary>
    public TimeSpan Took { get; }

    /// <summary>Of the whole history.</summary>
    public int Rows { get; }

    public ReadOnlySpan<float> this[int row] => _values.AsSpan((row - _first) * FraudFeatures.Count, FraudFeatures.Count);

    /// <param name="from">First day whose rows are wanted.</param>
    /// <param name="until">The day behind the last one.</param>
    public static FeatureTable Of(LabelledHistory history, int delayDays, int from, int until, CancellationToken cancel)
    {
        var wanted = history.RowsOf(from, until).ToArray();
        var (first, values) = (wanted.FirstOrDefault(), new float[(long)wanted.Length * FraudFeatures.Count]);
        var (customers, acceptors) = (new Dictionary<ulong, CustomerFraudMemory>(), new Dictionary<ulong, AcceptorFraudMemory>());
        var known = new Queue<int>(); // frauds that are not known yet, in the order of time
        var (clock, unusual) = (Stopwatch.StartNew(), new bool[first + wanted.Length]);
        for (var row = 0; row < first + wanted.Length; row++)
        {
            if (row % 10_000 == 0) cancel.ThrowIfCancellationRequested();
            ref readonly var transaction = ref history.Transactions[row];
            while (known.TryPeek(out var fraud) && history.Transactions[fraud].AtMicros + delayDays * Clock.MicrosPerDay <= transaction.AtMicros)
                Learn(history.Transactions[fraud], unusual[known.Dequeue()], customers, acceptors);
            var customer = Memory(customers, transaction.Customer);
            var acceptor = transaction.Acceptor == 0 ? null : Memory(acceptors, transaction.Acceptor);
            if (row >= first) FraudFeatures.Compute(transaction, customer, acceptor, delayDays, values.AsSpan((row - first) * FraudFeatures.Count, FraudFeatures.Count));
            var isUnusual = customer.Apply(FraudEvent.Paid(transaction));
            acceptor?.Apply(transaction.Id, transaction.AtMicros, isUnusual);
            unusual[row] = isUnusual;
            if (history.IsFraud[row]) known.Enqueue(row);
        }
        return new FeatureTable(values, first, clock.Elapsed, first + wanted.Length);
    }

    /// <summary>The vectors of some rows, one after the other.</summary>
    public float[] Copy(IReadOnlyList<int> rows)
    {
        var copy = new float[rows.Count * FraudFeatures.Count];
        for (var i = 0; i < rows.Count; i++) this[rows[i]].CopyTo(copy.AsSpan(i * FraudFeatures.Count));
        return copy;
    }

    private static void Learn(in FraudTransaction fraud, bool isUnusual, Dictionary<ulong, CustomerFraudMemory> customers, Dictionary<ulong, AcceptorFraudMemory> acceptors)
    {
        customers[fraud.Customer].Apply(FraudEvent.Labelled(fraud.Id, fraud.AtMicros));
        if (fraud.Acceptor != 0) acceptors[fraud.Acceptor].ApplyFraud(fraud.Id, fraud.AtMicros, isUnusual);
    }

    private static T Memory<T>(Dictionary<ulong, T> memories, ulong name) where T : new()
    {
        if (!memories.TryGetValue(name, out var memory)) memories.Add(name, memory = new T());
        return memory;
    }
}
