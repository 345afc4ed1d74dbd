using Lambda.BatchLayer.Fraud;
using Lambda.Domain.Fraud;
using Xunit;

namespace Lambda.BatchLayer.Tests.Fraud;

public sealed class BacktestTests
{
    private static readonly Protocol Week = new(100, 7, 7, 7); // trains on 100…106, tests 114…120
    private static readonly TreeParameters Small = new(Trees: 10, Bags: 2, Depth: 3, HessianMin: 0.5);

    [Theory]
    [InlineData(99, 114, true)] // before the training: nobody looks
    [InlineData(100, 114, false)]
    [InlineData(106, 120, false)]
    [InlineData(107, 114, true)] // day 114 knows up to day 106
    [InlineData(107, 115, false)]
    [InlineData(112, 119, true)]
    [InlineData(112, 120, false)]
    [InlineData(113, 120, true)]
    public void TestRows_WhenACustomerHadFraud_LeaveHimOutOnceItIsKnown(int fraudDay, int testDay, bool isTested)
    {
        var log = new[] { At(fraudDay, "anna", isFraud: true), At(testDay, "anna", isFraud: false), At(testDay, "ben", isFraud: false) };
        Assert.Equal(isTested ? [1, 2] : [2], Week.TestRows(log));
    }

    [Fact]
    public void Rows_WhenAtTheEdges_AreThoseOfTheDays()
    {
        var log = new[] { 99, 100, 106, 107, 113, 114, 120, 121 }.Select(day => At(day, "anna", isFraud: false)).ToArray();
        Assert.Equal([1, 2], Week.TrainingRows(log));
        Assert.Equal([5, 6], Week.TestRows(log));
    }

    [Fact]
    public void Run_WhenRepeated_GivesTheSameBytes_AndFindsWhatStandsOut()
    {
        var log = Log();
        var week = new Backtest(log).Run(Week, 1, Small, _ => { }).Single();
        var again = new Backtest(log).Run(Week, 1, Small, _ => { }).Single();
        var other = new Backtest(log).Run(Week, 1, Small with { Seed = 18 }, _ => { }).Single();
        Assert.Equal(FraudModelFile.Write(week.Model), FraudModelFile.Write(again.Model));
        Assert.NotEqual(FraudModelFile.Write(week.Model), FraudModelFile.Write(other.Model));
        Assert.Equal(week.Scores, again.Scores);
        Assert.InRange(week.Metrics.Auc, 0.95, 1);
    }

    [Fact]
    public void Explain_WhenTheModelWasTrained_AddsUpToTheRawScore()
    {
        var log = Log();
        var model = new Backtest(log).Run(Week, 1, Small, _ => { }).Single().Model;
        var features = FeatureTable.Compute(log, _ => true, 7);
        var parts = new double[FraudFeatures.Count];
        for (var i = 0; i < log.Length; i += 7)
        {
            model.Explain(features.Of(i), parts);
            Assert.Equal(model.Raw(features.Of(i)), model.Bias + parts.Sum(), 9);
        }
    }

    /// <summary>What is scored may rest on nothing behind it, and on no label before it is due.</summary>
    [Fact]
    public void Features_WhenTheFutureOrLabelsNotDueChange_StayTheSame()
    {
        var log = Log();
        var cut = log.Length / 2;
        var due = log[cut].Transaction.Seconds - (7 * 86_400);
        var changed = log.Select((t, i) => t.Transaction.Seconds > due ? t with { IsFraud = !t.IsFraud } : t).Take(cut + 1).ToArray();
        Assert.Equal(FeatureTable.Compute(log, _ => true, 7).Of(cut).ToArray(), FeatureTable.Compute(changed, _ => true, 7).Of(cut).ToArray());
    }

    [Fact]
    public void Run_WhenNothingIsFraud_SaysSo() =>
        Assert.Contains("expected both kinds", Assert.Throws<ArgumentException>(() => new Backtest([.. Log().Select(t => t with { IsFraud = false })]).Run(Week, 1, Small, _ => { })).Message);

    private static LabelledTransaction At(int day, string customer, bool isFraud) => new($"{day}", customer, new FraudTransaction((day * 86_400L) + 40_000, 1_000, 1), isFraud);

    /// <summary>Frauds are 20 times the usual amount.</summary>
    private static LabelledTransaction[] Log()
    {
        var random = new Random(11);
        return [.. Enumerable.Range(0, 6_000).Select(i => (Seconds: (90 * 86_400L) + (i * 450L), IsFraud: random.Next(60) == 0))
            .Select((t, i) => new LabelledTransaction($"{i}", $"c{random.Next(200)}", new FraudTransaction(t.Seconds, random.Next(500, 1_500) * (t.IsFraud ? 20 : 1), (ulong)random.Next(1, 40)), t.IsFraud))];
    }
}
