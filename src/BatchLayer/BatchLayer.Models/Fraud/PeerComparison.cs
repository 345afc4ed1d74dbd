namespace Lambda.BatchLayer.Models.Fraud;

/// <param name="Difference">Ours less the best single peer's, of the weeks' means.</param>
/// <param name="Low">5th percentile of it over the resamples.</param>
/// <param name="High">95th percentile.</param>
public sealed record Interval(string Metric, string BestPeer, double Ours, double Peers, double Difference, double Low, double High);

/// <summary>
/// Whether scores are better than others' on the same rows, beyond chance. Customers are drawn with replacement, the same ones for both sides and all weeks,
/// because a customer's transactions are not independent of each other.
/// </summary>
public sealed class PeerComparison
{
    public const int Resamples = 1_000;

    private readonly IReadOnlyList<Ranking> _ours;
    private readonly IReadOnlyDictionary<string, IReadOnlyList<Ranking>> _peers;
    private readonly int _customers;

    /// <param name="weeks">Ours, week by week.</param>
    /// <param name="peers">By name, the same rows week by week.</param>
    public PeerComparison(IReadOnlyList<IReadOnlyList<Scored>> weeks, IReadOnlyDictionary<string, IReadOnlyList<IReadOnlyList<Scored>>> peers)
    {
        var index = FraudMetrics.IndexOf(weeks.SelectMany(w => w));
        _customers = index.Count;
        _ours = [.. weeks.Select(w => new Ranking(w, index))];
        _peers = peers.ToDictionary(p => p.Key, IReadOnlyList<Ranking> (p) => [.. p.Value.Select(w => new Ranking(w, index))]);
    }

    /// <summary>One peer's figures, week by week.</summary>
    public IReadOnlyList<Quality> QualityOf(string peer) => [.. _peers[peer].Select(r => r.Quality(null))];

    /// <summary>Of each metric, against the peer whose mean of it is best.</summary>
    public IReadOnlyList<Interval> Intervals(int seed, CancellationToken cancel)
    {
        (string Name, Func<Quality, double> Of)[] metrics = [("auc", q => q.Auc), ("average_precision", q => q.AveragePrecision), ("card_precision_100", q => q.CardPrecision)];
        var best = metrics.Select(m => _peers.MaxBy(p => Mean(p.Value, m.Of)).Key).ToArray();
        var differences = metrics.Select(_ => new double[Resamples]).ToArray();
        Parallel.For(0, Resamples, new ParallelOptions { CancellationToken = cancel }, sample =>
        {
            var times = Draw(seed, sample);
            var ours = _ours.Select(r => r.Quality(times)).ToArray();
            var theirs = best.Distinct().ToDictionary(b => b, b => _peers[b].Select(r => r.Quality(times)).ToArray());
            for (var m = 0; m < metrics.Length; m++) differences[m][sample] = ours.Average(metrics[m].Of) - theirs[best[m]].Average(metrics[m].Of);
        });
        return [.. metrics.Select((m, i) => Of(m.Name, best[i], Mean(_ours, m.Of), Mean(_peers[best[i]], m.Of), differences[i]))];
    }

    private static Interval Of(string metric, string peer, double ours, double theirs, double[] differences)
    {
        Array.Sort(differences);
        return new Interval(metric, peer, ours, theirs, ours - theirs, differences[Resamples / 20], differences[Resamples - 1 - Resamples / 20]);
    }

    private static double Mean(IReadOnlyList<Ranking> weeks, Func<Quality, double> of) => weeks.Average(w => of(w.Quality(null)));

    private int[] Draw(int seed, int sample)
    {
        var (times, random) = (new int[_customers], new Draws(unchecked((ulong)seed << 32 | (uint)sample)));
        for (var i = 0; i < _customers; i++) times[random.Next(_customers)]++;
        return times;
    }
}
