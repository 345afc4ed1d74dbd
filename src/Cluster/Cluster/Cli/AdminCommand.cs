using System.CommandLine;
using System.Text.Json;

namespace Lambda.Cluster.Cli;

/// <summary>`admin …`: what operators look at and do. Every command is one request to any node; docs/runbook.md says when to use which.</summary>
internal static class AdminCommand
{
    private static readonly Argument<string> Node = new("NODE") { Description = "Its name, as `admin status` and `admin partitions` show it." };
    private static readonly Argument<string> Topic = new("TOPIC") { Description = "Its name, as `admin topics` shows it." };
    private static readonly Argument<string> Source = new("NAME") { Description = "Its name, as `admin sources` shows it." };
    private static readonly Option<int?> Partition = new("--partition") { Description = "Only this partition.", HelpName = "P" };
    private static readonly Option<long?> Over = new("--over-ms") { Description = "Exit 1 when an answer is staler than this.", HelpName = "MS" };

    public static Command Create() => Common.Group("admin", "The running engine: look at it, operate it.",
        Common.Remote("status", "Nodes, partitions, warehouse, quarantine, counters; exit 1 when it is not ready.", StatusAsync),
        Common.Remote("partitions", "Owner, state and offsets of every partition; exit 1 when one is not ready.", PartitionsAsync),
        Common.Remote("lag", "Records that wait to be folded, sunk, checkpointed.", LagAsync, Over),
        Common.Remote("epochs", "Where every partition stands between batch and speed; exit 1 when they differ.", EpochsAsync),
        BatchCommand.Create(),
        Common.Remote("drain", "Make a node hand over its partitions and leave.", DrainAsync, Node),
        Common.Remote("checkpoint", "Write checkpoints now, and wait until they are durable.", CheckpointAsync, Partition),
        Common.Remote("topics", "Topics of others that are read; exit 1 when one is not.", TopicsAsync),
        Common.Remote("topic-reset", "Forget where reading a topic stood, and begin anew.", TopicResetAsync, Topic),
        Common.Remote("sources", "HTTP APIs of others that are polled; exit 1 when one is not.", SourcesAsync),
        Common.Remote("source-reset", "Forget where polling a source stood, and begin anew.", SourceResetAsync, Source),
        QuarantineCommand.Create());

    private static async Task<int> StatusAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var status = await client.GetAsync("/v1/admin/status", cancel);
        if (parse.GetValue(Common.Json)) Output.Json(status);
        else Print(status, await client.GetAsync("/v1/admin/nodes", cancel));
        return status.GetProperty("state").GetString() == "ready" ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static async Task<int> PartitionsAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var found = await client.GetAsync("/v1/admin/partitions", cancel);
        Show(parse, found, "partition", "node", "state", "start", "end", "applied", "checkpointed", "sunk", "entities_in_memory", "base_customers", "freshness_ms", "reason");
        return Partitions(found).All(p => p.GetProperty("state").GetString() == "ready") ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static async Task<int> LagAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var found = await client.GetAsync("/v1/admin/lag", cancel);
        Show(parse, found, "partition", "to_fold", "to_sink", "to_checkpoint", "freshness_ms");
        var total = found.GetProperty("total");
        if (!parse.GetValue(Common.Json)) Output.Line(string.Join(", ", total.EnumerateObject().Select(t => $"{t.Name} {Output.Show(t.Value)}")));
        return total.GetProperty("freshness_ms").GetInt64() > (parse.GetValue(Over) ?? long.MaxValue) ? ExitCode.CheckFailed : ExitCode.Ok;
    }

    private static async Task<int> EpochsAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var found = await client.GetAsync("/v1/admin/epochs", cancel);
        Show(parse, found, "partition", "published", "current", "definition", "next");
        if (!parse.GetValue(Common.Json)) Output.Line($"published epoch {found.GetProperty("epoch")}, definition {found.GetProperty("definition")}, the next run takes {Output.Show(found.GetProperty("next"))}");
        return Partitions(found).All(p => p.GetProperty("published").GetInt64() == found.GetProperty("epoch").GetInt64()) ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static async Task<int> DrainAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var drained = await client.PostAsync($"/v1/admin/nodes/{Uri.EscapeDataString(parse.GetValue(Node)!)}/drain", null, cancel);
        if (parse.GetValue(Common.Json)) Output.Json(drained);
        else Output.Line($"{drained.GetProperty("node").GetString()} has left; its partitions were {Output.Show(drained.GetProperty("moved"))}");
        return ExitCode.Ok;
    }

    private static async Task<int> CheckpointAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var only = parse.GetValue(Partition) is { } p ? $"?partition={p}" : "";
        Show(parse, await client.PostAsync("/v1/admin/checkpoint" + only, null, cancel), "partition", "checkpointed");
        return ExitCode.Ok;
    }

    private static async Task<int> TopicsAsync(ParseResult parse, Client client, CancellationToken cancel) =>
        Topics(parse, await client.GetAsync("/v1/admin/topics", cancel));

    private static async Task<int> TopicResetAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        Topics(parse, await client.PostAsync($"/v1/admin/topics/{Uri.EscapeDataString(parse.GetValue(Topic)!)}/reset", null, cancel));
        return ExitCode.Ok;
    }

    private static int Topics(ParseResult parse, JsonElement found) => Read(parse, found, "topics", "topic", "state", "node", "reader", "lag", "accepted", "refused", "reason");

    private static async Task<int> SourcesAsync(ParseResult parse, Client client, CancellationToken cancel) =>
        Sources(parse, await client.GetAsync("/v1/admin/sources", cancel));

    private static async Task<int> SourceResetAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        Sources(parse, await client.PostAsync($"/v1/admin/sources/{Uri.EscapeDataString(parse.GetValue(Source)!)}/reset", null, cancel));
        return ExitCode.Ok;
    }

    private static int Sources(ParseResult parse, JsonElement found) =>
        Read(parse, found, "sources", "source", "state", "node", "since", "walked_at", "pages", "accepted", "refused", "drifted", "new_fields", "reason");

    private static int Read(ParseResult parse, JsonElement found, string of, params string[] columns)
    {
        var sources = found.GetProperty(of);
        if (parse.GetValue(Common.Json)) Output.Json(found);
        else PrintTable(sources, columns);
        return sources.EnumerateArray().All(s => s.GetProperty("state").GetString() == "reading") ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static void Print(JsonElement status, JsonElement nodes)
    {
        var head = Output.Table("engine", status.GetProperty("state").GetString()!);
        foreach (var reason in status.GetProperty("reasons").EnumerateArray()) head.Row("because", reason);
        foreach (var name in new[] { "version", "started_at", "epoch", "definition" }) head.Row(name, status.GetProperty(name));
        var warehouse = status.GetProperty("warehouse");
        head.Row("warehouse", $"{warehouse.GetProperty("state")} {warehouse.GetProperty("url")} {warehouse.GetProperty("version")} {warehouse.GetProperty("reason")}".TrimEnd());
        foreach (var count in status.GetProperty("counters").EnumerateObject()) head.Row(count.Name, count.Value);
        foreach (var count in status.GetProperty("quarantine").EnumerateObject()) head.Row($"quarantine: {count.Name}", count.Value);
        Output.Console.Write(head);
        PrintTable(nodes.GetProperty("nodes"), "node", "state", "roles", "partitions");
        PrintTable(status.GetProperty("partitions"), "partition", "state", "end", "applied", "checkpointed", "sunk", "entities_in_memory", "base_customers", "freshness_ms", "reason");
    }

    private static IEnumerable<JsonElement> Partitions(JsonElement found) => found.GetProperty("partitions").EnumerateArray();

    private static void Show(ParseResult parse, JsonElement found, params string[] columns)
    {
        if (parse.GetValue(Common.Json)) Output.Json(found);
        else PrintTable(found.GetProperty("partitions"), columns);
    }

    private static void PrintTable(JsonElement rows, params string[] columns)
    {
        var table = Output.Table(columns);
        foreach (var row in rows.EnumerateArray()) table.Row(columns.Select(c => (object?)row.GetProperty(c)));
        Output.Console.Write(table);
    }
}
