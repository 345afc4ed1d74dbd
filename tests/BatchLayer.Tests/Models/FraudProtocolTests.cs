using Lambda.BatchLayer.Models.Fraud;
using Lambda.Domain.Fraud;
using Xunit;

namespace Lambda.BatchLayer.Tests.Models;

public sealed class FraudProtocolTests
{
    private const int Day0 = 17_000;

    [Fact]
    public void Test_WhenCustomersAreKnownToBeDefrauded_LeavesThemOut()
    {
        // Train on days 0-6, labels after 7 days, test on 14-20: a fraud of day d is known on day d + 8.
        var history = History(
            (1, 3, true), (1, 14, false), // in training: never tested
            (2, 7, true), (2, 14, false), (2, 15, false), (2, 16, true), // known from day 15 on
            (3, 12, true), (3, 19, true), (3, 20, true), // known from day 20 on
            (4, 14, true), (4, 15, false), // too late to be known in the test
            (5, 13, false), (5, 21, false)); // outside
        var protocol = new FraudProtocol(Day0, 7, 7, 7);
        Assert.Equal([(2, 14), (4, 14), (4, 15), (3, 19)], protocol.Test(history).Select(r => ((int)history.Transactions[r].Customer, history.DayOf(r) - Day0)));
        Assert.Equal([(1, 3)], protocol.Training(history).Select(r => ((int)history.Transactions[r].Customer, history.DayOf(r) - Day0)));
    }

    [Fact]
    public void Metrics_OfAFewRows_AreThoseByHand()
    {
        // Scores 9 F, 8 -, 7 F, 7 -, 1 -. AUC: of 6 pairs the first fraud wins 3, the second one and a half. AP: recall grows by half at precision 1, by half at 2/4.
        Scored[] rows = [new(9, true, 1, 0), new(8, false, 2, 0), new(7, true, 3, 0), new(7, false, 4, 0), new(1, false, 5, 0)];
        var quality = FraudMetrics.Of(rows);
        Assert.Equal(4.5 / 6, quality.Auc, 12);
        Assert.Equal(0.5 + 0.5 * 2 / 4, quality.AveragePrecision, 12);
        Assert.Equal(0.02, quality.CardPrecision, 12); // two of the day's hundred
    }

    [Fact]
    public void CardPrecision_WhenACustomerWasFound_LeavesHimOutOnLaterDays()
    {
        var rows = new List<Scored> { new(5, true, 1, 0), new(4, true, 1, 0), new(5, true, 1, 1), new(3, true, 2, 1) };
        rows.AddRange(Enumerable.Range(10, 100).Select(c => new Scored(4, false, (ulong)c, 1))); // a full hundred before customer 2
        Assert.Equal(0.01 / 2, FraudMetrics.Of(rows).CardPrecision, 12);
    }

    [Fact]
    public void Comparison_WithEqualScores_IsZeroAndWithWorseOnesIsAbove()
    {
        var random = new Random(5);
        List<Scored> ours = [.. Enumerable.Range(0, 2_000).Select(i => (i, IsFraud: random.Next(20) == 0)).Select(r => new Scored(random.NextDouble() + (r.IsFraud ? 0.5 : 0), r.IsFraud, (ulong)random.Next(300), r.i % 7))];
        List<Scored> worse = [.. ours.Select(r => r with { Score = r.Score + 2 * random.NextDouble() })];
        Assert.All(Intervals(ours, ours), i => Assert.Equal((0.0, 0.0, 0.0), (i.Difference, i.Low, i.High)));
        Assert.True(Intervals(ours, worse).Single(i => i.Metric == "average_precision").Low > 0);
        Assert.Equal(Intervals(ours, worse), Intervals(ours, worse));
    }

    private static IReadOnlyList<Interval> Intervals(IReadOnlyList<Scored> ours, IReadOnlyList<Scored> peer) =>
        new PeerComparison([ours], new Dictionary<string, IReadOnlyList<IReadOnlyList<Scored>>> { ["peer"] = [peer] }).Intervals(1, default);

    private static LabelledHistory History(params (int Customer, int Day, bool IsFraud)[] rows) => new(rows.Select((r, i) =>
        (new FraudTransaction((ulong)i + 1, (Day0 + r.Day) * 86_400_000_000L + i, 100) { Customer = (ulong)r.Customer, Terminal = 9 }, $"{i}", r.IsFraud)));
}
