using System.CommandLine;

namespace Lambda.Cluster.Cli;

/// <summary>`quarantine list|replay`.</summary>
internal static class QuarantineCommand
{
    private static readonly Option<string?> Reason = new("--reason") { Description = "Only this reason.", HelpName = "CODE" };
    private static readonly Option<int> Limit = new("--limit") { Description = "At most so many.", DefaultValueFactory = _ => 50, HelpName = "N" };
    private static readonly Option<long> After = new("--after") { Description = "Only entries with a greater id.", HelpName = "ID" };
    private static readonly Option<bool> All = new("--all") { Description = "Also what was replayed." };
    private static readonly Option<int?> ReplayLimit = new("--limit") { Description = "At most so many.", HelpName = "N" };
    private static readonly Argument<long[]> Ids = new("ID") { Description = "Only these entries.", Arity = ArgumentArity.ZeroOrMore };

    public static Command Create() => Common.Group("quarantine", "Input that was not taken, with why and whence.",
        Common.Remote("list", "Open entries, oldest first.", ListAsync, Reason, Limit, After, All),
        Common.Remote("replay", "Send open entries through validation again; exit 1 when some are refused again.", ReplayAsync, Reason, ReplayLimit, Ids));

    private static async Task<int> ListAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var path = $"/v1/admin/quarantine?limit={parse.GetValue(Limit)}&after={parse.GetValue(After)}&all={(parse.GetValue(All) ? "true" : "false")}{ReasonOf(parse)}";
        var page = await client.GetAsync(path, cancel);
        if (parse.GetValue(Common.Json))
        {
            Output.Json(page);
            return ExitCode.Ok;
        }
        var table = Output.Table("id", "at", "source", "line", "reason", "field", "detail", "raw");
        foreach (var entry in page.GetProperty("entries").EnumerateArray())
        {
            var raw = entry.TryGetProperty("raw", out var text) ? text.GetString()! : "(not UTF-8)";
            table.Row(entry.GetProperty("id").ToString(), entry.GetProperty("at"), entry.GetProperty("source"), entry.GetProperty("line"), entry.GetProperty("reason"),
                entry.GetProperty("field"), entry.GetProperty("detail"), raw.Length <= 80 ? raw : raw[..79] + "…");
        }
        Output.Console.Write(table);
        var open = page.GetProperty("open").EnumerateObject().Select(r => $"{r.Name} {Output.Show(r.Value)}").ToList();
        Output.Line(open.Count == 0 ? "nothing is open" : $"open: {string.Join(", ", open)}");
        if (page.GetProperty("next").ValueKind != System.Text.Json.JsonValueKind.Null) Output.Note($"more: --after {page.GetProperty("next")}");
        return ExitCode.Ok;
    }

    private static async Task<int> ReplayAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var ids = parse.GetValue(Ids) is { Length: > 0 } some ? $"&ids={string.Join(',', some)}" : "";
        var limit = parse.GetValue(ReplayLimit) is { } n ? $"&limit={n}" : "";
        var query = (limit + ids + ReasonOf(parse)).TrimStart('&');
        var report = await client.PostAsync($"/v1/admin/quarantine/replay{(query.Length > 0 ? "?" + query : "")}", null, cancel);
        var refused = report.GetProperty("refused");
        if (parse.GetValue(Common.Json)) Output.Json(report);
        else
        {
            foreach (var entry in refused.EnumerateArray()) Output.Note($"refused again: {entry.GetProperty("id")} {entry.GetProperty("field")} {entry.GetProperty("reason")}");
            Output.Line($"replayed {Output.Show(report.GetProperty("replayed"))}, refused again {refused.GetArrayLength()}");
        }
        return refused.GetArrayLength() == 0 ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static string ReasonOf(ParseResult parse) => parse.GetValue(Reason) is { } reason ? $"&reason={Uri.EscapeDataString(reason)}" : "";
}
