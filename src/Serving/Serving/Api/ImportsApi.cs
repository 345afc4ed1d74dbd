using System.Text.Json;
using Lambda.Serving.Http;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>How far imports have come: written and read by `./lambda import`, so that it resumes.</summary>
internal static class ImportsApi
{
    private const int KeyCharactersMax = 100;

    private static readonly Parameter Key = new("key", ParameterPlace.Path, "string", "Names file and mapping by their hashes, [a-z0-9-].");

    public static readonly Operation Get = new("GET", "/v1/admin/imports/{key}", "getImport", "How far an import has come", GetAsync)
    {
        Access = Access.For(Roles.Ingest | Roles.Sre),
        Audited = Audited.No,
        Parameters = [Key],
        Replies = [new Reply(200, "So far.", "ImportProgress"), Reply.Problem(400, "The key is malformed."), Reply.Problem(404, "It never began.")],
    };

    public static readonly Operation Put = new("PUT", "/v1/admin/imports/{key}", "putImport", "Record how far an import has come", PutAsync)
    {
        Access = Access.For(Roles.Ingest | Roles.Sre),
        Audited = Audited.Behind,
        Parameters = [Key],
        Request = new Body("ImportProgress", "So far.", [JsonResponse.Json]),
        Replies = [new Reply(200, "Recorded.", "ImportProgress"), Reply.Problem(400, "The key or the body is malformed."), Reply.Problem(415, "Media type is not supported.")],
    };

    private static Task GetAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var key = KeyOf(context);
        return state.Parts.Imports.Get(key) is { } progress
            ? JsonResponse.WriteAsync(context, StatusCodes.Status200OK, JsonResponse.Json, progress, Write)
            : new Problem(StatusCodes.Status404NotFound, "unknown-import", $"no import `{key}` has begun").WriteAsync(context);
    }

    private static async Task PutAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var key = KeyOf(context);
        using var body = await JsonBody.ReadAsync(context, Limits.ImportProgressBytes);
        var progress = new ImportProgress(body.Text("file"), body.Long("done_line"), body.Long("rows"), body.Long("events"), body.Long("rejected"), body.Bool("complete"));
        state.Parts.Imports.Put(key, progress);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, JsonResponse.Json, progress, Write);
    }

    private static string KeyOf(HttpContext context)
    {
        var key = (string)context.Request.RouteValues["key"]!;
        return key.Length <= KeyCharactersMax && key.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            ? key
            : throw new ProblemException(Problem.BadParameter("key", key, $"1..{KeyCharactersMax} of a-z, 0-9 and -"));
    }

    private static void Write(Utf8JsonWriter to, ImportProgress progress)
    {
        to.WriteStartObject();
        to.WriteString("file", progress.File);
        to.WriteNumber("done_line", progress.DoneLine);
        to.WriteNumber("rows", progress.Rows);
        to.WriteNumber("events", progress.Events);
        to.WriteNumber("rejected", progress.Rejected);
        to.WriteBoolean("complete", progress.Complete);
        to.WriteEndObject();
    }
}
