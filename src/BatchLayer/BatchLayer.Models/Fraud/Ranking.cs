namespace Lambda.BatchLayer.Models.Fraud;

/// <summary>Rows in the order of their scores, made once: metrics under any weights of the customers are then one pass.</summary>
public sealed class Ranking
{
    private readonly Scored[] _rows;
    private readonly int[] _customers;
    private readonly IReadOnlyDictionary<ulong, int> _index;
    private readonly (int Customer, bool IsFraud)[][] _cards;

    /// <param name="index">Numbers the customers, others among them if need be.</param>
    public Ranking(IReadOnlyList<Scored> rows, IReadOnlyDictionary<ulong, int> index)
    {
        _index = index;
        _rows = [.. rows.OrderByDescending(r => r.Score)];
        _customers = new int[_rows.Length];
        for (var i = 0; i < _rows.Length; i++) _customers[i] = _index[_rows[i].Customer];
        _cards = [.. rows.GroupBy(r => r.Day).OrderBy(d => d.Key).Select(CardsOf)];
    }

    /// <param name="times">How often each customer counts, by number; null for once.</param>
    public Quality Quality(int[]? times)
    {
        var (auc, precision) = Curves(times);
        return new Quality(auc, precision, CardPrecision(times));
    }

    private (double Auc, double AveragePrecision) Curves(int[]? times)
    {
        double frauds = 0, others = 0, pairs = 0, precision = 0;
        for (var i = 0; i < _rows.Length;)
        {
            double fraudsHere = 0, othersHere = 0;
            var score = _rows[i].Score;
            for (; i < _rows.Length && _rows[i].Score == score; i++)
            {
                var weight = times is null ? 1 : times[_customers[i]];
                if (_rows[i].IsFraud) fraudsHere += weight;
                else othersHere += weight;
            }
            pairs += othersHere * (frauds + fraudsHere / 2);
            (frauds, others) = (frauds + fraudsHere, others + othersHere);
            if (fraudsHere > 0) precision += fraudsHere * frauds / (frauds + others);
        }
        return (pairs / (frauds * others), precision / frauds);
    }

    /// <summary>Customers whose fraud was found on an earlier day are left out.</summary>
    private double CardPrecision(int[]? times)
    {
        var isFound = new bool[_index.Count];
        double sum = 0;
        foreach (var cards in _cards)
        {
            var (left, found) = (FraudMetrics.CardsPerDay, 0);
            foreach (var (customer, isFraud) in cards)
            {
                if (left == 0) break;
                if (isFound[customer]) continue;
                var taken = Math.Min(left, times is null ? 1 : times[customer]);
                left -= taken;
                if (!isFraud || taken == 0) continue;
                found += taken;
                isFound[customer] = true;
            }
            sum += (double)found / FraudMetrics.CardsPerDay;
        }
        return _cards.Length == 0 ? 0 : sum / _cards.Length;
    }

    /// <summary>A day's customers by their highest score; fraud if any of the day's transactions is. Equal scores stand in the order of the hashes.</summary>
    private (int Customer, bool IsFraud)[] CardsOf(IGrouping<int, Scored> day) =>
        [.. day.GroupBy(r => r.Customer).Select(c => (Customer: _index[c.Key], Score: c.Max(r => r.Score), IsFraud: c.Any(r => r.IsFraud)))
            .OrderByDescending(c => c.Score).ThenBy(c => c.Customer).Select(c => (c.Customer, c.IsFraud))];
}
