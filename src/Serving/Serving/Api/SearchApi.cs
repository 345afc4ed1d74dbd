using System.Text.Json;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Search;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>Customers by what is known about them.</summary>
internal static class SearchApi
{
    public static readonly Operation Post = new("POST", "/v1/customers/search", "searchCustomers", "Customers that a condition is true of", HandleAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud | Roles.Finance),
        Audited = Audited.Read,
        Detail = "`where` and `order_by` are written in the language of definitions, over metrics with their windows, derived values, segments (by name, as bools), `customer_id` and `today`. "
            + "Each row is exact at its own `position` and day; rows are brought up to date within two seconds of an event, so a page is no snapshot of one moment. "
            + "Days and instants outside 1900 to 2299 are taken as the nearest within. Order is total: customer id decides between equals; nulls come last unless the key says `nulls first`. The audit log has an entry for each customer shown.",
        Request = new Body("Search", "What is asked.", [JsonResponse.Json]) { IsOne = true },
        Replies =
        [
            new Reply(200, "A page; `next` is null on the last.", "SearchPage"),
            Reply.Problem(400, "The body is wrong: an unknown name, a type that does not fit (with its place), a cursor of another question."),
            Reply.Problem(403, "It names personal data that this key may not see."),
            Reply.Problem(413, "The body is over the limit."),
            Reply.Problem(415, "Media type is not supported."),
            Reply.Problem(422, "The question took more time or memory than one gets."),
            Reply.Problem(503, "The population is not there yet, or the warehouse does not answer; see Retry-After."),
        ],
    };

    private static async Task HandleAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var parts = state.Parts.Population;
        using var body = (await JsonBody.ReadAsync(context, Limits.SearchBytes)).Only("where", "select", "order_by", "purpose", "limit", "cursor", "count");
        var limit = body.Int("limit", Limits.SearchPageDefault, 0, Limits.SearchPageMax);
        var definition = await parts.Reads.ShownAsync(context.RequestAborted);
        var question = Question.Of(
            definition, context.Caller(), body.OptionalText("where"), body.Texts("select", Limits.ColumnsMax), body.Texts("order_by", Limits.SortKeysMax) ?? [], allByDefault: false,
            body.OptionalText("purpose"));
        await AnswerAsync(context, parts, question, limit, body.OptionalText("cursor"), body.Flag("count"));
    }

    /// <summary>One page of a question's answer.</summary>
    internal static async Task AnswerAsync(HttpContext context, PopulationParts parts, Question question, int limit, string? cursor, bool counts)
    {
        var (definition, cancel) = (question.Definition, context.RequestAborted);
        var where = question.Where;
        if (cursor is not null)
        {
            var behind = Behind(question, new Cursor(parts.CursorKey), cursor);
            where = where is null ? behind : Keyset.And(where, behind);
        }
        var query = new PopulationQuery(definition, where, question.Columns, question.WithSegments, question.OrderBy, limit + 1); // one more tells whether there is a next page
        var hits = limit == 0 ? Task.FromResult<IReadOnlyList<PopulationHit>>([]) : parts.Reads.SearchAsync(query, cancel);
        var count = counts ? parts.Reads.CountAsync(definition, question.Where, cancel) : null;
        var summary = parts.Reads.SummaryAsync(definition, cancel).AsTask();
        await Task.WhenAll(count is null ? [hits, summary] : [hits, summary, count]);
        var next = hits.Result.Count > limit ? Next(question, new Cursor(parts.CursorKey), hits.Result[limit - 1]) : null;
        List<PopulationHit> shown = [.. hits.Result.Take(limit)];
        context.AuditDetail($"{shown.Count} customers, {question.ColumnNames}");
        context.AuditCustomers(shown.Select(h => h.Customer));
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => Write(to, question, shown, next, count?.Result, summary.Result));
    }

    private static Domain.Expressions.Expr Behind(Question question, Cursor cursors, string cursor) =>
        cursors.TryRead(cursor, question.Fingerprint(), [.. question.OrderBy.Select(k => k.Value.Type.Scalar)], out var values, out var customer) switch
        {
            Cursor.Fault.None => Keyset.Behind(question.OrderBy, values, question.CustomerId, customer),
            Cursor.Fault.OtherQuestion => throw new ProblemException(new Problem(StatusCodes.Status400BadRequest, "cursor-of-another-question",
                "cursor: it belongs to another `where` or `order_by`, or the definition has changed since: begin again without it", Extensions: to => to.WriteString("parameter", "cursor"))),
            _ => throw JsonBody.Bad("cursor", "is no `next` of a page before"),
        };

    private static string Next(Question question, Cursor cursors, PopulationHit last)
    {
        var next = cursors.Write(question.Fingerprint(), last.Sort, last.Customer.ToString());
        return next.Length <= Cursor.CharactersMax ? next : throw new ProblemException(new Problem(
            StatusCodes.Status422UnprocessableEntity, "query-size-limit", "a row's sort values are too long for a cursor: sort by something shorter"));
    }

    private static void Write(Utf8JsonWriter to, Question question, IEnumerable<PopulationHit> hits, string? next, long? count, PopulationSummary summary)
    {
        var columns = ColumnJson.Of(question.Columns);
        to.WriteStartObject();
        to.WriteStartArray("customers");
        foreach (var hit in hits) WriteHit(to, question, columns, hit);
        to.WriteEndArray();
        to.WriteString("next", next);
        if (count is { } exact) to.WriteNumber("count", exact);
        WriteMeta(to, question.Definition, summary);
        to.WriteEndObject();
    }

    internal static void WriteMeta(Utf8JsonWriter to, ViewDefinition definition, PopulationSummary summary)
    {
        to.WriteStartObject("meta");
        to.WriteString("definition", definition.Hash);
        to.WriteNumber("oldest_epoch", summary.OldestEpoch);
        to.WritePropertyName("oldest_as_of");
        if (summary.OldestAsOfDay is { } day) JsonValues.WriteDay(to, day);
        else to.WriteNullValue();
        to.WriteNumber("rows", summary.Rows);
        to.WriteEndObject();
    }

    private static void WriteHit(Utf8JsonWriter to, Question question, IReadOnlyList<ColumnJson> columns, PopulationHit hit)
    {
        to.WriteStartObject();
        to.WriteString("customer_id", hit.Customer.Utf8);
        to.WriteStartObject("values");
        for (var i = 0; i < columns.Count; i++) columns[i].Write(to, hit.Scalars[i], hit.Maps[i]);
        to.WriteEndObject();
        if (question.WithSegments) JsonMaps.WriteTexts(to, "segments", hit.Segments);
        to.WriteString("position", new Position(hit.Partition, Math.Max(0, hit.Applied - 1)).ToString());
        to.WriteNumber("epoch", hit.Epoch);
        to.WritePropertyName("as_of");
        JsonValues.WriteDay(to, hit.AsOfDay);
        to.WriteEndObject();
    }
}
