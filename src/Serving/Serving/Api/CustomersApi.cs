using System.Globalization;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Lifetime;
using Lambda.Domain.Log;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>One customer: the merged answer, and the events behind it.</summary>
internal static class CustomersApi
{
    private static readonly Parameter Id = new("id", ParameterPlace.Path, "string", "Customer id, percent-encoded.");

    public static readonly Operation Get = new("GET", "/v1/customers/{id}", "getCustomer", "The merged answer of one customer", GetAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud | Roles.Finance),
        Audited = Audited.Read,
        Detail = "Metrics, derived values and segments of the running definition, from the batch view and everything since. `estimates` are a model's (/v1/models/lifetime), not exact, and left out while there is none. `meta.position` names the newest record "
            + "that is in the answer: all records of the partition up to it are. Without the right to see personal data, columns marked `pii` are null and `meta.masked` names them.",
        Parameters =
        [
            Id,
            new Parameter("as_of", ParameterPlace.Query, "date", "UTC day that windows end on; default today."),
            new Parameter("at_least", ParameterPlace.Query, "string", "`p:o`, or several separated by commas, as a write returned them: the answer contains them. Positions of other partitions than the customer's, or those of the members of its person, hold trivially. `identity:n` names a record of the identity log."),
            new Parameter("wait_ms", ParameterPlace.Query, "integer", $"How long to wait for at_least, 0..{Limits.WaitMsMax}; default {Limits.WaitMsDefault}."),
        ],
        Replies =
        [
            new Reply(200, "The answer.", "Customer"),
            Reply.Problem(400, "A parameter is wrong."),
            Reply.Problem(404, "No event of this customer is known."),
            Reply.Problem(503, "at_least was not reached in time, or the partition is recovering; see Retry-After."),
        ],
    };

    public static readonly Operation Events = new("GET", "/v1/customers/{id}/events", "getCustomerEvents", "The customer's events, newest first", EventsAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud | Roles.Finance),
        Audited = Audited.Read,
        Detail = "Without the right to see personal data, fields that hold some and fields that the catalogue does not know read `(masked)`.",
        Parameters =
        [
            Id,
            new Parameter("limit", ParameterPlace.Query, "integer", $"1..{Limits.EventsPageMax}; default {Limits.EventsPageDefault}."),
            new Parameter("cursor", ParameterPlace.Query, "string", "`next` of the page before."),
        ],
        Replies =
        [
            new Reply(200, "A page; `next` is null on the last.", "EventsPage"),
            Reply.Problem(400, "A parameter is wrong."),
            Reply.Problem(404, "No event of this customer is known."),
        ],
    };

    private static Task GetAsync(HttpContext context, ApiState state)
    {
        var reads = state.Parts.Reads;
        var customer = RawPath.CustomerId(context);
        context.AuditPerson(state, customer);
        var query = new Query(context, "as_of", "at_least", "wait_ms");
        var asOf = query.Parse<int?>("as_of", null, "a day as YYYY-MM-DD", TryParseDay);
        var atLeast = AtLeast(query, state.Parts);
        var wait = query.Int("wait_ms", Limits.WaitMsDefault, 0, Limits.WaitMsMax);

        var read = reads.ReadAsync(customer, asOf, atLeast, TimeSpan.FromMilliseconds(wait), context.RequestAborted);
        var model = state.Parts.Models?.Lifetime;
        return read.IsCompletedSuccessfully ? AnswerAsync(context, customer, read.Result, model) : Await(context, customer, read, model);

        static async Task Await(HttpContext context, CustomerId customer, ValueTask<CustomerRead> read, LifetimeModel? model) =>
            await AnswerAsync(context, customer, await read, model);
    }

    /// <summary>The answer, or why there is none.</summary>
    internal static Task AnswerAsync(HttpContext context, CustomerId customer, CustomerRead read, LifetimeModel? model = null) => read switch
    {
        CustomerRead.Found found => JsonResponse.WriteAsync(
            context, StatusCodes.Status200OK, JsonResponse.Json, (customer, found, model, shows: context.Caller().SeesPersonalData),
            static (to, s) => CustomerJson.Write(to, s.customer, s.found, s.shows, s.model)),
        CustomerRead.Unknown => Unknown(customer).WriteAsync(context),
        CustomerRead.NotReached late => new Problem(
            StatusCodes.Status503ServiceUnavailable, "position-not-reached",
            string.Create(CultureInfo.InvariantCulture, $"at_least was not reached in time; partition {late.Partition} is at {late.Applied - 1}"), TimeSpan.FromSeconds(1)).WriteAsync(context),
        CustomerRead.Overflow overflow => new Problem(
            StatusCodes.Status500InternalServerError, "metric-overflow", $"metric {overflow.Metric} does not fit its type; narrow its `when` or window, or correct the events behind it",
            Extensions: to => to.WriteString("metric", overflow.Metric)).WriteAsync(context),
        CustomerRead.Unavailable no => new Problem(StatusCodes.Status503ServiceUnavailable, "unavailable", no.Reason, no.RetryAfter).WriteAsync(context),
        _ => throw new InvalidOperationException($"unknown read {read}"),
    };

    private static async Task EventsAsync(HttpContext context, ApiState state)
    {
        var customer = RawPath.CustomerId(context);
        context.AuditPerson(state, customer);
        var query = new Query(context, "limit", "cursor");
        var limit = query.Int("limit", Limits.EventsPageDefault, 1, Limits.EventsPageMax);
        var cursor = query.Parse<EventCursor?>("cursor", null, "`next` of the page before", TryParseCursor);

        var rows = await state.Parts.Reads.EventsAsync(customer, cursor, limit + 1, context.RequestAborted); // one more tells whether there is a next page
        if (rows.Count == 0 && cursor is null) await Unknown(customer).WriteAsync(context);
        else
        {
            var mask = context.Caller().SeesPersonalData ? null : new EventMask();
            await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, JsonResponse.Json, (customer, rows, limit, mask), static (to, s) => WritePage(to, s.customer, s.rows, s.limit, s.mask));
        }
    }

    /// <param name="mask">Null: personal data is shown.</param>
    internal static void WriteEvent(Utf8JsonWriter to, CustomerEventRow row, EventMask? mask)
    {
        to.WriteStartObject();
        to.WriteString("position", new Position(row.Partition, row.Offset).ToString());
        if (row.Member is { } member) to.WriteString("member", member.Utf8);
        to.WritePropertyName("occurred_at");
        JsonValues.WriteInstant(to, row.OccurredAtMicros);
        to.WritePropertyName("appended_at");
        JsonValues.WriteInstant(to, row.AppendedAtMs * Clock.MicrosPerMs);
        to.WritePropertyName("event");
        to.WriteRawValue(mask is null ? row.Body.Span : mask.Apply(row.Body.Span), skipInputValidation: true);
        to.WriteEndObject();
    }

    /// <param name="mask">Null: personal data is shown.</param>
    private static void WritePage(Utf8JsonWriter to, CustomerId customer, IReadOnlyList<CustomerEventRow> rows, int limit, EventMask? mask)
    {
        to.WriteStartObject();
        to.WriteString("customer_id", customer.Utf8);
        to.WriteStartArray("events");
        foreach (var row in rows.Take(limit)) WriteEvent(to, row, mask);
        to.WriteEndArray();
        to.WriteString("next", rows.Count > limit ? TextOf(rows[limit - 1].Cursor) : null);
        to.WriteEndObject();
    }

    internal static Problem Unknown(CustomerId customer) =>
        new(StatusCodes.Status404NotFound, "unknown-customer", $"no event of customer `{customer}` is known");

    /// <summary>The highest position of each partition that is named; one of the identity log is waited for here.</summary>
    private static IReadOnlyList<Position>? AtLeast(Query query, ServingParts parts)
    {
        Dictionary<int, long>? wanted = null;
        foreach (var text in query.All("at_least"))
            foreach (var part in (text ?? "").Split(','))
            {
                if (part.StartsWith(IdentityPrefix, StringComparison.Ordinal) && long.TryParse(part.AsSpan(IdentityPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && parts.Identity is not null)
                {
                    parts.Identity.Reach(number);
                    continue;
                }
                if (!Position.TryParse(part, out var position) || position.Partition >= parts.Status.Partitions)
                    throw new ProblemException(Problem.BadParameter("at_least", part, $"partition:offset with a partition below {parts.Status.Partitions}, or {IdentityPrefix}number"));
                wanted ??= [];
                wanted[position.Partition] = Math.Max(position.Offset, wanted.GetValueOrDefault(position.Partition, -1));
            }
        return wanted is null ? null : [.. wanted.Select(w => new Position(w.Key, w.Value))];
    }

    private const string IdentityPrefix = "identity:";

    private static bool TryParseDay(string text, out int? day)
    {
        var ok = JsonValues.TryParseDay(text, out var value);
        day = value;
        return ok;
    }

    internal static string TextOf(EventCursor cursor) => cursor.Partition is { } partition
        ? string.Create(CultureInfo.InvariantCulture, $"{cursor.OccurredAtMicros}:{cursor.Offset}:{partition}")
        : string.Create(CultureInfo.InvariantCulture, $"{cursor.OccurredAtMicros}:{cursor.Offset}");

    internal static bool TryParseCursor(string text, out EventCursor? cursor)
    {
        cursor = null;
        string[] parts = text.Split(':');
        var partition = 0;
        if (parts.Length is not (2 or 3)
            || !long.TryParse(parts[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var micros)
            || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            || (parts.Length == 3 && !int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out partition))) return false;
        cursor = new EventCursor(micros, offset, parts.Length == 3 ? partition : null);
        return true;
    }
}
