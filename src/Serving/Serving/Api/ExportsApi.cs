using System.Globalization;
using System.Text.Json;
using Lambda.Domain.Views;
using Lambda.Serving.Export;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Search;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Lambda.Serving.Api;

/// <summary>All customers that a condition is true of, as a file: to the caller, or as a job into a folder or a bucket.</summary>
internal static class ExportsApi
{
    public static readonly Operation Start = new("POST", "/v1/exports", "startExport", "Customers as NDJSON, CSV or Parquet", StartAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Finance),
        Audited = Audited.Change,
        Detail = "Without `to` the rows are streamed in the answer; if the warehouse fails in the middle the connection is cut, so that a part is never taken for the whole. With `to` a job "
            + "writes files below a root that the operator configured, each there whole or not at all, with a manifest; a job goes on after a crash. Each row is exact at its own "
            + "position and day; there is no snapshot over rows: the headers and the manifest tell the oldest epoch and day.",
        Request = new Body("Export", "What to export, and where.", [JsonResponse.Json]) { IsOne = true },
        Replies =
        [
            new Reply(200, "The rows, in the format asked for; an object a line in NDJSON.", "Any", Ndjson) { AlsoAs = [Csv, Parquet] },
            new Reply(202, "The job.", "ExportJob"),
            Reply.Problem(400, "The body is wrong: an unknown name, a type that does not fit (with its place), a path that leads out of the root."),
            Reply.Problem(403, "It names personal data that this key may not see."),
            Reply.Problem(413, "The body is over the limit."),
            Reply.Problem(415, "Media type is not supported."),
            Reply.Problem(422, "The export took more memory than one gets: show fewer columns, or make it a job."),
            Reply.Problem(503, "The population is not there yet, or the warehouse does not answer; see Retry-After."),
        ],
    };

    public static readonly Operation List = new("GET", "/v1/exports", "listExports", "Export jobs, newest first", ListAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Finance),
        Audited = Audited.Behind,
        Detail = "`where` reads null for keys without the pii right when it was asked with that right: it may name somebody.",
        Replies = [new Reply(200, "Those that are remembered.", "ExportJobs")],
    };

    private static readonly Parameter Id = new("export", ParameterPlace.Path, "string", "As the job was named when it was made.");

    public static readonly Operation Get = new("GET", "/v1/exports/{export}", "getExport", "One export job", GetAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Finance),
        Audited = Audited.Behind,
        Parameters = [Id],
        Replies = [new Reply(200, "As it stands.", "ExportJob"), Reply.Problem(404, "There is none of this name.")],
    };

    public static readonly Operation Cancel = new("POST", "/v1/exports/{export}/cancel", "cancelExport", "End an export job", CancelAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Finance),
        Audited = Audited.Change,
        Detail = "Files that are written stay. A job that has ended stays as it is.",
        Parameters = [Id],
        Replies = [new Reply(200, "As it stands.", "ExportJob"), Reply.Problem(404, "There is none of this name.")],
    };

    private static async Task StartAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var parts = state.Parts.Population;
        using var body = (await JsonBody.ReadAsync(context, Limits.SearchBytes)).Only("where", "select", "purpose", "format", "to");
        var format = Enum.TryParse<ExportFormat>(body.OptionalText("format") ?? "ndjson", ignoreCase: true, out var known) && Enum.IsDefined(known) && !int.TryParse(body.OptionalText("format"), out _)
            ? known : throw JsonBody.Bad("format", "expected ndjson, csv or parquet");
        var to = body.Has("to") ? Target(body.Object("to")) : ((string Kind, string Path)?)null;
        var definition = await parts.Reads.ShownAsync(context.RequestAborted);
        var question = Question.Of(definition, context.Caller(), body.OptionalText("where"), body.Texts("select", Limits.ColumnsMax), [], allByDefault: true, body.OptionalText("purpose"));
        var export = new PopulationExport(definition, question.Where, question.Columns, question.WithSegments, format);
        if (to is null)
        {
            context.AuditDetail($"{question.ColumnNames}, as {format}");
            await StreamAsync(context, parts.Reads, export);
        }
        else
        {
            var caller = context.Caller();
            var job = Begin(parts.Exports, export, new ExportRights(caller.KeyId, caller.Name, caller.SeesPersonalData), to.Value);
            context.AuditDetail($"{job.Id}: {question.ColumnNames}, as {format}");
            await WriteAsync(context, StatusCodes.Status202Accepted, job);
        }
    }

    private static ExportJob Begin(ExportJobs exports, PopulationExport export, ExportRights by, (string Kind, string Path) to)
    {
        try
        {
            return exports.Start(export, by, to.Kind, to.Path);
        }
        catch (ExportRefusedException e)
        {
            throw JsonBody.Bad("to", e.Message);
        }
    }

    private static (string, string) Target(JsonBody to)
    {
        to.Only("folder", "s3");
        return (to.OptionalText("folder"), to.OptionalText("s3")) switch
        {
            ({ } folder, null) => (IExportTargets.Folder, folder),
            (null, { } prefix) => ("s3", prefix),
            _ => throw JsonBody.Bad("to", "expected one of folder and s3"),
        };
    }

    private static async Task StreamAsync(HttpContext context, IPopulationReads reads, PopulationExport export)
    {
        var cancel = context.RequestAborted;
        var summary = await reads.SummaryAsync(export.Definition, cancel);
        await using var rows = await reads.ExportAsync(export, cancel);
        var buffer = new byte[BufferBytes];
        var read = await rows.ReadAsync(buffer, cancel); // what fails before the first byte still gets its status
        var response = context.Response;
        response.ContentType = MediaTypeOf(export.Format);
        response.Headers["Lambda-Definition"] = export.Definition.Hash;
        response.Headers["Lambda-Oldest-Epoch"] = summary.OldestEpoch.ToString(CultureInfo.InvariantCulture);
        if (summary.OldestAsOfDay is { } day) response.Headers["Lambda-Oldest-As-Of"] = DateOnly.FromDayNumber(day + DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await context.AuditBeforeAnswerAsync();
        try
        {
            for (; read > 0; read = await rows.ReadAsync(buffer, cancel)) await response.Body.WriteAsync(buffer.AsMemory(0, read), cancel);
        }
        catch (Exception e) when (e is QueryLimitException or EngineUnavailableException && response.HasStarted)
        {
            context.Abort(); // a part must not look like the whole
        }
    }

    private static Task ListAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        return JsonResponse.WriteAsync(context, StatusCodes.Status200OK, JsonResponse.Json, (jobs: state.Parts.Population.Exports.List(), caller: context.Caller()), static (to, s) =>
        {
            to.WriteStartObject();
            to.WriteStartArray("exports");
            foreach (var job in s.jobs) ExportManifest.Write(to, job, ShowsWhere(job, s.caller));
            to.WriteEndArray();
            to.WriteEndObject();
        });
    }

    private static Task GetAsync(HttpContext context, ApiState state) => Answer(context, Named(context), state.Parts.Population.Exports.Get(Named(context)));

    private static Task CancelAsync(HttpContext context, ApiState state) => Answer(context, Named(context), state.Parts.Population.Exports.Cancel(Named(context)));

    private static string Named(HttpContext context)
    {
        _ = new Query(context);
        return context.GetRouteValue("export")?.ToString() ?? "";
    }

    private static Task Answer(HttpContext context, string id, ExportJob? job) => job is null
        ? new Problem(StatusCodes.Status404NotFound, "unknown-export", $"no export is called `{id}`").WriteAsync(context)
        : WriteAsync(context, StatusCodes.Status200OK, job);

    private static Task WriteAsync(HttpContext context, int status, ExportJob job) =>
        JsonResponse.WriteAsync(context, status, JsonResponse.Json, (job, caller: context.Caller()), static (to, s) => ExportManifest.Write(to, s.job, ShowsWhere(s.job, s.caller)));

    private static bool ShowsWhere(ExportJob job, Caller caller) => caller.SeesPersonalData || !job.By.SeesPersonalData;

    private static string MediaTypeOf(ExportFormat format) => format switch
    {
        ExportFormat.Ndjson => Ndjson,
        ExportFormat.Csv => Csv,
        _ => Parquet,
    };

    private const string Ndjson = "application/x-ndjson", Csv = "text/csv", Parquet = "application/vnd.apache.parquet";
    private const int BufferBytes = 128 << 10;
}
