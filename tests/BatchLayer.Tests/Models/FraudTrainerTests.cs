using Lambda.BatchLayer.Models;
using Lambda.BatchLayer.Models.Fraud;
using Lambda.Domain.Fraud;
using Xunit;

namespace Lambda.BatchLayer.Tests.Models;

public sealed class FraudTrainerTests
{
    private const int Day0 = 17_000;
    private static readonly FraudProtocol Protocol = new(Day0 + 14, 7, 7, 7);

    [Fact]
    public void Training_WithTheSameSeed_GivesTheSameModel()
    {
        var history = History(true);
        Assert.Equal(HashOf(history, 1), HashOf(history, 1));
        Assert.NotEqual(HashOf(history, 1), HashOf(history, 2));
    }

    [Fact]
    public void Backtest_WhenFraudIsFiveTimesTheUsual_FindsIt()
    {
        var history = History(true);
        var table = FeatureTable.Of(history, 7, Protocol.TrainFrom, Protocol.End, default);
        var week = FraudBacktest.Run(history, table, Protocol, Small(1), default);
        Assert.True(week.Quality.AveragePrecision > 0.9, $"{week.Quality}");
        Assert.Equal(week.Quality.Auc, week.Model.Metrics["auc"]);
    }

    [Fact]
    public void Training_WithoutFraud_SaysSo()
    {
        var history = History(false);
        var table = FeatureTable.Of(history, 7, Protocol.TrainFrom, Protocol.End, default);
        Assert.Contains("0 of", Assert.Throws<FitException>(() => FraudTrainer.Train(history, table, Protocol, Small(1), default)).Message);
    }

    [Fact]
    public void Features_WhenLabelsOfTheDelayChange_StayTheSame()
    {
        // What becomes known after the row's time must not be seen: verdicts of the last seven days are turned round.
        var history = History(true);
        var until = Protocol.End;
        var turned = new LabelledHistory(history.Transactions.Select((t, i) => (t, history.Ids[i], history.DayOf(i) >= until - 7 ? !history.IsFraud[i] : history.IsFraud[i])));
        var (one, other) = (FeatureTable.Of(history, 7, until - 7, until, default), FeatureTable.Of(turned, 7, until - 7, until, default));
        foreach (var row in history.RowsOf(until - 7, until)) Assert.True(one[row].SequenceEqual(other[row]));
    }

    private static string HashOf(LabelledHistory history, int seed)
    {
        FraudModelFile.Write(FraudTrainer.Train(history, FeatureTable.Of(history, 7, Protocol.TrainFrom, Protocol.End, default), Protocol, Small(seed), default), out var hash);
        return hash;
    }

    private static TrainingOptions Small(int seed) => new(Seed: seed, Seeds: 2, Trees: 30);

    private static LabelledHistory History(bool withFraud)
    {
        var random = new Random(8);
        return new LabelledHistory(Enumerable.Range(0, 14_000).Select(i =>
        {
            var (customer, isFraud) = (1 + random.Next(200), withFraud && random.Next(50) == 0);
            var amount = (1_000 + customer * 10) * (80 + random.Next(40)) / 100 * (isFraud ? 5 : 1);
            return (new FraudTransaction((ulong)i + 1, Day0 * 86_400_000_000L + i * 35L * 86_400_000_000L / 14_000, amount) { Customer = (ulong)customer, Terminal = 1 + (ulong)random.Next(100) }, $"{i}", isFraud);
        }));
    }
}
