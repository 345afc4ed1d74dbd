using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Lambda.Domain.Events;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Security;
using Lambda.SpeedLayer.Ports;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>What was not taken, and taking it after all.</summary>
internal static class QuarantineApi
{
    public static readonly Operation List = new("GET", "/v1/admin/quarantine", "listQuarantine", "Quarantined input, oldest first", ListAsync)
    {
        Access = Access.For(Roles.Sre),
        Audited = Audited.Read,
        Detail = "Without the right to see personal data, fields that hold some and fields that the catalogue does not know read `(masked)`, and a line that is no JSON object does as a whole.",
        Parameters =
        [
            new Parameter("after", ParameterPlace.Query, "integer", "Only entries with a greater id: `next` of the page before."),
            new Parameter("limit", ParameterPlace.Query, "integer", $"1..{Limits.QuarantinePageMax}; default {Limits.QuarantinePageDefault}."),
            new Parameter("reason", ParameterPlace.Query, "string", "Only this reason."),
            new Parameter("all", ParameterPlace.Query, "boolean", "true also lists what was replayed."),
        ],
        Replies = [new Reply(200, "A page; `next` is null on the last.", "QuarantinePage"), Reply.Problem(400, "A parameter is wrong.")],
    };

    public static readonly Operation Add = new("POST", "/v1/admin/quarantine", "addQuarantine", "Keep what a source could not make an event of", AddAsync)
    {
        Access = Access.For(Roles.Ingest | Roles.Sre),
        Audited = Audited.Behind,
        Detail = "For importers: rows that could not be read. Card numbers are masked; what stands open already is not stored twice.",
        Request = new Body("RefusedRows", "The rows.", [JsonResponse.Json]),
        Replies = [new Reply(200, "They are kept.", "Kept"), Reply.Problem(400, "The body is not what was expected."), Reply.Problem(413, "The body is over the limit."), Reply.Problem(415, "Media type is not supported.")],
    };

    public static readonly Operation Replay = new("POST", "/v1/admin/quarantine/replay", "replayQuarantine", "Send open entries through validation again", ReplayAsync)
    {
        Access = Access.For(Roles.Sre),
        Audited = Audited.Change,
        Detail = "What is good now (a rule or a definition changed) is appended and closed; the rest stays. Conflicting duplicates are replayed only when named by id: they would conflict again.",
        Parameters =
        [
            new Parameter("ids", ParameterPlace.Query, "string", "Only these, separated by commas."),
            new Parameter("reason", ParameterPlace.Query, "string", "Only this reason."),
            new Parameter("limit", ParameterPlace.Query, "integer", $"At most so many, 1..{Limits.ReplayMax}; default {Limits.ReplayMax}."),
        ],
        Replies = [new Reply(200, "What came of it.", "Replay"), Reply.Problem(400, "A parameter is wrong."), Reply.Problem(429, "A queue is full; what was replayed before is closed.")],
    };

    private static Task ListAsync(HttpContext context, ApiState state)
    {
        var query = new Query(context, "after", "limit", "reason", "all");
        var limit = query.Int("limit", Limits.QuarantinePageDefault, 1, Limits.QuarantinePageMax);
        var quarantine = state.Parts.Quarantine;
        var mask = context.Caller().SeesPersonalData ? null : new EventMask();
        var entries = quarantine.List(query.Long("after", 0, 0, long.MaxValue), limit + 1, query.Text("reason"), query.Flag("all"));
        return JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to =>
        {
            to.WriteStartObject();
            to.WriteStartArray("entries");
            foreach (var entry in entries.Take(limit)) Write(to, entry, mask);
            to.WriteEndArray();
            if (entries.Count > limit) to.WriteNumber("next", entries[limit - 1].Id);
            else to.WriteNull("next");
            JsonMaps.WriteCounts(to, "open", quarantine.Counts());
            to.WriteEndObject();
        });
    }

    private static async Task AddAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var parts = state.Parts;
        using var body = await JsonBody.ReadAsync(context, Limits.RefusedBytes, mayHoldCards: true);
        var rows = body.List("rows", row => new QuarantineEntry(
            0, parts.NowMs, row.Text("source"), row.Long("line"), row.Text("field"), row.Text("reason"), row.Text("detail"), Encoding.UTF8.GetBytes(row.Text("raw"))));
        parts.Intake.Refuse(rows);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, JsonResponse.Json, rows.Count, static (to, n) =>
        {
            to.WriteStartObject();
            to.WriteNumber("kept", n);
            to.WriteEndObject();
        });
    }

    private static async Task ReplayAsync(HttpContext context, ApiState state)
    {
        var query = new Query(context, "ids", "reason", "limit");
        var ids = query.Parse<IReadOnlySet<long>?>("ids", null, "ids separated by commas", TryParseIds);
        var limit = query.Int("limit", Limits.ReplayMax, 1, Limits.ReplayMax);
        var report = await new QuarantineReplay(state.Parts).RunAsync(ids, query.Text("reason"), limit, context.RequestAborted);
        context.AuditDetail($"replayed {report.Replayed}, refused {report.Refused.Count}");
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to =>
        {
            to.WriteStartObject();
            to.WriteNumber("replayed", report.Replayed);
            to.WriteStartArray("refused");
            foreach (var (id, field, reason) in report.Refused)
            {
                to.WriteStartObject();
                to.WriteNumber("id", id);
                to.WriteString("field", field);
                to.WriteString("reason", reason);
                to.WriteEndObject();
            }
            to.WriteEndArray();
            to.WriteEndObject();
        });
    }

    /// <param name="mask">Null: personal data is shown.</param>
    private static void Write(Utf8JsonWriter to, QuarantineEntry entry, EventMask? mask)
    {
        to.WriteStartObject();
        to.WriteNumber("id", entry.Id);
        to.WritePropertyName("at");
        JsonValues.WriteInstant(to, entry.AtMs * Clock.MicrosPerMs);
        to.WriteString("source", entry.Source);
        to.WriteNumber("line", entry.Line);
        to.WriteString("field", entry.Field);
        to.WriteString("reason", entry.Reason);
        to.WriteString("detail", mask is null ? entry.Detail : EventMask.DetailOf(entry));
        if (mask is not null) to.WriteString("raw", mask.ApplyToAnything(entry.Raw.Span));
        else if (Utf8.IsValid(entry.Raw.Span)) to.WriteString("raw", entry.Raw.Span);
        else to.WriteBase64String("raw_base64", entry.Raw.Span);
        to.WritePropertyName("replayed_at");
        if (entry.ReplayedAtMs is { } at) JsonValues.WriteInstant(to, at * Clock.MicrosPerMs);
        else to.WriteNullValue();
        to.WriteEndObject();
    }

    private static bool TryParseIds(string text, out IReadOnlySet<long>? ids)
    {
        var parsed = new HashSet<long>();
        ids = parsed;
        foreach (var part in text.Split(','))
        {
            if (!long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var id)) return false;
            parsed.Add(id);
        }
        return true;
    }
}
