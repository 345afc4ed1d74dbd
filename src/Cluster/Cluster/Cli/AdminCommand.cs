using System.CommandLine;
using System.Text.Json;

namespace Lambda.Cluster.Cli;

/// <summary>`admin status`: how the engine is.</summary>
internal static class AdminCommand
{
    public static Command Create() => Common.Group("admin", "The running engine.",
        Common.Remote("status", "Partitions, warehouse, quarantine, counters; exit 1 when it is not ready.", StatusAsync));

    private static async Task<int> StatusAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var status = await client.GetAsync("/v1/admin/status", cancel);
        if (parse.GetValue(Common.Json)) Output.Json(status);
        else Print(status);
        return status.GetProperty("state").GetString() == "ready" ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static void Print(JsonElement status)
    {
        var head = Output.Table("engine", status.GetProperty("state").GetString()!);
        foreach (var reason in status.GetProperty("reasons").EnumerateArray()) head.Row("because", reason);
        foreach (var name in new[] { "version", "started_at", "epoch", "definition" }) head.Row(name, status.GetProperty(name));
        var warehouse = status.GetProperty("warehouse");
        head.Row("warehouse", $"{warehouse.GetProperty("state")} {warehouse.GetProperty("url")} {warehouse.GetProperty("version")} {warehouse.GetProperty("reason")}".TrimEnd());
        foreach (var count in status.GetProperty("counters").EnumerateObject()) head.Row(count.Name, count.Value);
        foreach (var count in status.GetProperty("quarantine").EnumerateObject()) head.Row($"quarantine: {count.Name}", count.Value);
        Output.Console.Write(head);

        string[] columns = ["partition", "state", "end", "applied", "checkpointed", "sunk", "entities_in_memory", "base_customers", "freshness_ms", "reason"];
        var table = Output.Table(columns);
        foreach (var partition in status.GetProperty("partitions").EnumerateArray()) table.Row(columns.Select(c => (object?)partition.GetProperty(c)));
        Output.Console.Write(table);
    }
}
