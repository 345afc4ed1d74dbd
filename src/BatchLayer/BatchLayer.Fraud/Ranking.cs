namespace Lambda.BatchLayer.Fraud;

/// <summary>The figures that scores are judged by.</summary>
/// <param name="Auc">Area under the ROC curve; ties count half.</param>
/// <param name="AveragePrecision">Σ recall gained × precision, thresholds at distinct scores.</param>
/// <param name="CardPrecision">Share of customers with fraud among the 100 highest of a day, mean over the days.</param>
public readonly record struct FraudMetrics(double Auc, double AveragePrecision, double CardPrecision);

/// <summary>
/// Scores of a test, sorted once, so that the metrics of many weightings of the customers cost one pass each. A customer of weight 2 counts as two customers with the same
/// transactions.
/// </summary>
public sealed class Ranking
{
    public const int CardsPerDay = 100;

    private readonly Row[] _rows; // by score, highest first
    private readonly Card[][] _days;
    private readonly int _customers;

    /// <param name="customers">Of each row, as a number from 0.</param>
    public Ranking(ReadOnlySpan<double> scores, IReadOnlyList<int> customers, IReadOnlyList<int> days, IReadOnlyList<bool> isFraud)
    {
        var all = new (double Score, int Customer, int Day, bool IsFraud)[scores.Length];
        for (var i = 0; i < all.Length; i++) all[i] = (scores[i], customers[i], days[i], isFraud[i]);
        _customers = all.Length == 0 ? 0 : customers.Max() + 1;
        _rows = [.. all.OrderByDescending(r => r.Score).Select(r => new Row(r.Score, r.Customer, r.IsFraud))];
        _days = [.. all.GroupBy(r => r.Day).OrderBy(d => d.Key).Select(d => CardsOf(d))];
    }

    /// <param name="weights">By customer; null weighs all alike.</param>
    public FraudMetrics Metrics(int[]? weights = null)
    {
        var (auc, ap) = OfRows(weights);
        return new FraudMetrics(auc, ap, OfCards(weights));
    }

    private static Card[] CardsOf(IEnumerable<(double Score, int Customer, int Day, bool IsFraud)> day) =>
        [.. day.GroupBy(r => r.Customer).Select(c => (Score: c.Max(r => r.Score), Card: new Card(c.Key, c.Any(r => r.IsFraud)))).OrderByDescending(c => c.Score).Select(c => c.Card)];

    private (double Auc, double Ap) OfRows(int[]? weights)
    {
        long frauds = 0, all = 0;
        double pairs = 0, precision = 0;
        for (var i = 0; i < _rows.Length;)
        {
            long f = 0, n = 0;
            var score = _rows[i].Score;
            for (; i < _rows.Length && _rows[i].Score == score; i++)
            {
                var w = weights is null ? 1 : weights[_rows[i].Customer];
                n += w;
                if (_rows[i].IsFraud) f += w;
            }
            pairs += (n - f) * (frauds + (f / 2.0)); // of each honest one here: the frauds above it
            (frauds, all) = (frauds + f, all + n);
            if (f > 0) precision += f * ((double)frauds / all);
        }
        return (pairs / ((double)frauds * (all - frauds)), precision / frauds);
    }

    private double OfCards(int[]? weights)
    {
        var found = new bool[_customers];
        double sum = 0;
        foreach (var day in _days)
        {
            var (taken, hits) = (0, 0);
            var foundToday = new List<int>();
            foreach (var card in day)
            {
                if (taken == CardsPerDay) break;
                if (found[card.Customer]) continue;
                var n = Math.Min(weights is null ? 1 : weights[card.Customer], CardsPerDay - taken);
                taken += n;
                if (!card.IsFraud || n == 0) continue;
                hits += n;
                foundToday.Add(card.Customer);
            }
            foreach (var customer in foundToday) found[customer] = true;
            sum += (double)hits / CardsPerDay;
        }
        return sum / _days.Length;
    }

    private readonly record struct Row(double Score, int Customer, bool IsFraud);

    private readonly record struct Card(int Customer, bool IsFraud);
}
