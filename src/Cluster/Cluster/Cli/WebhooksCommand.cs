using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lambda.Cluster.Cli;

/// <summary>`webhooks`: who is told of changes of segments and of fraud alerts.</summary>
internal static class WebhooksCommand
{
    private static readonly Argument<string> Url = new("address") { Description = "https URL on a host that the setting webhook_hosts allows." };
    private static readonly Argument<string> Id = new("webhook") { Description = "As `webhooks list` names it." };
    private static readonly Option<string?> Segments = new("--segments") { Description = "Segments to be told of, separated by commas; all without it.", HelpName = "NAMES" };
    private static readonly Option<bool> Alerts = new("--alerts") { Description = "Be told of fraud alerts instead of changes of segments." };
    private static readonly Option<string?> Purpose = new("--purpose") { Description = "Tell only of customers who agree to it, such as marketing.", HelpName = "PURPOSE" };
    private static readonly Option<string?> NewUrl = new("--address") { Description = "Another address.", HelpName = "URL" };
    private static readonly Option<int?> Overlap = new("--overlap-hours") { Description = "How long the old secret signs, too; 0 when it is known to others.", HelpName = "N" };
    private static readonly Option<bool> Pause = new("--pause") { Description = "Changes wait." };
    private static readonly Option<bool> Resume = new("--resume") { Description = "What waits is sent." };

    public static Command Create() => Common.Group("webhooks", "Have changes of segments, or fraud alerts, sent to an address.",
        Common.Remote("list", "The webhooks and what waits for them.", ListAsync),
        Common.Remote("create", "Make a webhook and print its secret: this once.", CreateAsync, Url, Segments, Purpose, Alerts),
        Common.Remote("change", "Change address or segments, pause it or let it go on.", ChangeAsync, Id, NewUrl, Segments, Pause, Resume),
        Common.Remote("delete", "Remove a webhook with all that waits for it.", DeleteAsync, Id),
        Common.Remote("rotate", "Give it another secret and print that: this once. For some hours both sign.", RotateAsync, Id, Overlap),
        Common.Remote("retry", "Take up again what was given up.", RetryAsync, Id));

    private static async Task<int> ListAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var answer = await client.GetAsync("/v1/webhooks", cancel);
        if (parse.GetValue(Common.Json)) Output.Json(answer);
        else
        {
            var table = Output.Table("webhook", "url", "topic", "segments", "enabled", "pending", "dead", "oldest", "error");
            foreach (var w in answer.GetProperty("webhooks").EnumerateArray())
                table.Row(w.GetProperty("webhook"), w.GetProperty("url"), w.GetProperty("topic"), w.GetProperty("segments"), w.GetProperty("enabled"), w.GetProperty("pending"), w.GetProperty("dead"), w.GetProperty("oldest_pending_at"), w.GetProperty("error"));
            Output.Console.Write(table);
        }
        return ExitCode.Ok;
    }

    private static async Task<int> CreateAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var made = await client.PostAsync("/v1/webhooks", SearchCommand.Body(new JsonObject { ["url"] = parse.GetValue(Url), ["segments"] = SearchCommand.List(parse.GetValue(Segments), ','), ["purpose"] = parse.GetValue(Purpose), ["topic"] = parse.GetValue(Alerts) ? "fraud_alerts" : null }), cancel);
        return Made(parse, made);
    }

    private static int Made(ParseResult parse, JsonElement made)
    {
        if (parse.GetValue(Common.Json)) Output.Json(made);
        else
        {
            Output.Line($"{made.GetProperty("webhook")} {made.GetProperty("secret")}");
            Output.Note("keep the secret: it is told this once. docs/segments.md says how to check a signature");
        }
        return ExitCode.Ok;
    }

    private static async Task<int> ChangeAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var (pause, resume) = (parse.GetValue(Pause), parse.GetValue(Resume));
        if (pause && resume) throw new CommandException(ExitCode.Usage, "--pause or --resume, not both");
        var now = await client.GetAsync(PathOf(parse), cancel);
        var body = new JsonObject
        {
            ["url"] = parse.GetValue(NewUrl) ?? now.GetProperty("url").GetString(),
            ["segments"] = SearchCommand.List(parse.GetValue(Segments), ',') ?? JsonNode.Parse(now.GetProperty("segments").GetRawText()),
            ["enabled"] = pause ? false : resume || now.GetProperty("enabled").GetBoolean(),
        };
        return Told(parse, await client.SendAsync(new HttpRequestMessage(HttpMethod.Put, PathOf(parse)) { Content = SearchCommand.Body(body) }, cancel));
    }

    private static async Task<int> DeleteAsync(ParseResult parse, Client client, CancellationToken cancel) => Told(parse, await client.SendAsync(new HttpRequestMessage(HttpMethod.Delete, PathOf(parse)), cancel));

    private static async Task<int> RotateAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var query = parse.GetValue(Overlap) is { } hours ? $"?overlap_hours={hours}" : "";
        return Made(parse, await client.PostAsync($"{PathOf(parse)}/rotate{query}", null, cancel));
    }

    private static async Task<int> RetryAsync(ParseResult parse, Client client, CancellationToken cancel) => Told(parse, await client.PostAsync($"{PathOf(parse)}/retry", null, cancel));

    private static string PathOf(ParseResult parse) => $"/v1/webhooks/{Uri.EscapeDataString(parse.GetValue(Id)!)}";

    private static int Told(ParseResult parse, JsonElement webhook)
    {
        if (parse.GetValue(Common.Json)) Output.Json(webhook);
        else Output.Line($"{webhook.GetProperty("webhook")} {webhook.GetProperty("url")}: {(webhook.GetProperty("enabled").GetBoolean() ? "" : "paused, ")}{Output.Show(webhook.GetProperty("pending"))} wait, {Output.Show(webhook.GetProperty("dead"))} given up");
        return ExitCode.Ok;
    }
}
