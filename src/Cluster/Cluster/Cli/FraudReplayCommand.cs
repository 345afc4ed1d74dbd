using System.CommandLine;
using System.Text.Json;

namespace Lambda.Cluster.Cli;

/// <summary>`fraud replay`: whether a recorded decision can be made again, bit for bit.</summary>
internal static class FraudReplayCommand
{
    private static readonly Option<string> Decision = new("--decision") { Description = "The transaction's id.", Required = true, HelpName = "ID" };
    private static readonly Option<string?> Customer = new("--customer") { Description = "Whose it is: quicker, and needed where several have this id.", HelpName = "ID" };

    public static Command Create()
    {
        var command = new Command("replay", "Make a recorded decision again from its record, model, rules and the customer's raw events, and compare bit for bit.");
        foreach (var option in new Option[] { Decision, Customer, Common.Url, Common.Key }) command.Options.Add(option);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, CancellationToken cancel)
    {
        using var client = Client.Of(parse.GetValue(Common.Url), parse.GetValue(Common.Key));
        var of = parse.GetValue(Customer) is { } customer ? $"?customer_id={Uri.EscapeDataString(customer)}" : "";
        var report = await client.GetAsync($"/v1/authorizations/{Uri.EscapeDataString(parse.GetValue(Decision)!)}/replay{of}", cancel);
        var isIdentical = report.GetProperty("identical").GetBoolean();
        if (parse.GetValue(Common.Json)) Output.Json(report);
        else
        {
            foreach (var half in (string[])["recorded", "again"])
            {
                var it = report.GetProperty(half);
                Output.Line($"{half,-9} {it.GetProperty("decision").GetString()}, score {it.GetProperty("score").GetRawText()}, {string.Join(", ", it.GetProperty("reasons").EnumerateArray().Select(r => r.GetProperty("code").GetString()))}");
            }
            if (Names(report, "missing") is { Length: > 0 } missing) Output.Line($"not kept any more: {missing}");
            if (Names(report, "differing") is { Length: > 0 } differing) Output.Line($"differing: {differing}");
            if (isIdentical) Output.Line("identical, bit for bit");
        }
        return isIdentical ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static string Names(JsonElement report, string name) => string.Join(", ", report.GetProperty(name).EnumerateArray().Select(n => n.GetString()));
}
