using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Lambda.Domain.Fraud.Rules;

namespace Lambda.Cluster.Cli;

/// <summary>`fraud rules backtest` over the decisions that a running host recorded.</summary>
internal static class RuleTrialCommand
{
    /// <returns>1 when a decision could not be made again as it was: the figures are then worth as little.</returns>
    public static async Task<int> RunAsync(ParseResult parse, RuleSet rules, string file, string from, string to, CancellationToken cancel)
    {
        using var client = Client.Of(parse.GetValue(Common.Url), parse.GetValue(Common.Key));
        var path = $"/v1/fraud/rules/backtest?from={Uri.EscapeDataString(from)}&to={Uri.EscapeDataString(to)}&file={Uri.EscapeDataString(Path.GetFileName(file))}";
        var report = await client.PostAsync(path, new StringContent(rules.Text, Encoding.UTF8, "application/yaml"), cancel);
        if (parse.GetValue(Common.Json)) Output.Json(report);
        else Show(report);
        return report.GetProperty("remade").GetProperty("differing").GetInt64() == 0 ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static void Show(JsonElement report)
    {
        var all = Of(report, "decisions");
        var rows = Output.Table("rule", "mode", "decision", "fired", "frauds", "precision", "of all frauds", "suppressed", "alone", "frauds", "stopped otherwise", "precision");
        foreach (var rule in report.GetProperty("list").EnumerateArray())
        {
            var (fired, alone, otherwise) = (Of(rule, "fired"), Of(rule, "alone"), Of(rule, "stopped_otherwise"));
            rows.Row(rule.GetProperty("name"), rule.GetProperty("mode"), rule.GetProperty("decision"), fired.Count, fired.Frauds, Share(fired.Frauds, fired.Count), Share(fired.Frauds, all.Frauds),
                rule.GetProperty("suppressed"), alone.Count, alone.Frauds, otherwise.Count, Share(otherwise.Frauds, otherwise.Count));
        }
        Output.Console.Write(rows);
        foreach (var change in report.GetProperty("changes").EnumerateArray())
            if (change.GetProperty("recorded").GetString() is var was && change.GetProperty("now").GetString() is var now && was != now && Of(change, "decisions") is var count)
                Output.Line($"{was} → {now}: {Output.Show(count.Count)}, {Output.Show(count.Frauds)} of them frauds");
        var (changed, then, stopped) = (Of(report, "changed"), Of(report, "stopped_then"), Of(report, "stopped_now"));
        Output.Line($"{Output.Show(all.Count)} decisions, {Output.Show(all.Frauds)} frauds by today's labels; {Output.Show(changed.Count)} would be others");
        Output.Line($"stopped then {Stopped(then, all)}; now {Stopped(stopped, all)}");
        if (report.GetProperty("unreadable").GetInt64() is > 0 and var unreadable) Output.Line($"{Output.Show(unreadable)} more were recorded by a version with other features and cannot be tried");
        Remade(report.GetProperty("remade"));
    }

    private static void Remade(JsonElement remade)
    {
        var (count, differing, notKept) = (remade.GetProperty("count").GetInt64(), remade.GetProperty("differing").GetInt64(), remade.GetProperty("not_kept").GetInt64());
        Output.Line(differing == 0
            ? $"check: {Output.Show(count)} made again by the rules that made them, all as recorded{(notKept > 0 ? $"; the rules of {Output.Show(notKept)} are not kept" : "")}"
            : $"check failed: {Output.Show(differing)} of {Output.Show(count)} made again by the rules that made them are not as recorded, such as {string.Join(", ", remade.GetProperty("first").EnumerateArray().Select(p => p.GetString()))}");
    }

    private static string Stopped((long Count, long Frauds) of, (long Count, long Frauds) all) => $"{Output.Show(of.Count)}, precision {Share(of.Frauds, of.Count)}, {Share(of.Frauds, all.Frauds)} of all frauds";

    private static (long Count, long Frauds) Of(JsonElement from, string name) => (from.GetProperty(name).GetProperty("count").GetInt64(), from.GetProperty(name).GetProperty("frauds").GetInt64());

    private static string Share(long part, long whole) => whole == 0 ? "–" : ((double)part / whole).ToString("0.0 %", CultureInfo.InvariantCulture);
}
