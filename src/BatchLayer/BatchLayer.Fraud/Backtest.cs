using System.Globalization;
using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Fraud;

/// <summary>One test: its model, the places it tested and what they scored.</summary>
public sealed record BacktestWeek(Protocol Protocol, FraudModel Model, IReadOnlyList<int> Rows, double[] Scores, Ranking Ranking, int Frauds, FraudMetrics Metrics);

/// <summary>Trains and tests week after week on a labelled log.</summary>
public sealed class Backtest
{
    private readonly IReadOnlyList<LabelledTransaction> _log;
    private readonly int[] _customerOf;

    /// <param name="log">By time.</param>
    public Backtest(IReadOnlyList<LabelledTransaction> log)
    {
        _log = log;
        var numbers = new Dictionary<string, int>();
        _customerOf = [.. log.Select(t => numbers.TryGetValue(t.Customer, out var n) ? n : numbers[t.Customer] = numbers.Count)];
        Customers = numbers.Count;
    }

    public int Customers { get; }

    /// <exception cref="ArgumentException">A week has no fraud, or nothing else, to train or test on.</exception>
    public IReadOnlyList<BacktestWeek> Run(Protocol first, int weeks, TreeParameters parameters, Action<BacktestWeek> told)
    {
        var protocols = Enumerable.Range(0, weeks).Select(first.Later).ToArray();
        var features = FeatureTable.Compute(_log, i => protocols.Any(p => IsUsed(p, _log[i].Day)), first.DelayDays);
        var results = new List<BacktestWeek>();
        foreach (var protocol in protocols)
        {
            results.Add(Test(protocol, features, parameters));
            told(results[^1]);
        }
        return results;
    }

    /// <summary>The ranking of somebody else's scores on the same rows.</summary>
    public Ranking RankingOf(IReadOnlyList<int> rows, ReadOnlySpan<double> scores) =>
        new(scores, [.. rows.Select(i => _customerOf[i])], [.. rows.Select(i => _log[i].Day)], [.. rows.Select(i => _log[i].IsFraud)]);

    public FraudModel Train(Protocol protocol, FeatureTable features, TreeParameters parameters)
    {
        var rows = protocol.TrainingRows(_log);
        var values = new float[rows.Count * FraudFeatures.Count];
        for (var r = 0; r < rows.Count; r++) features.Of(rows[r]).CopyTo(values.AsSpan(r * FraudFeatures.Count));
        var info = new FraudModelInfo(
            string.Create(CultureInfo.InvariantCulture, $"{DayOf(protocol.TrainingCut):yyyy-MM-dd}/{parameters.Seed}"), DayOf(protocol.TrainFrom), DayOf(protocol.TrainingCut), protocol.DelayDays, parameters.Seed,
            parameters.ByName, [.. FraudFeatures.All.Select(f => f.Name)], new Dictionary<string, double>());
        return TreeTrainer.Train(values, rows.Select(i => _log[i].IsFraud).ToArray(), info, parameters);
    }

    private BacktestWeek Test(Protocol protocol, FeatureTable features, TreeParameters parameters)
    {
        var model = Train(protocol, features, parameters);
        var rows = protocol.TestRows(_log);
        var frauds = rows.Count(i => _log[i].IsFraud);
        if (frauds == 0 || frauds == rows.Count) throw new ArgumentException($"{frauds} frauds of {rows.Count} transactions to test from {DayOf(protocol.TestFrom):yyyy-MM-dd}: expected both kinds");
        var scores = rows.Select(i => model.Raw(features.Of(i))).ToArray(); // log-odds rank as probabilities do, and never tie by rounding
        var ranking = RankingOf(rows, scores);
        return new BacktestWeek(protocol, model, rows, scores, ranking, frauds, ranking.Metrics());
    }

    private static bool IsUsed(Protocol p, int day) => (day >= p.TrainFrom && day < p.TrainingCut) || (day >= p.TestFrom && day < p.TestEnd);

    public static DateOnly DayOf(int day) => DateOnly.FromDateTime(DateTime.UnixEpoch.AddDays(day));
}
