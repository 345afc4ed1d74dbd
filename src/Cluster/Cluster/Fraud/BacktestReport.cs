using System.Globalization;
using System.Text.Json.Nodes;
using Lambda.BatchLayer.Fraud;

namespace Lambda.Cluster.Fraud;

/// <param name="Name">`lambda`, or the peer's.</param>
/// <param name="Weeks">In their order.</param>
internal sealed record Scorer(string Name, IReadOnlyList<FraudMetrics> Weeks)
{
    public FraudMetrics Mean => new(Weeks.Average(w => w.Auc), Weeks.Average(w => w.AveragePrecision), Weeks.Average(w => w.CardPrecision));
}

/// <summary>The difference of our mean from the best single peer's, by one metric.</summary>
/// <param name="Peer">The best one by this metric's mean.</param>
/// <param name="Interval">90 %, by the paired bootstrap; null for the AUC, which is compared by its mean alone.</param>
internal sealed record Difference(string Metric, string Peer, double Value, Interval? Interval);

/// <summary>What a backtest found.</summary>
internal sealed record BacktestReport(IReadOnlyList<BacktestWeek> Weeks, IReadOnlyList<Scorer> Scorers, IReadOnlyList<Difference> Differences)
{
    private const int BootstrapSeed = 1;

    public static BacktestReport Of(Backtest backtest, IReadOnlyList<BacktestWeek> weeks, IReadOnlyList<LabelledTransaction> log, PeerScores? peers)
    {
        var ours = new Scorer("lambda", [.. weeks.Select(w => w.Metrics)]);
        if (peers is null) return new BacktestReport(weeks, [ours], []);
        var rankings = peers.Models.Select((_, m) => weeks.Select(w => backtest.RankingOf(w.Rows, peers.Of(m, Backtest.DayOf(w.Protocol.TestFrom), w.Rows.Select(i => log[i].Id)))).ToArray()).ToArray();
        var theirs = rankings.Select((r, m) => new Scorer(peers.Models[m], [.. r.Select(week => week.Metrics())])).ToArray();
        var own = weeks.Select(w => w.Ranking).ToArray();
        var (auc, ap, cp) = (Best(theirs, m => m.Auc), Best(theirs, m => m.AveragePrecision), Best(theirs, m => m.CardPrecision));
        var apInterval = PairedBootstrap.Of(own, rankings[ap], backtest.Customers, BootstrapSeed).AveragePrecision;
        var cpInterval = PairedBootstrap.Of(own, rankings[cp], backtest.Customers, BootstrapSeed).CardPrecision;
        return new BacktestReport(weeks, [ours, .. theirs],
        [
            new Difference("auc", theirs[auc].Name, ours.Mean.Auc - theirs[auc].Mean.Auc, null),
            new Difference("average_precision", theirs[ap].Name, ours.Mean.AveragePrecision - theirs[ap].Mean.AveragePrecision, apInterval),
            new Difference("card_precision_100", theirs[cp].Name, ours.Mean.CardPrecision - theirs[cp].Mean.CardPrecision, cpInterval),
        ]);
    }

    public JsonObject Json() => new()
    {
        ["weeks"] = new JsonArray([.. Weeks.Select((w, i) => (JsonNode)new JsonObject
        {
            ["test_from"] = Text(w.Protocol.TestFrom), ["train_from"] = Text(w.Protocol.TrainFrom), ["rows"] = w.Rows.Count, ["frauds"] = w.Frauds, ["model"] = w.Model.Info.Version,
            ["metrics"] = new JsonObject([.. Scorers.Select(s => KeyValuePair.Create(s.Name, (JsonNode?)Json(s.Weeks[i])))]),
        })]),
        ["mean"] = new JsonObject([.. Scorers.Select(s => KeyValuePair.Create(s.Name, (JsonNode?)Json(s.Mean)))]),
        ["differences"] = new JsonArray([.. Differences.Select(d => (JsonNode)new JsonObject
        {
            ["metric"] = d.Metric, ["best_peer"] = d.Peer, ["value"] = d.Value,
            ["interval_90"] = d.Interval is { } i ? new JsonArray(i.From, i.To) : null,
        })]),
    };

    public static string Text(int day) => Backtest.DayOf(day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static JsonObject Json(FraudMetrics m) => new() { ["auc"] = m.Auc, ["average_precision"] = m.AveragePrecision, ["card_precision_100"] = m.CardPrecision };

    private static int Best(Scorer[] scorers, Func<FraudMetrics, double> by) => Enumerable.Range(0, scorers.Length).MaxBy(i => by(scorers[i].Mean));
}
