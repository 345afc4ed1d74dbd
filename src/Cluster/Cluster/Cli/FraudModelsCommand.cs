using System.CommandLine;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace Lambda.Cluster.Cli;

/// <summary>`fraud models`, `fraud promote`: what decisions are scored with.</summary>
internal static class FraudModelsCommand
{
    private const int DigitsShown = 16;

    private static readonly Argument<string> Model = new("model") { Description = "Hash of a model that is kept, or how it begins." };

    public static Command List { get; } = Common.Remote("models", "Acceptor table, champion, challenger and the models before them; check of decisions, drift.", ListAsync);

    public static Command Promote { get; } = Common.Remote("promote", "Let a model that is kept decide, from now on.", PromoteAsync, Model);

    private static async Task<int> ListAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var answer = await client.GetAsync("/v1/models/fraud", cancel);
        if (parse.GetValue(Common.Json)) Output.Line(answer.GetRawText());
        else Show(answer);
        return ExitCode.Ok;
    }

    private static async Task<int> PromoteAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var answer = await client.PostAsync("/v1/models/fraud/promote", JsonContent.Create(new Dictionary<string, string> { ["model"] = parse.GetValue(Model)! }), cancel);
        if (parse.GetValue(Common.Json)) Output.Line(answer.GetRawText());
        else Output.Note("promoted; nodes follow within seconds");
        return ExitCode.Ok;
    }

    private static void Show(JsonElement answer)
    {
        var (champion, challenger) = (answer.GetProperty("champion").GetString(), answer.GetProperty("challenger").GetString());
        var table = Output.Table("model", "is", "epoch", "trained from", "until", "frauds", "AUC", "AP", "judged AUC", "judged AP", "promoted");
        foreach (var model in answer.GetProperty("models").EnumerateArray())
        {
            var (hash, tested, judged) = (model.GetProperty("model").GetString()!, model.GetProperty("tested"), model.GetProperty("judged"));
            table.Row(hash[..DigitsShown], hash == champion ? "champion" : hash == challenger ? "challenger" : "", $"{model.GetProperty("epoch")}", $"{model.GetProperty("trained_from")}", $"{model.GetProperty("cut")}", $"{model.GetProperty("frauds")}",
                Figure(tested, "auc"), Figure(tested, "average_precision"), Figure(judged, "auc"), Figure(judged, "average_precision"), $"{model.GetProperty("promoted_by")} {model.GetProperty("promoted_epoch")}".Trim());
        }
        Output.Console.Write(table);
        var acceptors = answer.GetProperty("acceptors");
        Output.Line($"acceptor table of epoch {acceptors.GetProperty("epoch")}: {acceptors.GetProperty("count")} terminals and merchants");
        if (answer.GetProperty("failure").GetString() is { } failure) Output.Line($"the newest epoch gave no model: {failure}");
        if (answer.GetProperty("check") is { ValueKind: JsonValueKind.Object } check)
            Output.Line($"{check.GetProperty("decisions")} decisions of the last epoch recomputed: {check.GetProperty("mismatches")} mismatches, {check.GetProperty("without_table")} without a table");
        if (answer.GetProperty("drift") is { ValueKind: JsonValueKind.Object } drift)
            Output.Line($"drift: {string.Join(", ", drift.GetProperty("psi").EnumerateObject().OrderByDescending(p => p.Value.GetDouble()).Take(3).Select(p => $"{p.Name} {p.Value.GetDouble().ToString("0.000", CultureInfo.InvariantCulture)}"))}");
    }

    private static string Figure(JsonElement of, string name) => of.ValueKind == JsonValueKind.Object ? of.GetProperty(name).GetDouble().ToString("0.000", CultureInfo.InvariantCulture) : "";
}
