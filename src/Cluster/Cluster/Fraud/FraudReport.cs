using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lambda.BatchLayer.Models.Fraud;
using Lambda.Cluster.Cli;

namespace Lambda.Cluster.Fraud;

/// <param name="Peers">Each with its figures, week by week.</param>
internal sealed record FraudPeers(IReadOnlyList<(string Name, IReadOnlyList<Quality> Weeks)> Peers, IReadOnlyList<Interval> Intervals);

/// <summary>What a backtest found: for people, as JSON, as scores.</summary>
internal sealed class FraudReport(LabelledHistory history, FeatureTable table, IReadOnlyList<TestedWeek> weeks, FraudPeers? peers)
{
    private double FeatureMicros => table.Took.TotalMicroseconds / Math.Max(1, table.Rows);

    public void Print()
    {
        var rows = Output.Table("test from", "rows", "frauds", "model", "AUC", "AP", "CP@100");
        for (var w = 0; w < weeks.Count; w++)
        {
            Add(w, "lambda", weeks[w].Quality);
            foreach (var (name, figures) in peers?.Peers ?? []) Add(w, name, figures[w]);
        }
        Output.Console.Write(rows);
        if (weeks.Count > 1)
        {
            PrintMean("lambda", [.. weeks.Select(w => w.Quality)]);
            foreach (var (name, figures) in peers?.Peers ?? []) PrintMean(name, figures);
        }
        foreach (var i in peers?.Intervals ?? [])
            Output.Line(string.Create(CultureInfo.InvariantCulture, $"{i.Metric}: {i.Ours:0.0000} against {i.Peers:0.0000} of {i.BestPeer}: {i.Difference:+0.0000;-0.0000}, 90 % interval {i.Low:+0.0000;-0.0000} … {i.High:+0.0000;-0.0000}"));
        Output.Line(string.Create(CultureInfo.InvariantCulture,
            $"features and memory {FeatureMicros:0.0} µs a row ({Output.Show(table.Rows)} rows), {weeks[0].Model.Trees.Trees} trees {weeks.Average(w => w.ScoringMicros):0.0} µs a row; training {weeks.Average(w => w.Training.TotalSeconds):0.0} s"));

        void Add(int w, string name, Quality q) =>
            rows.Row(FraudCommand.Day(weeks[w].Protocol.TestFrom), weeks[w].Rows.Length.ToString(CultureInfo.InvariantCulture), weeks[w].Frauds.ToString(CultureInfo.InvariantCulture), name, Figure(q.Auc), Figure(q.AveragePrecision), Figure(q.CardPrecision));
    }

    public void WriteScores(string file)
    {
        using var text = new StreamWriter(file);
        text.WriteLine("event_id,test_from,score");
        foreach (var week in weeks)
            for (var i = 0; i < week.Rows.Length; i++)
                text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Quoted(history.Ids[week.Rows[i]])},{FraudCommand.Day(week.Protocol.TestFrom)},{week.Scores[i]:R}"));
    }

    public void WriteJson(string file)
    {
        var json = new JsonObject
        {
            ["weeks"] = new JsonArray([.. weeks.Select((w, i) => new JsonObject
            {
                ["train_from"] = FraudCommand.Day(w.Protocol.TrainFrom), ["test_from"] = FraudCommand.Day(w.Protocol.TestFrom), ["rows"] = w.Rows.Length, ["frauds"] = w.Frauds,
                ["lambda"] = Of(w.Quality), ["peers"] = new JsonObject((peers?.Peers ?? []).Select(p => KeyValuePair.Create(p.Name, (JsonNode?)Of(p.Weeks[i])))),
            })]),
            ["compared"] = new JsonArray([.. (peers?.Intervals ?? []).Select(i => new JsonObject
            {
                ["metric"] = i.Metric, ["lambda"] = i.Ours, ["best_peer"] = i.BestPeer, ["peer"] = i.Peers, ["difference"] = i.Difference, ["low"] = i.Low, ["high"] = i.High,
            })]),
            ["feature_micros"] = FeatureMicros, ["scoring_micros"] = weeks.Average(w => w.ScoringMicros), ["trees"] = weeks[0].Model.Trees.Trees,
        };
        File.WriteAllText(file, json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
    }

    private static JsonObject Of(Quality q) => new() { ["auc"] = q.Auc, ["average_precision"] = q.AveragePrecision, ["card_precision_100"] = q.CardPrecision };

    private static void PrintMean(string name, IReadOnlyList<Quality> weeks) =>
        Output.Line($"mean of {name}: AUC {Figure(weeks.Average(q => q.Auc))}, AP {Figure(weeks.Average(q => q.AveragePrecision))}, CP@100 {Figure(weeks.Average(q => q.CardPrecision))}");

    private static string Figure(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Quoted(string id) => id.AsSpan().IndexOfAny(",\"\r\n") < 0 ? id : $"\"{id.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
