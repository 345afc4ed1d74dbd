using System.CommandLine;
using System.Text.Json;

namespace Lambda.Cluster.Cli;

/// <summary>`segments`: who is in which, and who comes and goes.</summary>
internal static class SegmentsCommand
{
    private static readonly Argument<string> Name = new("name") { Description = "The segment." };
    private static readonly Argument<string> Customer = new("customer") { Description = "Customer id." };
    private static readonly Option<int> Limit = new("--limit") { Description = "Members of a page.", DefaultValueFactory = _ => 100, HelpName = "N" };
    private static readonly Option<string?> Cursor = new("--cursor") { Description = "`next` of the page before.", HelpName = "CURSOR" };
    private static readonly Option<string?> Segment = new("--segment") { Description = "Only these, separated by commas.", HelpName = "NAMES" };
    private static readonly Option<long?> After = new("--after") { Description = "Number of the last change that was seen; else what comes from now on.", HelpName = "NUMBER" };

    private static readonly Option<string?> Purpose = new("--purpose") { Description = "Only of customers who agree to it, such as marketing.", HelpName = "PURPOSE" };

    public static Command Create() => Common.Group("segments", "Segments, their members, and who enters and leaves.",
        Common.Remote("list", "The segments with their rules and sizes.", ListAsync),
        Common.Remote("members", "Who is in a segment.", MembersAsync, Name, SearchCommand.Select, Limit, Cursor),
        Common.Remote("of", "Which segments a customer is in, why, and since when.", OfAsync, Customer),
        Common.Remote("follow", "Who enters and leaves, as it happens: a JSON object a line, until it is stopped.", FollowAsync, Segment, Purpose, After));

    private static async Task<int> ListAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var answer = await client.GetAsync("/v1/segments", cancel);
        return Show(parse, answer, "segments", ["segment", "size", "rule", "doc"]);
    }

    private static async Task<int> MembersAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var query = string.Concat(
            parse.GetValue(SearchCommand.Select) is { } select ? $"&select={Uri.EscapeDataString(select)}" : "", parse.GetValue(Cursor) is { } cursor ? $"&cursor={Uri.EscapeDataString(cursor)}" : "");
        var page = await client.GetAsync($"/v1/segments/{Uri.EscapeDataString(parse.GetValue(Name)!)}/members?limit={parse.GetValue(Limit)}{query}", cancel);
        return SearchCommand.Show(parse, page);
    }

    private static async Task<int> OfAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var answer = await client.GetAsync($"/v1/customers/{Uri.EscapeDataString(parse.GetValue(Customer)!)}/segments", cancel);
        if (parse.GetValue(Common.Json)) return Show(parse, answer, "segments", []);
        var table = Output.Table("segment", "member", "since", "cause", "rule", "values");
        foreach (var segment in answer.GetProperty("segments").EnumerateArray())
        {
            var since = segment.GetProperty("since") is { ValueKind: JsonValueKind.Object } known ? known : (JsonElement?)null;
            table.Row([segment.GetProperty("segment"), segment.GetProperty("member"), since?.GetProperty("at"), since?.GetProperty("cause"), segment.GetProperty("rule"), segment.GetProperty("values")]);
        }
        Output.Console.Write(table);
        return ExitCode.Ok;
    }

    private static async Task<int> FollowAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var query = string.Join('&', new[] { parse.GetValue(Segment) is { } names ? $"segment={Uri.EscapeDataString(names)}" : null, parse.GetValue(Purpose) is { } purpose ? $"purpose={Uri.EscapeDataString(purpose)}" : null, parse.GetValue(After) is { } after ? $"after={after}" : null }.OfType<string>());
        await client.ReadLinesAsync($"/v1/segments/feed?{query}", line =>
        {
            const string data = "data: ";
            if (line.StartsWith(data, StringComparison.Ordinal)) Output.Line(line[data.Length..]);
        }, cancel);
        throw new CommandException(ExitCode.Environment, "the stream has ended; go on with --after and the last number");
    }

    private static int Show(ParseResult parse, JsonElement answer, string list, string[] columns)
    {
        if (parse.GetValue(Common.Json))
        {
            Output.Json(answer);
            return ExitCode.Ok;
        }
        var table = Output.Table(columns);
        foreach (var row in answer.GetProperty(list).EnumerateArray()) table.Row([.. columns.Select(c => (object?)row.GetProperty(c))]);
        Output.Console.Write(table);
        return ExitCode.Ok;
    }
}
