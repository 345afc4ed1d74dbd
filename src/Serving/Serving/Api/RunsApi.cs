using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>Batch runs.</summary>
internal static class RunsApi
{
    public static readonly Operation Start = new("POST", "/v1/admin/batch/runs", "startRun", "Start a batch run", StartAsync)
    {
        Access = Access.For(Roles.Sre),
        Audited = Audited.Change,
        Replies = [new Reply(202, "It runs; `Location` names it.", "Run"), new Reply(409, "Another one runs: the answer names it.", "RunningRun", JsonResponse.ProblemJson)],
    };

    public static readonly Operation List = new("GET", "/v1/admin/batch/runs", "listRuns", "Runs, newest first", ListAsync)
    {
        Access = Access.For(Roles.Sre),
        Audited = Audited.No,
        Parameters = [new Parameter("limit", ParameterPlace.Query, "integer", $"1..{Limits.RunsPageMax}; default {Limits.RunsPageDefault}.")],
        Replies = [new Reply(200, "The runs.", "Runs"), Reply.Problem(400, "A parameter is wrong.")],
    };

    public static readonly Operation Get = new("GET", "/v1/admin/batch/runs/{run}", "getRun", "One run", GetAsync)
    {
        Access = Access.For(Roles.Sre),
        Audited = Audited.No,
        Parameters = [new Parameter("run", ParameterPlace.Path, "string", "Name of the run.")],
        Replies = [new Reply(200, "The run.", "Run"), Reply.Problem(404, "No such run.")],
    };

    public static readonly Operation Abandon = new("POST", "/v1/admin/batch/runs/{run}/abandon", "abandonRun", "End a run without publishing", AbandonAsync)
    {
        Access = Access.For(Roles.Sre),
        Audited = Audited.Change,
        Detail = "What is served stays as it is, and the next run begins anew. A host that dies after a 202 may resume the run: ask again.",
        Parameters = [new Parameter("run", ParameterPlace.Path, "string", "Name of the run.")],
        Replies =
        [
            new Reply(200, "It is abandoned.", "Run"), new Reply(202, "It will be, as soon as its step can be stopped.", "Run"), Reply.Problem(404, "No such run."),
            new Reply(409, "It has ended already: the answer says how.", "RunningRun", JsonResponse.ProblemJson),
        ],
    };

    private static async Task StartAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var start = await state.Parts.Runs.StartAsync(context.RequestAborted);
        context.AuditDetail($"{start.Run.Run}");
        if (start.Started)
        {
            context.Response.Headers.Location = $"/v1/admin/batch/runs/{start.Run.Run}";
            await JsonResponse.WriteAsync(context, StatusCodes.Status202Accepted, to => Write(to, start.Run));
        }
        else
        {
            await new Problem(StatusCodes.Status409Conflict, "run-in-progress", $"run {start.Run.Run} is {Name(start.Run.State)}", Extensions: to => WriteHead(to, start.Run)).WriteAsync(context);
        }
    }

    private static Task ListAsync(HttpContext context, ApiState state)
    {
        var limit = new Query(context, "limit").Int("limit", Limits.RunsPageDefault, 1, Limits.RunsPageMax);
        var runs = state.Parts.Runs.List(limit);
        return JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to =>
        {
            to.WriteStartObject();
            to.WriteStartArray("runs");
            foreach (var run in runs) Write(to, run);
            to.WriteEndArray();
            to.WriteEndObject();
        });
    }

    private static Task GetAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var name = (string)context.Request.RouteValues["run"]!;
        return state.Parts.Runs.Get(name) is { } run
            ? JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => Write(to, run))
            : Unknown(name).WriteAsync(context);
    }

    private static async Task AbandonAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var name = (string)context.Request.RouteValues["run"]!;
        if (await state.Parts.Runs.AbandonAsync(name, context.RequestAborted) is not { } abandon) await Unknown(name).WriteAsync(context);
        else if (!abandon.Taken) await Ended(abandon.Run).WriteAsync(context);
        else
        {
            var status = abandon.Run.IsFinal ? StatusCodes.Status200OK : StatusCodes.Status202Accepted;
            await JsonResponse.WriteAsync(context, status, to => Write(to, abandon.Run));
        }
    }

    private static Problem Unknown(string name) => new(StatusCodes.Status404NotFound, "unknown-run", $"no run is named `{name}`");

    private static Problem Ended(RunReport run) =>
        new(StatusCodes.Status409Conflict, "run-ended", $"run {run.Run} has ended: it is {Name(run.State)}", Extensions: to => WriteHead(to, run));

    private static void Write(Utf8JsonWriter to, RunReport run)
    {
        to.WriteStartObject();
        WriteHead(to, run);
        to.WriteString("definition", run.Definition);
        to.WritePropertyName("started_at");
        JsonValues.WriteInstant(to, run.StartedAtMs * Clock.MicrosPerMs);
        to.WritePropertyName("ended_at");
        if (run.EndedAtMs is { } ended) JsonValues.WriteInstant(to, ended * Clock.MicrosPerMs);
        else to.WriteNullValue();
        to.WriteStartArray("steps");
        foreach (var (step, ms) in run.StepsMs)
        {
            to.WriteStartObject();
            to.WriteString("state", Name(step));
            to.WriteNumber("ms", ms);
            to.WriteEndObject();
        }
        to.WriteEndArray();
        JsonMaps.WriteTexts(to, "reasons", run.Reasons);
        JsonMaps.WriteCounts(to, "counts", run.Counts);
        to.WriteEndObject();
    }

    private static void WriteHead(Utf8JsonWriter to, RunReport run)
    {
        to.WriteString("run", run.Run);
        to.WriteNumber("epoch", run.Epoch);
        to.WriteString("state", Name(run.State));
    }

    private static string Name(RunState state) => state.ToString().ToLowerInvariant();
}
