namespace Lambda.Domain.Fraud;

/// <summary>
/// What is remembered of a customer for fraud decisions: the last transactions one by one, and a sum per day. In log order; the bounded computation is the definition.
/// A day older than the newest one minus the bound is forgotten. One writer.
/// </summary>
public sealed class CustomerMemory
{
    private readonly FraudTransaction[] _recent = new FraudTransaction[FraudLimits.RecentTransactions];
    private readonly DaySum[] _days = new DaySum[FraudLimits.CustomerDays];
    private long _total;
    private int _newestDay = int.MinValue;

    /// <summary>How many of the last transactions are held.</summary>
    public int RecentCount => (int)Math.Min(_total, FraudLimits.RecentTransactions);

    /// <summary>Declined transactions at the end of the log, bounded only by the counter.</summary>
    public int DeclinesInRow { get; private set; }

    /// <param name="back">0 is the last one.</param>
    public ref readonly FraudTransaction Recent(int back) => ref _recent[(_total - 1 - back) % FraudLimits.RecentTransactions];

    public void Apply(in FraudTransaction t)
    {
        _recent[_total++ % FraudLimits.RecentTransactions] = t;
        DeclinesInRow = t.IsDeclined ? DeclinesInRow + 1 : 0;
        Advance(t.Day);
        if (t.Day <= _newestDay - FraudLimits.CustomerDays) return;
        _days[Slot(t.Day)].Add(t.BoundedMinor);
    }

    /// <summary>Sum of the days (last − days, last].</summary>
    public DaySum Window(int last, int days)
    {
        var sum = default(DaySum);
        if (_total == 0) return sum;
        var from = Math.Max((long)last - days + 1, (long)_newestDay - FraudLimits.CustomerDays + 1);
        for (var day = from; day <= Math.Min(last, _newestDay); day++) sum.Add(_days[Slot((int)day)]);
        return sum;
    }

    private void Advance(int day)
    {
        if (_total > 1 && day <= _newestDay) return;
        var from = _total == 1 ? (long)day : Math.Max((long)_newestDay + 1, (long)day - FraudLimits.CustomerDays + 1);
        for (var d = from; d <= day; d++) _days[Slot((int)d)] = default;
        _newestDay = day;
    }

    private static int Slot(int day) => ((day % FraudLimits.CustomerDays) + FraudLimits.CustomerDays) % FraudLimits.CustomerDays;
}

/// <summary>Count, sum and sum of squares of amounts in minor units; exact.</summary>
public struct DaySum
{
    public long Count { get; private set; }

    public Int128 Sum { get; private set; }

    public Int128 Squares { get; private set; }

    public void Add(long minor)
    {
        Count++;
        Sum += minor;
        Squares += (Int128)minor * minor;
    }

    public void Add(in DaySum other)
    {
        Count += other.Count;
        Sum += other.Sum;
        Squares += other.Squares;
    }
}
