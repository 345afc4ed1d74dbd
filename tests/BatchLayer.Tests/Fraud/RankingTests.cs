using Lambda.BatchLayer.Fraud;
using Xunit;

namespace Lambda.BatchLayer.Tests.Fraud;

public sealed class RankingTests
{
    /// <summary>Ranked: fraud, honest, (fraud, honest tied), honest. Pairs: 3 + (1 + ½ of 3) = … of 6.</summary>
    [Fact]
    public void Metrics_WhenScoresTie_AreThoseByHand()
    {
        var metrics = Of([0.9, 0.8, 0.5, 0.5, 0.1], [0, 1, 2, 3, 4], [1, 1, 1, 1, 1], [true, false, true, false, false]).Metrics();
        Assert.Equal((3 + 1.5) / 6, metrics.Auc, 12);
        Assert.Equal((1.0 / 2) + (2.0 / 4 / 2), metrics.AveragePrecision, 12);
        Assert.Equal(0.02, metrics.CardPrecision, 12);
    }

    [Fact]
    public void CardPrecision_WhenACardWasFoundADayBefore_LeavesItOut()
    {
        // Card 0 has fraud on both days: found on the first, gone on the second. Card 1 is found on the second.
        var metrics = Of([0.9, 0.1, 0.9, 0.2], [0, 1, 0, 1], [1, 1, 2, 2], [true, false, true, true]).Metrics();
        Assert.Equal((0.01 + 0.01) / 2, metrics.CardPrecision, 12);
    }

    [Fact]
    public void CardPrecision_WhenAFraudIsTheHundredAndFirst_MissesIt()
    {
        var n = Ranking.CardsPerDay + 1;
        double[] scores = [.. Enumerable.Range(0, n).Select(i => 1.0 - (i / 1000.0))];
        int[] customers = [.. Enumerable.Range(0, n)];
        bool Last(int i) => i == n - 1;
        Assert.Equal(0, Of(scores, customers, new int[n], [.. customers.Select(Last)]).Metrics().CardPrecision);
    }

    /// <summary>A customer's best score of the day and whether he had fraud need not be of the same transaction.</summary>
    [Fact]
    public void CardPrecision_WhenTheBestScoreIsNotTheFraud_CountsTheCard() =>
        Assert.Equal(0.01, Of([0.9, 0.1, 0.5], [0, 0, 1], [1, 1, 1], [false, true, false]).Metrics().CardPrecision, 12);

    [Fact]
    public void Metrics_WhenCustomersAreWeighted_AreThoseOfCopies()
    {
        var random = new Random(5);
        double[] scores = [.. Enumerable.Range(0, 400).Select(_ => (double)random.Next(40))];
        int[] customers = [.. scores.Select(_ => random.Next(60))], days = [.. scores.Select(_ => random.Next(3))];
        bool[] frauds = [.. scores.Select(_ => random.Next(6) == 0)];
        int[] weights = [.. Enumerable.Range(0, 60).Select(_ => random.Next(3))];
        var copies = Enumerable.Range(0, scores.Length).SelectMany(i => Enumerable.Range(0, weights[customers[i]]).Select(c => (Row: i, Customer: customers[i] + (60 * c)))).ToArray();
        var expected = Of([.. copies.Select(c => scores[c.Row])], [.. copies.Select(c => c.Customer)], [.. copies.Select(c => days[c.Row])], [.. copies.Select(c => frauds[c.Row])]).Metrics();
        var actual = Of(scores, customers, days, frauds).Metrics(weights);
        Assert.Equal(expected.Auc, actual.Auc, 12);
        Assert.Equal(expected.AveragePrecision, actual.AveragePrecision, 12);
    }

    [Fact]
    public void Bootstrap_WhenBothAreTheSame_IsZero_AndWhenOneIsBetter_IsAbove()
    {
        var random = new Random(3);
        var n = 300;
        int[] customers = [.. Enumerable.Range(0, n)], days = [.. customers.Select(i => i % 2)];
        bool[] frauds = [.. customers.Select(i => i % 10 == 0)];
        var perfect = Of([.. frauds.Select(f => f ? 1.0 : random.NextDouble())], customers, days, frauds);
        var blind = Of([.. frauds.Select(_ => random.NextDouble())], customers, days, frauds);
        Assert.Equal(new Interval(0, 0), PairedBootstrap.Of([perfect], [perfect], n, 1).AveragePrecision);
        var (ap, _) = PairedBootstrap.Of([perfect], [blind], n, 1);
        Assert.InRange(ap.From, 0.5, ap.To);
        Assert.Equal(ap, PairedBootstrap.Of([perfect], [blind], n, 1).AveragePrecision);
    }

    private static Ranking Of(double[] scores, int[] customers, int[] days, bool[] frauds) => new(scores, customers, days, frauds);
}
