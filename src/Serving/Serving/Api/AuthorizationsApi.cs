using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Fraud.Rules;
using Lambda.Domain.Log;
using Lambda.Serving.Http;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>`POST /v1/authorizations`: the gateway asks, Lambda decides.</summary>
internal static class AuthorizationsApi
{
    private static readonly JsonEncodedText[] FeatureNames = [.. FraudFeatures.All.Select(f => JsonEncodedText.Encode(f.Name))];

    public static readonly Operation Post = new("POST", "/v1/authorizations", "postAuthorization", "Decide a transaction", HandleAsync)
    {
        Access = Access.For(Roles.Ingest | Roles.Fraud),
        Audited = Audited.No,
        Detail = "A transaction in, with `transaction_id` and `card_number` or `card_token`; the decision out, durable before it is answered. Asked again with the same content, the recorded decision is "
            + "answered, also after a crash; with another content, 409. `occurred_at` is required. A card number becomes a token before anything else happens; card numbers in other text are masked. "
            + "The answer never comes later than the deadline: what cannot be decided by then is answered by policy, with the cause under `marks`.",
        Parameters = [new Parameter("deadline_ms", ParameterPlace.Query, "integer", "Milliseconds until the answer, 5..10000; default 100, or what the body says under this name.")],
        Request = new Body("Authorization", "One transaction.", [JsonResponse.Json]) { IsOne = true },
        Replies =
        [
            new Reply(200, "The decision.", "AuthorizationAnswer"),
            Reply.Problem(400, "A parameter is wrong."),
            Reply.Problem(409, "The id is known with another content, or as an event that is no authorization."),
            Reply.Problem(413, "The body is over a limit."),
            Reply.Problem(415, "Media type or encoding is not supported."),
            Reply.Problem(422, "The body is not a transaction: names the field, the reason and what was expected. Nothing was recorded."),
        ],
    };

    public static readonly Operation Get = new("GET", AuthorizationPrefix + "{id}", "getAuthorization", "A recorded decision and what became of it", GetAsync)
    {
        Access = Access.For(Roles.Fraud),
        Audited = Audited.Read,
        Detail = "By the transaction's id. `status` is authorized, declined, settled, partially_reversed or reversed, by the `settlement` and `reversal` events that name it; the newest second or two may be missing. "
            + "Without `customer_id` all customers are looked through.",
        Parameters = [new Parameter("id", ParameterPlace.Path, "string", "Transaction id, percent-encoded."), new Parameter("customer_id", ParameterPlace.Query, "string", "Whose it is: quicker, and needed where several customers have this id.")],
        Replies =
        [
            new Reply(200, "The decision.", "AuthorizationRecord"), Reply.Problem(400, "A parameter is wrong."), Reply.Problem(404, "No authorization with this id is known."),
            Reply.Problem(409, "Several customers have one with this id."), Reply.Problem(503, "The warehouse does not answer; see Retry-After."),
        ],
    };

    public static readonly Operation Replay = new("GET", AuthorizationPrefix + "{id}/replay", "replayAuthorization", "Make a recorded decision again", ReplayAsync)
    {
        Access = Access.For(Roles.Fraud),
        Audited = Audited.Read,
        Detail = "From its record, the model and rules that it names, and the customer's raw events below its position. `identical` is true when everything is bit for bit what was recorded; `differing` names what is not, "
            + "`missing` what is not kept any more.",
        Parameters = Get.Parameters,
        Replies =
        [
            new Reply(200, "What it gives.", "DecisionReplay"), Reply.Problem(400, "A parameter is wrong."), Reply.Problem(404, "No authorization with this id is known."),
            Reply.Problem(409, "Several customers have one with this id."), Reply.Problem(503, "The warehouse does not answer; see Retry-After."),
        ],
    };

    private static async Task ReplayAsync(HttpContext context, ApiState state)
    {
        var row = await FindAsync(context, state);
        context.AuditPerson(state, row.Customer);
        var replay = state.Parts.Replay ?? throw new ProblemException(new Problem(StatusCodes.Status503ServiceUnavailable, "no-authorizations", "this node decides nothing"));
        var report = await replay.ReplayAsync(row, context.RequestAborted);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, JsonResponse.Json, (row, report), static (to, s) =>
        {
            to.WriteStartObject();
            to.WriteString("customer_id"u8, s.row.Customer.Utf8);
            to.WriteString("position"u8, new Position(s.row.Partition, s.row.Offset).ToString());
            to.WriteBoolean("identical"u8, s.report.IsIdentical);
            WriteNames(to, "differing", s.report.Differing);
            WriteNames(to, "missing", s.report.Missing);
            foreach (var (name, judgement) in new[] { ("recorded", s.report.Recorded), ("again", s.report.Again) })
            {
                to.WriteStartObject(name);
                to.WriteString("decision"u8, DecisionNames.Of(judgement.Decision));
                Write(to, judgement);
                to.WriteEndObject();
            }
            to.WriteEndObject();
        });
    }

    private const string AuthorizationPrefix = "/v1/authorizations/";

    private static async Task GetAsync(HttpContext context, ApiState state)
    {
        var row = await FindAsync(context, state);
        context.AuditPerson(state, row.Customer);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, JsonResponse.Json, (Row: row, Judgement: AuthorizationJson.Read(row.Body)), static (to, s) => WriteRecord(to, s.Row, s.Judgement));
    }

    /// <exception cref="ProblemException">There is none, or several.</exception>
    internal static async Task<AuthorizationRecordRow> FindAsync(HttpContext context, ApiState state)
    {
        var id = RawPath.CustomerId(context, AuthorizationPrefix).ToString();
        var query = new Query(context, "customer_id");
        var customer = query.Text("customer_id") is { Length: > 0 } text ? CustomerId.From(text) : (CustomerId?)null;
        var records = state.Parts.AuthorizationRecords ?? throw new ProblemException(new Problem(StatusCodes.Status503ServiceUnavailable, "no-authorizations", "this node decides nothing"));
        var rows = await records.OfAsync(id, customer is { } c ? Partitioner.PartitionOf(c.Utf8, state.Parts.Status.Partitions) : 0, customer, context.RequestAborted);
        return rows.Count switch
        {
            1 => rows[0],
            0 => throw new ProblemException(new Problem(StatusCodes.Status404NotFound, "unknown-authorization", "no authorization with this id is known")),
            _ => throw new ProblemException(new Problem(StatusCodes.Status409Conflict, "several-authorizations", $"{rows.Count} customers have one with this id; name one as customer_id")),
        };
    }

    private static void WriteRecord(Utf8JsonWriter to, AuthorizationRecordRow row, Judgement judgement)
    {
        to.WriteStartObject();
        to.WriteString("customer_id"u8, row.Customer.Utf8);
        to.WriteString("decision"u8, DecisionNames.Of(judgement.Decision));
        to.WriteString("status"u8, StatusOf(row, judgement));
        to.WriteNumber("billing_amount_minor"u8, row.BillingMinor);
        to.WriteNumber("settled_minor"u8, row.SettledMinor);
        to.WriteNumber("reversed_minor"u8, row.ReversedMinor);
        Write(to, judgement);
        WriteNames(to, "fired", judgement.Fired);
        WriteNames(to, "shadow", judgement.Shadow);
        WriteNames(to, "suppressed", judgement.Suppressed);
        WriteNames(to, "marks", judgement.Marks);
        to.WriteString("challenger"u8, judgement.Challenger);
        if (judgement.ChallengerScore is { } score) to.WriteNumber("challenger_score"u8, score);
        else to.WriteNull("challenger_score"u8);
        to.WriteString("position"u8, new Position(row.Partition, row.Offset).ToString());
        to.WriteEndObject();
    }

    private static void WriteNames(Utf8JsonWriter to, string name, IReadOnlyList<string> names)
    {
        to.WriteStartArray(name);
        foreach (var it in names) to.WriteStringValue(it);
        to.WriteEndArray();
    }

    private static string StatusOf(AuthorizationRecordRow row, Judgement judgement) =>
        judgement.Decision == Decision.Decline ? "declined"
        : row.ReversedMinor > 0 ? row.ReversedMinor >= Math.Max(row.BillingMinor, row.SettledMinor) ? "reversed" : "partially_reversed"
        : row.Changes.Count > 0 ? "settled"
        : "authorized";

    private static async Task HandleAsync(HttpContext context, ApiState state)
    {
        var began = Stopwatch.GetTimestamp();
        var authorizations = state.Parts.Authorizations ?? throw new ProblemException(new Problem(StatusCodes.Status503ServiceUnavailable, "no-authorizations", "this node decides nothing"));
        var deadline = (int)new Query(context, "deadline_ms").Long("deadline_ms", 0, 5, 10_000);
        var body = await RequestBody.ReadWithCardsAsync(context, Limits.AuthorizationBytes, EventsApi.MediaTypes);
        var reply = await authorizations.AskAsync(Encoding.UTF8.GetBytes(body), deadline, began, CancellationToken.None); // who hangs up does not undo what is decided
        await (reply switch
        {
            AuthorizationReply.Answered answered => JsonResponse.WriteAsync(context, StatusCodes.Status200OK, JsonResponse.Json, answered, Write),
            AuthorizationReply.Conflict conflict => new Problem(StatusCodes.Status409Conflict, "other-content", conflict.Detail).WriteAsync(context),
            AuthorizationReply.Invalid bad => new Problem(StatusCodes.Status422UnprocessableEntity, "invalid-transaction", bad.Field.Length == 0 ? bad.Detail : $"{bad.Field}: {bad.Detail}", Extensions: to =>
            {
                to.WriteString("field", bad.Field);
                to.WriteString("reason", bad.Reason);
            }).WriteAsync(context),
            _ => throw new InvalidOperationException($"unknown reply {reply}"),
        });
    }

    private static void Write(Utf8JsonWriter to, AuthorizationReply.Answered answer)
    {
        to.WriteStartObject();
        to.WriteString("transaction_id"u8, answer.TransactionId);
        to.WriteString("decision"u8, DecisionNames.Of(answer.Decision));
        if (answer.Judgement is { } judgement) Write(to, judgement);
        else
        {
            to.WriteNull("score"u8);
            AuthorizationJson.WriteReasons(to, [new Reason(answer.Marks[0].ToUpperInvariant(), "policy")]);
        }
        to.WriteStartArray("marks"u8);
        foreach (var mark in answer.Marks) to.WriteStringValue(mark);
        to.WriteEndArray();
        if (answer.At is { } at) to.WriteString("position"u8, at.ToString());
        else to.WriteNull("position"u8);
        to.WriteBoolean("recorded"u8, answer.At is not null);
        to.WriteBoolean("repeat"u8, answer.IsRepeat);
        to.WriteNumber("latency_us"u8, answer.LatencyMicros);
        to.WriteEndObject();
    }

    private const float WholeBelow = 1e6f;

    /// <summary>The shortest text either way; most features are counts, and those of whole numbers are made in a tenth of the time.</summary>
    private static void WriteNumber(Utf8JsonWriter to, JsonEncodedText name, float value)
    {
        if (value == (int)value && Math.Abs(value) < WholeBelow) to.WriteNumber(name, (int)value);
        else to.WriteNumber(name, value);
    }

    /// <summary>What the record says.</summary>
    internal static void Write(Utf8JsonWriter to, Judgement it)
    {
        if (it.Score is { } score) to.WriteNumber("score"u8, score);
        else to.WriteNull("score"u8);
        AuthorizationJson.WriteReasons(to, it.Reasons);
        to.WriteStartObject("features"u8);
        for (var i = 0; i < Math.Min(FeatureNames.Length, it.Features.Length); i++) WriteNumber(to, FeatureNames[i], it.Features[i]);
        to.WriteEndObject();
        to.WriteString("model"u8, it.Model);
        to.WriteString("rules"u8, it.Rules);
        to.WriteNumber("acceptors_epoch"u8, it.AcceptorsEpoch);
        to.WriteString("state"u8, string.Create(CultureInfo.InvariantCulture, $"{it.Partition}:{it.StateOffset}"));
        to.WriteString("decided_at"u8, DateTimeOffset.UnixEpoch.AddMicroseconds(it.DecidedAtMicros).ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
    }
}
