using System.Globalization;
using System.Text.Json.Nodes;
using Lambda.BatchLayer.Models.Fraud;
using Lambda.Cluster.Cli;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.Domain.Fraud.Rules;
using Lambda.SpeedLayer.Import;

namespace Lambda.Cluster.Fraud;

/// <summary>Rules over labelled history, through the code that decides: each transaction with its customer's memory before it and its terminal's as of the last midnight.</summary>
internal static class RuleBacktest
{
    private sealed class Counted(FraudRule rule)
    {
        public FraudRule Rule => rule;
        public long Fired, Frauds, Suppressed;
    }

    public static int Run(RuleSet rules, string data, string mapping, int delayDays, string? model, bool asJson, CancellationToken cancel)
    {
        var (file, map) = ImportCommand.Open(data, mapping);
        var records = new Dictionary<ulong, byte[]>();
        if (!asJson) Output.Note($"reading {file.Name} …");
        var history = FraudFile.Read(file, map, cancel, (row, record) => records[FraudEvents.NameOf(row.EventId)] = record);
        var table = FeatureTable.Of(history, delayDays, history.FirstDay, history.LastDay + 1, cancel);
        var trees = model is null ? null : FraudModelFile.Read(File.ReadAllBytes(model), model, out _).Trees;
        var counted = rules.Rules.Select(r => new Counted(r)).ToList();
        var flagged = Go(rules, history, table, records, trees, counted, cancel);
        Tell(history, counted, flagged, asJson);
        return ExitCode.Ok;
    }

    /// <returns>Transactions that some active rule would have stopped, and frauds among them.</returns>
    private static (long Fired, long Frauds) Go(RuleSet rules, LabelledHistory history, FeatureTable table, Dictionary<ulong, byte[]> records, TreeModel? trees, List<Counted> counted, CancellationToken cancel)
    {
        var (memories, row, scratch) = (new Dictionary<ulong, FraudState>(), new EventRow(), new FraudScratch());
        var byName = counted.ToDictionary(c => c.Rule.Name);
        var (fired, frauds) = (0L, 0L);
        for (var i = 0; i < history.Transactions.Length; i++)
        {
            if (i % 10_000 == 0) cancel.ThrowIfCancellationRequested();
            ref readonly var transaction = ref history.Transactions[i];
            RecordCodec.Read(records[transaction.Id], row);
            var memory = memories.GetValueOrDefault(transaction.Customer);
            var verdict = rules.Judge(new RuleInput(row, memory.Unpack(scratch), table[i], trees?.Score(table[i]), transaction.AtMicros));
            foreach (var name in verdict.Fired.Concat(verdict.Shadow))
            {
                byName[name].Fired++;
                if (history.IsFraud[i]) byName[name].Frauds++;
            }
            foreach (var name in verdict.Suppressed) byName[name].Suppressed++;
            if (verdict.Fired.Count > 0) (fired, frauds) = (fired + 1, frauds + (history.IsFraud[i] ? 1 : 0));
            memory.Add(FraudEvent.Paid(transaction), scratch);
            memories[transaction.Customer] = memory;
        }
        return (fired, frauds);
    }

    private static void Tell(LabelledHistory history, List<Counted> counted, (long Fired, long Frauds) flagged, bool asJson)
    {
        var (all, days) = (history.IsFraud.Count(f => f), Math.Max(1, history.LastDay - history.FirstDay + 1));
        if (asJson)
        {
            Output.Json(JsonResult.Of(
                ("transactions", history.Transactions.Length), ("frauds", all), ("days", days), ("fired", flagged.Fired), ("caught", flagged.Frauds),
                ("rules", new JsonArray([.. counted.Select(c => (JsonNode)new JsonObject { ["rule"] = c.Rule.Name, ["mode"] = Mode(c), ["fired"] = c.Fired, ["frauds"] = c.Frauds, ["suppressed"] = c.Suppressed })]))));
            return;
        }
        var rows = Output.Table("rule", "mode", "decision", "fired", "a day", "frauds", "precision", "of all frauds");
        foreach (var c in counted)
            rows.Row(c.Rule.Name, Mode(c), c.Rule.Decision.ToString().ToLowerInvariant(), Text(c.Fired), ((double)c.Fired / days).ToString("0.0", CultureInfo.InvariantCulture), Text(c.Frauds), Share(c.Frauds, c.Fired), Share(c.Frauds, all));
        Output.Console.Write(rows);
        Output.Line($"{Text(history.Transactions.Length)} transactions of {days} days, {Text(all)} frauds; the active rules stop {Text(flagged.Fired)}, {Text(flagged.Frauds)} of them frauds: precision {Share(flagged.Frauds, flagged.Fired)}, {Share(flagged.Frauds, all)} of all frauds");
    }

    private static string Mode(Counted c) => c.Rule.IsShadow ? "shadow" : "active";

    private static string Text(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Share(long part, long whole) => whole == 0 ? "–" : ((double)part / whole).ToString("0.0 %", CultureInfo.InvariantCulture);
}
