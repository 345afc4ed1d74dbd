using System.Runtime.InteropServices;
using Lambda.BatchLayer.Models.Fraud.Acceptors;
using Lambda.BatchLayer.Ports;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Models.Fraud.Nightly;

/// <param name="IsFraud">By the labels there are.</param>
/// <param name="IsRecorded">The vector is the one that a decision recorded.</param>
public readonly record struct NightlyRow(int Partition, long Offset, long At, ulong Customer, bool IsFraud, bool IsRecorded)
{
    public int Day => Clock.DayOf(At);
}

/// <summary>
/// Feature vectors of the transactions of some days as decisions of then would have seen them: the customer's memory in the order of its log, each fraud from the moment on at which it
/// was known, and the acceptor as the last table had it, of UTC midnight or, with several a day, of the newest of them. A fraud is known when its label occurred, but no sooner than the label delay. Where a decision was recorded its own
/// vector is taken.
/// </summary>
/// <param name="fromDay">First UTC day, since 1970.</param>
/// <param name="untilDay">The day behind the last one.</param>
/// <param name="rowsMax">Of more an even sample is kept.</param>
public sealed class NightlyVectors(int fromDay, int untilDay, int delayDays, int rowsMax, string scratch) : IDisposable
{
    private readonly AcceptorVisits _visits = new(scratch);
    private readonly List<NightlyRow> _rows = [];
    private readonly CustomerFraudMemory _memory = new();
    private readonly Dictionary<ulong, long> _labels = []; // when a customer's transaction was called fraud first
    private readonly PriorityQueue<ulong, long> _unknown = new();
    private float[] _values = [];
    private ulong _every = 1;

    public int Count => _rows.Count;

    /// <summary>Evenly from UTC midnight on.</summary>
    public int TablesPerDay { get; init; } = 1;

    public NightlyRow Row(int index) => _rows[index];

    public ReadOnlySpan<float> this[int index] => VectorOf(index);

    /// <summary>One customer's distinct records, all of them in the order of the log.</summary>
    /// <param name="takenBack">Customer and transaction of labels that were taken back: nobody learns from those.</param>
    public void Add(int partition, ReadOnlySpan<FraudRecord> customer, IReadOnlySet<(ulong Customer, ulong Transaction)>? takenBack = null)
    {
        _memory.Clear();
        _unknown.Clear();
        Labels(customer, takenBack);
        foreach (ref readonly var record in customer)
        {
            if (record.Event.Kind == FraudEventKind.Label) continue; // applied when it is known
            if (record.Event.Kind == FraudEventKind.Transaction) Add(partition, record);
            else _memory.Apply(record.Event);
        }
    }

    /// <summary>Completes the vectors with what was known of the acceptors. Afterwards rows are there to be read.</summary>
    public void Complete(CancellationToken cancel)
    {
        var rows = new Dictionary<(int, long), int>();
        for (var i = 0; i < _rows.Count; i++)
            if (!_rows[i].IsRecorded) rows.Add((_rows[i].Partition, _rows[i].Offset), i);
        var memory = new AcceptorFraudMemory();
        foreach (var visits in _visits.ByAcceptor())
        {
            cancel.ThrowIfCancellationRequested();
            Walk(visits.Span, memory, rows);
        }
    }

    /// <summary>By position: where each row is.</summary>
    public Dictionary<(int Partition, long Offset), int> Index() => Enumerable.Range(0, _rows.Count).ToDictionary(i => (_rows[i].Partition, _rows[i].Offset));

    public void Dispose() => _visits.Dispose();

    private void Add(int partition, in FraudRecord record)
    {
        var transaction = record.Event.Transaction;
        while (_unknown.TryPeek(out var fraud, out var known) && known <= transaction.AtMicros)
        {
            _unknown.Dequeue();
            _memory.Apply(FraudEvent.Labelled(fraud, known));
        }
        var knownAt = _labels.TryGetValue(transaction.Id, out var labelled) ? Math.Max(labelled, transaction.AtMicros + delayDays * Clock.MicrosPerDay) : long.MaxValue;
        var day = Clock.DayOf(transaction.AtMicros);
        if (day >= fromDay && day < untilDay && IsSampled(partition, record.Offset)) AddRow(partition, record, knownAt != long.MaxValue);
        var isUnusual = _memory.Apply(record.Event);
        if (knownAt != long.MaxValue) _unknown.Enqueue(transaction.Id, knownAt);
        if (day < untilDay) _visits.Add(transaction, partition, record.Offset, isUnusual, knownAt);
    }

    private void AddRow(int partition, in FraudRecord record, bool isFraud)
    {
        if (_rows.Count == rowsMax) Thin();
        var recorded = record.Decision is { } decision && decision.LabelDelayDays == delayDays ? decision.Features : null;
        _rows.Add(new NightlyRow(partition, record.Offset, record.Event.AtMicros, record.Customer, isFraud, recorded is not null));
        if (_values.Length < _rows.Count * FraudFeatures.Count) Array.Resize(ref _values, (int)Math.Min((long)rowsMax * FraudFeatures.Count, Math.Max(1_000L * FraudFeatures.Count, _values.Length * 2L)));
        var vector = VectorOf(_rows.Count - 1);
        if (recorded is null) FraudFeatures.Compute(record.Event.Transaction, _memory, null, delayDays, vector);
        else recorded.CopyTo(vector);
    }

    private void Labels(ReadOnlySpan<FraudRecord> customer, IReadOnlySet<(ulong Customer, ulong Transaction)>? takenBack)
    {
        _labels.Clear();
        foreach (ref readonly var record in customer)
            if (record.Event.Kind == FraudEventKind.Label && takenBack?.Contains((record.Customer, record.Event.Of)) != true)
            {
                ref var at = ref CollectionsMarshal.GetValueRefOrAddDefault(_labels, record.Event.Of, out var isThere);
                at = isThere ? Math.Min(at, record.Event.AtMicros) : record.Event.AtMicros;
            }
    }

    /// <summary>Goes through an acceptor's days: before each visit the newest table, which holds what had happened and what was known by then.</summary>
    private void Walk(ReadOnlySpan<Visit> visits, AcceptorFraudMemory memory, Dictionary<(int, long), int> rows)
    {
        memory.Clear();
        var frauds = new PriorityQueue<int, long>();
        var seen = 0;
        foreach (ref readonly var visit in visits)
        {
            if (Clock.DayOf(visit.At) < fromDay || !rows.TryGetValue((visit.Partition, visit.Offset), out var row)) continue;
            var (midnight, between) = (Clock.DayOf(visit.At) * Clock.MicrosPerDay, Clock.MicrosPerDay / TablesPerDay);
            var made = midnight + (visit.At - midnight) / between * between;
            for (; visits[seen].At < made; seen++)
            {
                memory.Apply(visits[seen].Id, visits[seen].At, visits[seen].IsUnusual);
                if (visits[seen].IsFraud) frauds.Enqueue(seen, visits[seen].KnownAt);
            }
            while (frauds.TryPeek(out var fraud, out var known) && known < made)
            {
                frauds.Dequeue();
                memory.ApplyFraud(visits[fraud].Id, visits[fraud].At, visits[fraud].IsUnusual);
            }
            memory.AsOfMicros = made;
            FraudFeatures.ComputeAcceptor(visit.At, memory, delayDays, VectorOf(row));
        }
    }

    private bool IsSampled(int partition, long offset) => _every == 1 || Mixed(partition, offset) % _every == 0;

    /// <summary>Keeps every second row, by position: always the same ones.</summary>
    private void Thin()
    {
        _every *= 2;
        var kept = 0;
        for (var i = 0; i < _rows.Count; i++)
        {
            if (!IsSampled(_rows[i].Partition, _rows[i].Offset)) continue;
            _rows[kept] = _rows[i];
            VectorOf(i).CopyTo(VectorOf(kept++));
        }
        _rows.RemoveRange(kept, _rows.Count - kept);
    }

    private static ulong Mixed(int partition, long offset) => new Draws((ulong)offset << 10 ^ (ulong)partition).NextBits() >> 8;

    private Span<float> VectorOf(int index) => _values.AsSpan(index * FraudFeatures.Count, FraudFeatures.Count);
}
