using Lambda.BatchLayer.Ports;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.Domain.Log;

namespace Lambda.BatchLayer.Models.Fraud.Nightly;

/// <param name="TrainDays">UTC days of transactions that a model is trained on; 0 trains none.</param>
/// <param name="LabelDelayDays">After how many days fraud is known, 0..<see cref="FraudFeatures.LabelDelayMax"/>.</param>
/// <param name="TestDays">The newest days whose labels are known: never trained on, models are judged by them.</param>
/// <param name="RowsMax">Of more transactions an even sample is taken.</param>
public sealed record FraudTraining(int TrainDays = 28, int LabelDelayDays = 7, int TestDays = 7, int RowsMax = 400_000)
{
    /// <summary>In the days of training, and among those that are tested.</summary>
    public const int FraudsMin = 30, TestedFraudsMin = 10;

    public TrainingOptions Trees { get; init; } = new();

    /// <summary>Of acceptors, evenly from UTC midnight on: what decisions of then would have seen.</summary>
    public int TablesPerDay { get; init; } = 1;

    /// <summary>The newest day may not be over; those before it that are still without labels are left out, and once more between training and test.</summary>
    public FraudProtocol ProtocolOf(int newestDay) => new(newestDay - 2 * LabelDelayDays - TestDays - TrainDays, TrainDays, LabelDelayDays, TestDays);
}

/// <param name="Trained">The new model, with how good it is on the tested days.</param>
/// <param name="Judged">How good others are on the very same rows, by hash.</param>
/// <param name="Drift">Of the champion's features; null without a champion, or with too few transactions in the newest days.</param>
public sealed record TrainedNight(FraudModel Trained, IReadOnlyDictionary<string, Quality> Judged, FraudDrift? Drift)
{
    /// <summary>There was nobody to judge: no model yet, or none that this version can use.</summary>
    public bool HasNoRival { get; init; }
}

/// <summary>Trains on raw events as a decision of then would have seen them.</summary>
public sealed class NightlyTraining(IFraudHistory history, FraudTraining settings)
{
    /// <param name="rivals">Models to judge beside it; the first one's drift is measured.</param>
    /// <exception cref="FitException">There are too few frauds: says how many.</exception>
    public async Task<TrainedNight> RunAsync(long epoch, Cut cut, IReadOnlyList<NamedModel> rivals, string scratch, CancellationToken cancel)
    {
        if (await history.NewestTransactionAsync(cut, cancel) is not { } newest) throw new FitException("there are no transactions");
        var protocol = settings.ProtocolOf(Clock.DayOf(newest));
        using var vectors = await VectorsAsync(cut, protocol, Clock.DayOf(newest) + 1, scratch, cancel);
        var (rows, table) = FeatureTable.Of(vectors);
        Check(rows, protocol);
        var tested = FraudBacktest.Run(rows, table, protocol, settings.Trees with { Cores = 1 }, cancel);
        var judged = rivals.Where(r => r.Model.LabelDelayDays == settings.LabelDelayDays).ToDictionary(r => r.Hash, r => FraudBacktest.QualityOf(r.Model, rows, table, tested.Rows));
        return new TrainedNight(tested.Model with { Epoch = epoch }, judged, rivals.Count > 0 ? FraudDrift.Of(rivals[0], vectors, Clock.DayOf(newest)) : null) { HasNoRival = rivals.Count == 0 };
    }

    private async Task<NightlyVectors> VectorsAsync(Cut cut, FraudProtocol protocol, int untilDay, string scratch, CancellationToken cancel)
    {
        var vectors = new NightlyVectors(protocol.TrainFrom, untilDay, settings.LabelDelayDays, settings.RowsMax, scratch) { TablesPerDay = settings.TablesPerDay };
        try
        {
            for (var partition = 0; partition < cut.Partitions; partition++)
            {
                var takenBack = await history.TakenBackAsync(partition, cut[partition], cancel);
                await foreach (var customer in history.CustomersAsync(partition, cut[partition], new DecisionsFrom(0, protocol.TrainFrom * Clock.MicrosPerDay), cancel)) vectors.Add(partition, customer.Span, takenBack);
            }
            vectors.Complete(cancel);
            return vectors;
        }
        catch
        {
            vectors.Dispose();
            throw;
        }
    }

    private static void Check(LabelledHistory rows, FraudProtocol protocol)
    {
        var (training, tested) = (protocol.Training(rows).Count(r => rows.IsFraud[r]), protocol.Test(rows).Count(r => rows.IsFraud[r]));
        if (training < FraudTraining.FraudsMin) throw new FitException($"{training} transactions of {protocol.TrainDays} days are known to be fraud; at least {FraudTraining.FraudsMin} are needed");
        if (tested < FraudTraining.TestedFraudsMin) throw new FitException($"{tested} transactions of the {protocol.TestDays} days to test on are known to be fraud; at least {FraudTraining.TestedFraudsMin} are needed");
    }
}

/// <summary>How far the features that a model asks have moved since it was trained: of the newest UTC day and the one before it. Those that only grow with a customer's years are left out.</summary>
/// <param name="Psi">Population stability index by name of the feature.</param>
public sealed record FraudDrift(string Model, int Rows, IReadOnlyDictionary<string, double> Psi)
{
    /// <summary>Fewer rows move by chance.</summary>
    public const int RowsMin = 500;

    private const int Days = 2, Digits = 5;

    public static FraudDrift? Of(NamedModel model, NightlyVectors vectors, int newestDay)
    {
        int[] rows = [.. Enumerable.Range(0, vectors.Count).Where(i => vectors.Row(i).Day > newestDay - Days)];
        if (rows.Length < RowsMin || model.Model.Distributions.Count == 0) return null;
        var psi = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var feature in model.Model.Asked().Where(f => !FraudFeatures.IsAge(FraudFeatures.All[f].Name)))
        {
            var distribution = model.Model.Distributions[feature];
            var counts = new long[distribution.Shares.Count];
            foreach (var row in rows) counts[distribution.BinOf(vectors[row][feature])]++;
            psi[FraudFeatures.All[feature].Name] = Math.Round(distribution.Psi(counts), Digits);
        }
        return new FraudDrift(model.Hash, rows.Length, psi);
    }
}
