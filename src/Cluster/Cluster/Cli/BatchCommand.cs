using System.CommandLine;
using System.Text.Json;

namespace Lambda.Cluster.Cli;

/// <summary>`batch run`: starts a run and follows it to its end. `batch status`: one run, or the last ones. `batch abandon`: ends one.</summary>
internal static class BatchCommand
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(200);

    private static readonly Option<bool> NoWait = new("--no-wait") { Description = "Do not follow the run to its end." };
    private static readonly Argument<string?> RunName = new("RUN") { Description = "Name of a run; without it the last ones.", Arity = ArgumentArity.ZeroOrOne };

    private static readonly Argument<string?> AbandonedName = new("RUN") { Description = "Name of a run; without it the one that is active.", Arity = ArgumentArity.ZeroOrOne };

    public static Command Create() => Common.Group("batch", "Batch runs: recompute every view from all raw events, check it, publish it.",
        Common.Remote("run", "Start a run now and follow it.", RunAsync, NoWait),
        Common.Remote("status", "How a run is, or the last ones.", StatusAsync, RunName),
        Common.Remote("abandon", "End a run without publishing it: what is served stays.", AbandonAsync, AbandonedName));

    private static async Task<int> RunAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var json = parse.GetValue(Common.Json);
        var run = await client.PostAsync("/v1/admin/batch/runs", null, cancel);
        var name = run.GetProperty("run").GetString()!;
        if (!parse.GetValue(NoWait)) run = await FollowAsync(client, name, state => Say(json, name, state), cancel);
        if (json) Output.Json(run);
        else Print(run);
        return IsGood(run) ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    /// <summary>Polls until the run is over; tells each new state.</summary>
    public static async Task<JsonElement> FollowAsync(Client client, string name, Action<string> onState, CancellationToken cancel)
    {
        for (var last = ""; ;)
        {
            var run = await client.GetAsync($"/v1/admin/batch/runs/{Uri.EscapeDataString(name)}", cancel);
            var state = run.GetProperty("state").GetString()!;
            if (state != last) onState(last = state);
            if (!IsActive(run)) return run;
            await Task.Delay(PollEvery, cancel);
        }
    }

    private static async Task<int> StatusAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var name = parse.GetValue(RunName);
        var found = await client.GetAsync(name is null ? "/v1/admin/batch/runs" : $"/v1/admin/batch/runs/{Uri.EscapeDataString(name)}", cancel);
        if (parse.GetValue(Common.Json)) Output.Json(found);
        else if (name is not null) Print(found);
        else PrintAll(found.GetProperty("runs"));
        return name is null || IsGood(found) ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static async Task<int> AbandonAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var json = parse.GetValue(Common.Json);
        var name = parse.GetValue(AbandonedName) ?? await ActiveAsync(client, cancel);
        var run = await client.PostAsync($"/v1/admin/batch/runs/{Uri.EscapeDataString(name)}/abandon", null, cancel);
        if (IsActive(run)) run = await FollowAsync(client, name, state => Say(json, name, state), cancel);
        if (json) Output.Json(run);
        else Print(run);
        return run.GetProperty("state").GetString() == "abandoned" ? ExitCode.Ok : ExitCode.CheckFailed; // it may have been published just before
    }

    private static async Task<string> ActiveAsync(Client client, CancellationToken cancel)
    {
        var runs = await client.GetAsync("/v1/admin/batch/runs?limit=1", cancel);
        return runs.GetProperty("runs").EnumerateArray().Where(IsActive).Select(r => r.GetProperty("run").GetString()!).FirstOrDefault()
            ?? throw new CommandException(ExitCode.CheckFailed, "no run is active");
    }

    private static bool IsActive(JsonElement run) => run.GetProperty("state").GetString() is not ("published" or "failed" or "abandoned");

    private static bool IsGood(JsonElement run) => run.GetProperty("state").GetString() is not ("failed" or "abandoned");

    private static void Say(bool json, string name, string state)
    {
        if (!json) Output.Note($"{name}: {state}");
    }

    private static void Print(JsonElement run)
    {
        var table = Output.Table("run", run.GetProperty("run").GetString()!);
        foreach (var name in new[] { "state", "epoch", "definition", "started_at", "ended_at" }) table.Row(name, run.GetProperty(name));
        foreach (var step in run.GetProperty("steps").EnumerateArray()) table.Row($"{step.GetProperty("state")} ms", step.GetProperty("ms"));
        foreach (var count in run.GetProperty("counts").EnumerateObject()) table.Row(count.Name, count.Value);
        foreach (var reason in run.GetProperty("reasons").EnumerateArray()) table.Row("because", reason);
        Output.Console.Write(table);
    }

    private static void PrintAll(JsonElement runs)
    {
        var table = Output.Table("run", "epoch", "state", "started", "ended", "because");
        foreach (var run in runs.EnumerateArray())
            table.Row(run.GetProperty("run"), run.GetProperty("epoch"), run.GetProperty("state"), run.GetProperty("started_at"), run.GetProperty("ended_at"), run.GetProperty("reasons"));
        Output.Console.Write(table);
    }
}
