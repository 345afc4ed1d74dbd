using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lambda.Cluster.Cli;

/// <summary>`identity merge|unmerge|show`: which customers are one person, on a running host.</summary>
internal static class IdentityCommand
{
    private static readonly Argument<string> Into = new("INTO") { Description = "Customer whose person is joined; the person keeps its id." };
    private static readonly Argument<string> Customer = new("CUSTOMER") { Description = "Customer id." };
    private static readonly Argument<string> Link = new("LINK") { Description = "Id of the merge, as `identity merge` and `identity show` print it." };
    private static readonly Option<string?> Id = new("--id") { Description = "A UUID of yours for the merge: asking again with it does nothing twice." };
    private static readonly Option<string?> Reason = new("--reason") { Description = "Why; kept with it." };

    public static Command Create() => Common.Group("identity", "Which customers are one person: merge, take a merge back, show.",
        Common.Remote("merge", "Merge two customers into one person.", MergeAsync, Into, Customer, Id, Reason),
        Common.Remote("unmerge", "Take a merge back: that link goes, and nothing else.", UnmergeAsync, Link, Reason),
        Common.Remote("show", "The person that a customer is part of, and every link there ever was.", ShowAsync, Customer));

    private static async Task<int> MergeAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var merged = await client.PostAsync("/v1/identity/merges", SearchCommand.Body(new JsonObject
        {
            ["into"] = parse.GetValue(Into), ["customer"] = parse.GetValue(Customer), ["id"] = parse.GetValue(Id), ["reason"] = parse.GetValue(Reason),
        }), cancel);
        if (parse.GetValue(Common.Json)) Output.Json(merged);
        else
        {
            Output.Line($"merge {merged.GetProperty("link").GetProperty("id").GetString()}");
            Output.Line(Members(merged.GetProperty("person")));
        }
        return ExitCode.Ok;
    }

    private static async Task<int> UnmergeAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var undone = await client.PostAsync("/v1/identity/unmerges", SearchCommand.Body(new JsonObject { ["link"] = parse.GetValue(Link), ["reason"] = parse.GetValue(Reason) }), cancel);
        if (parse.GetValue(Common.Json)) Output.Json(undone);
        else foreach (var side in (string[])["into", "customer"]) Output.Line(Members(undone.GetProperty(side)));
        return ExitCode.Ok;
    }

    private static async Task<int> ShowAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var person = await client.GetAsync($"/v1/identity/customers/{Uri.EscapeDataString(parse.GetValue(Customer)!)}", cancel);
        if (parse.GetValue(Common.Json)) Output.Json(person);
        else
        {
            Output.Line(Members(person));
            var table = Output.Table("merge", "into", "customer", "by", "at", "reason", "taken back");
            foreach (var link in person.GetProperty("links").EnumerateArray())
                table.Row([.. new[] { "id", "into", "customer", "by", "at", "reason" }.Select(c => (object?)link.GetProperty(c)), link.GetProperty("undone") is { ValueKind: JsonValueKind.Object } undone ? $"{undone.GetProperty("at")} by {undone.GetProperty("by")}" : ""]);
            Output.Console.Write(table);
        }
        return ExitCode.Ok;
    }

    private static string Members(JsonElement person) => $"person {person.GetProperty("canonical").GetString()}: {string.Join(", ", person.GetProperty("members").EnumerateArray().Select(m => m.GetString()))}";
}
