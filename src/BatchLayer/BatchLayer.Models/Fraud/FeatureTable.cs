using System.Diagnostics;
using System.Runtime.InteropServices;
using Lambda.BatchLayer.Models.Fraud.Nightly;
using Lambda.BatchLayer.Ports;
using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Models.Fraud;

/// <summary>Feature vectors of a history's rows: through the very code that makes them from raw events each night, as if the file were a log whose labels come after the delay.</summary>
public sealed class FeatureTable
{
    private readonly NightlyVectors _vectors;
    private readonly int[] _index;
    private readonly int _first;

    private FeatureTable(NightlyVectors vectors, int[] index, int first, TimeSpan took, int rows) => (_vectors, _index, _first, Took, Rows) = (vectors, index, first, took, rows);

    /// <summary>Of the whole history: memories and, in the days wanted, features.</summary>
    public TimeSpan Took { get; }

    /// <summary>Of the whole history.</summary>
    public int Rows { get; }

    public ReadOnlySpan<float> this[int row] => _vectors[_index[row - _first]];

    /// <param name="from">First day whose rows are wanted.</param>
    /// <param name="until">The day behind the last one.</param>
    /// <param name="tablesPerDay">Of acceptors.</param>
    public static FeatureTable Of(LabelledHistory history, int delayDays, int from, int until, CancellationToken cancel, int tablesPerDay = 1)
    {
        var (clock, wanted) = (Stopwatch.StartNew(), history.RowsOf(from, until).Count());
        using var vectors = new NightlyVectors(from, until, delayDays, wanted, Path.Combine(Path.GetTempPath(), $"lambda-fraud-{Guid.NewGuid():N}")) { TablesPerDay = tablesPerDay };
        var records = new List<FraudRecord>();
        foreach (var customer in Enumerable.Range(0, history.Transactions.Length).GroupBy(row => history.Transactions[row].Customer))
        {
            cancel.ThrowIfCancellationRequested();
            records.Clear();
            foreach (var row in customer)
            {
                ref readonly var transaction = ref history.Transactions[row];
                records.Add(new FraudRecord(row, transaction.Customer, FraudEvent.Paid(transaction)));
                if (history.IsFraud[row]) records.Add(new FraudRecord(row, transaction.Customer, FraudEvent.Labelled(transaction.Id, transaction.AtMicros)));
            }
            vectors.Add(0, CollectionsMarshal.AsSpan(records));
        }
        vectors.Complete(cancel);
        var (index, first) = (new int[wanted], history.RowsOf(from, until).FirstOrDefault());
        foreach (var (position, at) in vectors.Index()) index[position.Offset - first] = at;
        return new FeatureTable(vectors, index, first, clock.Elapsed, history.Transactions.Length);
    }

    /// <summary>Rows of raw events in the order of time, with their vectors.</summary>
    public static (LabelledHistory History, FeatureTable Table) Of(NightlyVectors vectors)
    {
        var history = new LabelledHistory(Enumerable.Range(0, vectors.Count).Select(i => (new FraudTransaction((ulong)i, vectors.Row(i).At, 0) { Customer = vectors.Row(i).Customer }, "", vectors.Row(i).IsFraud)));
        return (history, new FeatureTable(vectors, [.. history.Transactions.Select(t => (int)t.Id)], 0, TimeSpan.Zero, vectors.Count));
    }

    /// <summary>The vectors of some rows, one after the other.</summary>
    public float[] Copy(IReadOnlyList<int> rows)
    {
        var copy = new float[rows.Count * FraudFeatures.Count];
        for (var i = 0; i < rows.Count; i++) this[rows[i]].CopyTo(copy.AsSpan(i * FraudFeatures.Count));
        return copy;
    }
}
