namespace Lambda.BatchLayer.Fraud;

/// <summary>A 90 % interval, from the 5th to the 95th percentile.</summary>
public readonly record struct Interval(double From, double To);

/// <summary>
/// How far the difference of two scorers' mean metrics could be chance. Customers are drawn, all of a customer's transactions in all weeks together: frauds come in series
/// per customer, and days of a week are no units, as a card that was found is left out of the days behind. Frauds that share a terminal are taken as independent.
/// </summary>
public static class PairedBootstrap
{
    public const int Draws = 1_000;

    /// <param name="ours">A ranking per week.</param>
    /// <param name="theirs">Of the same weeks and rows.</param>
    /// <param name="customers">All customers' numbers are below it.</param>
    public static (Interval AveragePrecision, Interval CardPrecision) Of(IReadOnlyList<Ranking> ours, IReadOnlyList<Ranking> theirs, int customers, int seed)
    {
        var (ap, cards) = (new double[Draws], new double[Draws]);
        Parallel.For(0, Draws, draw =>
        {
            var weights = Draw(customers, new Random((seed * 1_000_003) + draw));
            for (var w = 0; w < ours.Count; w++)
            {
                var (a, b) = (ours[w].Metrics(weights), theirs[w].Metrics(weights));
                ap[draw] += (a.AveragePrecision - b.AveragePrecision) / ours.Count;
                cards[draw] += (a.CardPrecision - b.CardPrecision) / ours.Count;
            }
        });
        return (IntervalOf(ap), IntervalOf(cards));
    }

    private static int[] Draw(int customers, Random random)
    {
        var weights = new int[customers];
        for (var i = 0; i < customers; i++) weights[random.Next(customers)]++;
        return weights;
    }

    private static Interval IntervalOf(double[] differences)
    {
        Array.Sort(differences);
        return new Interval(differences[Draws / 20], differences[Draws - 1 - (Draws / 20)]);
    }
}
