using Lambda.Domain.Events;
using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Models.Fraud;

/// <summary>Transactions in the order of their time, with the verdict on each.</summary>
public sealed class LabelledHistory
{
    private readonly int[] _days;

    /// <param name="items">In any order; equal times keep the order given.</param>
    public LabelledHistory(IEnumerable<(FraudTransaction Transaction, string Id, bool IsFraud)> items)
    {
        var sorted = items.OrderBy(i => i.Transaction.AtMicros).ToArray();
        Transactions = [.. sorted.Select(i => i.Transaction)];
        Ids = [.. sorted.Select(i => i.Id)];
        IsFraud = [.. sorted.Select(i => i.IsFraud)];
        _days = [.. Transactions.Select(t => Clock.DayOf(t.AtMicros))];
    }

    public FraudTransaction[] Transactions { get; }
    public string[] Ids { get; }
    public bool[] IsFraud { get; }

    public int FirstDay => _days.Length == 0 ? 0 : _days[0];
    public int LastDay => _days.Length == 0 ? -1 : _days[^1];

    public int DayOf(int row) => _days[row];

    /// <summary>Rows of the days from … until, the latter not included.</summary>
    public IEnumerable<int> RowsOf(int from, int until)
    {
        for (var row = FirstOf(from); row < _days.Length && _days[row] < until; row++) yield return row;
    }

    private int FirstOf(int day)
    {
        var (low, high) = (0, _days.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_days[middle] < day) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
