using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Fraud;

/// <summary>Features of a log's transactions by the code that serves live, each from what stood in the log before it.</summary>
public sealed class FeatureTable
{
    private readonly float[] _values;
    private readonly int[] _rowOf; // −1 for what nobody asked for

    private FeatureTable(float[] values, int[] rowOf) => (_values, _rowOf) = (values, rowOf);

    public ReadOnlySpan<float> Of(int place) => _values.AsSpan(_rowOf[place] * FraudFeatures.Count, FraudFeatures.Count);

    /// <param name="log">By time.</param>
    /// <param name="isWanted">By place.</param>
    public static FeatureTable Compute(IReadOnlyList<LabelledTransaction> log, Predicate<int> isWanted, int labelDelayDays)
    {
        var rowOf = new int[log.Count];
        var rows = 0;
        for (var i = 0; i < rowOf.Length; i++) rowOf[i] = isWanted(i) ? rows++ : -1;
        var values = new float[rows * FraudFeatures.Count];
        var memory = new Memories(labelDelayDays);
        var due = 0;
        for (var i = 0; i < log.Count; i++)
        {
            var t = log[i].Transaction;
            for (; log[due].Transaction.Seconds + ((long)labelDelayDays * FraudLimits.SecondsPerDay) <= t.Seconds; due++)
                if (log[due].IsFraud) memory.TerminalOf(log[due].Transaction.Place).ApplyFraud(log[due].Transaction.Seconds);
            var (customer, terminal) = (memory.CustomerOf(log[i].Customer), memory.TerminalOf(t.Place));
            if (rowOf[i] >= 0) FraudFeatures.Compute(t, customer, terminal, labelDelayDays, values.AsSpan(rowOf[i] * FraudFeatures.Count, FraudFeatures.Count));
            customer.Apply(t);
            terminal.Apply(t);
        }
        return new FeatureTable(values, rowOf);
    }

    private sealed class Memories(int labelDelayDays)
    {
        private readonly Dictionary<string, CustomerMemory> _customers = [];
        private readonly Dictionary<ulong, TerminalMemory> _terminals = [];

        public CustomerMemory CustomerOf(string id) => _customers.TryGetValue(id, out var memory) ? memory : _customers[id] = new CustomerMemory();

        public TerminalMemory TerminalOf(ulong place) => _terminals.TryGetValue(place, out var memory) ? memory : _terminals[place] = new TerminalMemory(labelDelayDays);
    }
}
