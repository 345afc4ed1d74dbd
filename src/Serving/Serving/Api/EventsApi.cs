using System.Globalization;
using System.Text.Json;
using Lambda.Serving.Http;
using Lambda.Serving.Metrics;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>`POST /v1/events`: the way in.</summary>
internal static class EventsApi
{
    /// <summary>curl sends application/x-www-form-urlencoded unless told otherwise; what the bytes are is decided by the parser, not by their label.</summary>
    public static readonly string[] MediaTypes =
        ["application/x-ndjson", "application/json", "application/ndjson", "application/jsonl", "application/octet-stream", "text/plain", "application/x-www-form-urlencoded"];

    public static readonly Operation Post = new("POST", "/v1/events", "postEvents", "Append events", HandleAsync)
    {
        Access = Access.For(Roles.Ingest),
        Audited = Audited.Behind,
        Detail = "One JSON object per line, or one array. Good lines are durable when the answer comes; bad ones are listed and kept in quarantine. "
            + "A repeat of a known event_id counts as accepted. After 413 and 429 nothing of the request was appended.",
        Parameters =
        [
            new Parameter("source", ParameterPlace.Query, "string", "Where the events come from, for quarantine, such as `file:NAME`; default `http`."),
            new Parameter("first_line", ParameterPlace.Query, "integer", "What the body's first line is called, for a part of a file; default 1. Blank lines count and are skipped."),
        ],
        Request = new Body("Event", "Events, NDJSON or one array; gzip by Content-Encoding.", ["application/x-ndjson", "application/json"]),
        Replies =
        [
            new Reply(200, "At least one line was accepted.", "Intake"),
            Reply.Problem(400, "A parameter is wrong, or the body is not what its Content-Encoding says."),
            Reply.Problem(413, "The request is over a limit."),
            Reply.Problem(415, "Media type or encoding is not supported."),
            new Reply(422, "No line was accepted.", "RefusedIntake", JsonResponse.ProblemJson),
            Reply.Problem(429, "A queue is full; try again after Retry-After seconds."),
            Reply.Problem(503, "It could not be made durable (the disk is full, or Lambda starts or stops): nothing was appended; try again after Retry-After seconds."),
        ],
    };

    private static async Task HandleAsync(HttpContext context, ApiState state)
    {
        var parts = state.Parts;
        var query = new Query(context, "source", "first_line");
        var source = query.Parse("source", "http", $"1..{Limits.SourceCharacters} characters", TryParseSource);
        var firstLine = query.Long("first_line", 1, 1, long.MaxValue / 2);
        var body = RequestBody.Open(context, MediaTypes);
        var intake = await parts.Intake.IngestAsync(body, source, firstLine, context.RequestAborted);
        IngestMetrics.Count(intake);
        if (intake is Intake.Done told) context.AuditDetail($"accepted {told.Accepted}, rejected {told.Rejected.Count}");
        await (intake switch
        {
            Intake.Done { Accepted: > 0 } done => JsonResponse.WriteAsync(context, StatusCodes.Status200OK, JsonResponse.Json, done, WriteWhole),
            Intake.Done done => Refused(done).WriteAsync(context),
            Intake.TooLarge large => TooLarge(large).WriteAsync(context),
            Intake.Busy busy => new Problem(StatusCodes.Status429TooManyRequests, "busy", $"{busy.Queue} is full; nothing was appended", busy.RetryAfter).WriteAsync(context),
            Intake.Unavailable no => new Problem(StatusCodes.Status503ServiceUnavailable, "unavailable", $"{no.Reason}; nothing was appended", no.RetryAfter).WriteAsync(context),
            _ => throw new InvalidOperationException($"unknown intake {intake}"),
        });
    }

    private static bool TryParseSource(string text, out string source)
    {
        source = text;
        return text.Length is >= 1 and <= Limits.SourceCharacters;
    }

    private static Problem TooLarge(Intake.TooLarge large) => new(
        StatusCodes.Status413PayloadTooLarge, "too-large", string.Create(CultureInfo.InvariantCulture, $"{large.What}: the limit is {large.Limit}; nothing was appended"));

    private static Problem Refused(Intake.Done done) => new(
        StatusCodes.Status422UnprocessableEntity, "no-event-accepted",
        done.Rejected.Count == 0 ? "the body holds no event; expected NDJSON or one array" : "no line was accepted; each is kept in quarantine",
        Extensions: to => Write(to, done));

    private static void WriteWhole(Utf8JsonWriter to, Intake.Done done)
    {
        to.WriteStartObject();
        Write(to, done);
        to.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter to, Intake.Done done)
    {
        to.WriteNumber("accepted"u8, done.Accepted);
        to.WriteStartArray("rejected"u8);
        foreach (var line in done.Rejected)
        {
            to.WriteStartObject();
            to.WriteNumber("line"u8, line.Line);
            to.WriteString("field"u8, line.Field);
            to.WriteString("reason"u8, line.Reason);
            to.WriteString("detail"u8, line.Detail);
            to.WriteEndObject();
        }
        to.WriteEndArray();
        to.WriteStartObject("positions"u8);
        foreach (var position in done.Positions) to.WriteNumber(position.Partition.ToString(CultureInfo.InvariantCulture), position.Offset);
        to.WriteEndObject();
    }
}
