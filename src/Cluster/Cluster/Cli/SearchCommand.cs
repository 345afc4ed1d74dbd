using System.CommandLine;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lambda.Cluster.Cli;

/// <summary>`search`: customers that a condition is true of.</summary>
internal static class SearchCommand
{
    private static readonly Argument<string?> Where = new("where") { Description = "A condition in the definition's language; all customers without it.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string?> OrderBy = new("--order-by") { Description = "Values with asc or desc behind them, separated by `;`.", HelpName = "VALUES" };
    private static readonly Option<int> Limit = new("--limit") { Description = "Rows of a page.", DefaultValueFactory = _ => 20, HelpName = "N" };
    private static readonly Option<string?> Cursor = new("--cursor") { Description = "`next` of the page before.", HelpName = "CURSOR" };
    private static readonly Option<bool> Count = new("--count") { Description = "Also how many there are." };

    public static readonly Option<string?> Select = new("--select") { Description = "Columns, separated by commas; * for all.", HelpName = "COLUMNS" };

    public static readonly Option<string?> Purpose = new("--purpose") { Description = "Only customers who agreed to this use, such as marketing.", HelpName = "PURPOSE" };

    public static Command Create() => Common.Remote("search", "Customers that a condition is true of.", RunAsync, Where, Select, Purpose, OrderBy, Limit, Cursor, Count);

    /// <summary>Texts separated by a sign, as a JSON list; null without any.</summary>
    public static JsonArray? List(string? text, char by) =>
        text is null ? null : new JsonArray([.. text.Split(by, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(t => (JsonNode)t)]);

    public static StringContent Body(JsonObject body) => new(body.ToJsonString(), new MediaTypeHeaderValue("application/json", "utf-8"));

    private static async Task<int> RunAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var page = await client.PostAsync("/v1/customers/search", Body(new JsonObject
        {
            ["where"] = parse.GetValue(Where), ["select"] = List(parse.GetValue(Select), ','), ["order_by"] = List(parse.GetValue(OrderBy), ';'),
            ["purpose"] = parse.GetValue(Purpose), ["limit"] = parse.GetValue(Limit), ["cursor"] = parse.GetValue(Cursor), ["count"] = parse.GetValue(Count),
        }), cancel);
        return Show(parse, page);
    }

    /// <summary>A page of customers.</summary>
    public static int Show(ParseResult parse, JsonElement page)
    {
        if (parse.GetValue(Common.Json))
        {
            Output.Json(page);
            return ExitCode.Ok;
        }
        var customers = page.GetProperty("customers").EnumerateArray().ToList();
        string[] columns = [.. customers.SelectMany(c => c.GetProperty("values").EnumerateObject().Select(v => v.Name)).Distinct()];
        var table = Output.Table(["customer", .. columns, "position", "as_of"]);
        foreach (var customer in customers)
            table.Row([customer.GetProperty("customer_id"), .. columns.Select(c => (object?)customer.GetProperty("values").GetProperty(c)), customer.GetProperty("position"), customer.GetProperty("as_of")]);
        Output.Console.Write(table);
        var meta = page.GetProperty("meta");
        var count = page.TryGetProperty("count", out var exact) ? $"{Output.Show(exact)} found of " : "";
        Output.Line($"{count}{Output.Show(meta.GetProperty("rows"))} customers; oldest row: epoch {meta.GetProperty("oldest_epoch")}, day {Output.Show(meta.GetProperty("oldest_as_of"))}");
        if (page.GetProperty("next").ValueKind == JsonValueKind.String) Output.Note($"more: --cursor {page.GetProperty("next")}");
        return ExitCode.Ok;
    }
}
