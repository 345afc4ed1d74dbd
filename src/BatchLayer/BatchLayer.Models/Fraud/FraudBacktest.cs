using System.Diagnostics;
using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Models.Fraud;

/// <param name="Rows">Tested rows of the history, in its order.</param>
/// <param name="Scores">One for each.</param>
/// <param name="ScoringMicros">Of one row: trees only.</param>
public sealed record TestedWeek(FraudProtocol Protocol, FraudModel Model, int[] Rows, double[] Scores, int Frauds, Quality Quality, double ScoringMicros, TimeSpan Training);

/// <summary>Trains and tests as if it were then.</summary>
public static class FraudBacktest
{
    /// <exception cref="FitException">The training days hold no fraud.</exception>
    public static TestedWeek Run(LabelledHistory history, FeatureTable table, FraudProtocol protocol, TrainingOptions options, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        var model = FraudTrainer.Train(history, table, protocol, options, cancel);
        var training = clock.Elapsed;
        int[] rows = [.. protocol.Test(history)];
        var scores = new double[rows.Length];
        clock.Restart();
        for (var i = 0; i < rows.Length; i++) scores[i] = model.Trees.Score(table[rows[i]]);
        var micros = rows.Length == 0 ? 0 : clock.Elapsed.TotalMicroseconds / rows.Length;
        var frauds = rows.Count(r => history.IsFraud[r]);
        if (frauds == 0 || frauds == rows.Length) throw new FitException($"{frauds} of {rows.Length} test rows are fraud, expected some of both");
        var quality = FraudMetrics.Of(Scored(history, rows, scores));
        model = model with
        {
            Metrics = new Dictionary<string, double> { ["auc"] = quality.Auc, ["average_precision"] = quality.AveragePrecision, ["card_precision_100"] = quality.CardPrecision },
        };
        return new TestedWeek(protocol, model, rows, scores, frauds, quality, micros, training);
    }

    /// <summary>How good another model is on the tested rows.</summary>
    public static Quality QualityOf(FraudModel model, LabelledHistory history, FeatureTable table, int[] rows) =>
        FraudMetrics.Of(Scored(history, rows, [.. rows.Select(r => model.Trees.Score(table[r]))]));

    public static Scored[] Scored(LabelledHistory history, int[] rows, double[] scores) =>
        [.. rows.Select((row, i) => new Scored(scores[i], history.IsFraud[row], history.Transactions[row].Customer, history.DayOf(row)))];
}
