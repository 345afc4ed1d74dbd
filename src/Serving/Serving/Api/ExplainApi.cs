using System.Globalization;
using System.Text.Json;
using Lambda.Domain.Definitions;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.Serving.Customer;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>Why a value is what it is.</summary>
internal static class ExplainApi
{
    public static readonly Operation Get = new("GET", "/v1/customers/{id}/explain", "explainCustomerValue", "Why a metric, a derived value or a segment is what it is", HandleAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud | Roles.Finance),
        Audited = Audited.Read,
        Detail = "The definition's text, what the batch view and the two deltas give on their own, and for a metric the events that count, newest first, each with what it gives: they can be added up. "
            + "Events behind `position` are left out, so that they fit the value.",
        Parameters =
        [
            new Parameter("id", ParameterPlace.Path, "string", "Customer id, percent-encoded."),
            new Parameter("metric", ParameterPlace.Query, "string", "Name of a metric with its window (`spend_30d`), a derived value or a segment."),
            new Parameter("limit", ParameterPlace.Query, "integer", $"Events, 1..{Limits.HistoryPageMax}; default {Limits.HistoryPageDefault}."),
            new Parameter("cursor", ParameterPlace.Query, "string", "`next` of the page before."),
        ],
        Replies =
        [
            new Reply(200, "The value and what it is made of.", "Explanation"),
            Reply.Problem(400, "A parameter is wrong."),
            Reply.Problem(403, "It is personal data, which this key may not see."),
            Reply.Problem(404, "No event of this customer is known."),
            Reply.Problem(503, "The partition or the warehouse does not answer; see Retry-After."),
        ],
    };

    private sealed record Counted(Position Position, string EventId, string Type, long AtMicros, string Part, Value Value, string? Key);

    private sealed record Explained(
        CustomerId Customer, CustomerParts Parts, OutputColumn Column, Expr? Rule, Answer Merged, Answer[] Alone, IReadOnlyList<Counted> Events, EventCursor? Next, bool SeesPersonalData);

    private static async Task HandleAsync(HttpContext context, ApiState state)
    {
        var customer = RawPath.CustomerId(context);
        context.AuditPerson(state, customer);
        var query = new Query(context, "metric", "limit", "cursor");
        var name = query.Text("metric") ?? throw new ProblemException(Problem.BadParameter("metric", null, "the name of a metric, a derived value or a segment"));
        var limit = query.Int("limit", Limits.HistoryPageDefault, 1, Limits.HistoryPageMax);
        var cursor = query.Parse<EventCursor?>("cursor", null, "`next` of the page before", CustomersApi.TryParseCursor);
        if (await state.Parts.Reads.PartsAsync(customer, context.RequestAborted) is not { } parts)
        {
            await CustomersApi.Unknown(customer).WriteAsync(context);
            return;
        }
        var column = ColumnNamed(parts.View.Definition, name, context.Caller());
        var day = Clock.DayOfMs(state.Parts.NowMs);
        var merged = parts.View.Finish(parts.Batch, parts.Closed, parts.Open, day);
        Answer[] alone = [parts.View.Finish(parts.Batch, null, null, day), parts.View.Finish(null, parts.Closed, null, day), parts.View.Finish(null, null, parts.Open, day)];
        var (events, next) = column.Metric is null ? ([], null) : await EventsAsync(state.Parts.Reads, customer, parts, column, day, cursor, limit, context.RequestAborted);
        var explained = new Explained(customer, parts, column, RuleOf(parts.View.Definition, column), merged, alone, events, next, context.Caller().SeesPersonalData);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, JsonResponse.Json, explained, Write);
    }

    private static OutputColumn ColumnNamed(ViewDefinition definition, string name, Caller caller)
    {
        var columns = PopulationColumns.Of(definition);
        if (columns.Named(name) is not { Kind: not (OutputKind.CustomerId or OutputKind.Estimate) } column)
            throw new ProblemException(Problem.BadParameter("metric", name, $"the name of a metric, a derived value or a segment{Suggestion.For(name, columns.All.Except(columns.Estimates).Select(c => c.Name))}"));
        return column.Pii && !caller.SeesPersonalData
            ? throw new ProblemException(new Problem(StatusCodes.Status403Forbidden, "personal-data", $"metric: `{name}` is personal data, which this key may not see"))
            : column;
    }

    private static Expr? RuleOf(ViewDefinition definition, OutputColumn column) => column.Kind switch
    {
        OutputKind.Derived => definition.Derived.FirstOrDefault(d => d.Name == column.Name)?.Expression,
        OutputKind.Segment => definition.Segments.First(s => s.Name == column.Name).Rule,
        _ => null,
    };

    private static async Task<(IReadOnlyList<Counted>, EventCursor?)> EventsAsync(
        ICustomerReads reads, CustomerId customer, CustomerParts parts, OutputColumn column, int day, EventCursor? cursor, int limit, CancellationToken cancel)
    {
        var trace = new MetricTrace(column);
        var events = new List<Counted>();
        var first = trace.FirstDay(day);
        var next = await new History(reads, customer).WalkAsync(cursor, first == int.MinValue ? long.MinValue : first * Clock.MicrosPerDay, (stored, row) =>
        {
            var (applied, newest) = parts.Of(stored);
            if (stored.Offset >= applied || !trace.Counts(row, day, out var value, out var key)) return true;
            var part = newest is not { } cut ? "unknown" : stored.Offset < cut ? "batch" : "speed";
            events.Add(new Counted(new Position(stored.Partition, stored.Offset), System.Text.Encoding.UTF8.GetString(row.EventId), row.Type.Name, row.OccurredAtMicros, part, value, key));
            return events.Count < limit;
        }, cancel);
        return (events, next);
    }

    private static void Write(Utf8JsonWriter to, Explained e)
    {
        var definition = e.Parts.View.Definition;
        var declared = Declaration.Find(definition.Text, e.Column.Metric?.Name ?? e.Column.Name);
        to.WriteStartObject();
        to.WriteString("customer_id", e.Customer.Utf8);
        to.WriteString("name", e.Column.Name);
        to.WriteString("kind", e.Column.Kind.ToString().ToLowerInvariant());
        to.WriteString("type", e.Column.Type.Words());
        to.WriteString("doc", e.Column.Doc);
        WriteValue(to, "value", e, e.Merged);
        to.WriteStartObject("definition");
        to.WriteString("hash", definition.Hash);
        if (declared is null) to.WriteNull("line");
        else to.WriteNumber("line", declared.Line);
        to.WriteString("text", declared?.Text);
        to.WriteString("computed_as", e.Rule is null ? null : ExprProse.Print(e.Rule));
        to.WriteEndObject();
        WriteInputs(to, e);
        to.WriteStartArray("parts");
        foreach (var (name, answer) in new[] { ("batch", e.Alone[0]), ("closed", e.Alone[1]), ("open", e.Alone[2]) })
        {
            to.WriteStartObject();
            to.WriteString("part", name);
            WriteValue(to, "value", e, answer);
            to.WriteEndObject();
        }
        to.WriteEndArray();
        WriteEvents(to, e);
        to.WriteStartObject("meta");
        to.WriteNumber("epoch", e.Parts.Epoch);
        if (e.Parts.Cut is { } cut) to.WriteNumber("cut", cut);
        else to.WriteNull("cut");
        to.WriteString("position", new Position(e.Parts.Partition, Math.Max(0, e.Parts.Applied - 1)).ToString());
        to.WritePropertyName("as_of");
        JsonValues.WriteDay(to, e.Merged.AsOfDay);
        if (e.Parts.Person is { } person) PersonJson.Write(to, person);
        to.WriteEndObject();
        to.WriteEndObject();
    }

    private static void WriteInputs(Utf8JsonWriter to, Explained e)
    {
        to.WriteStartObject("inputs");
        foreach (var index in e.Rule is null ? [] : ExprTree.Outputs(e.Rule))
        {
            var input = e.Parts.View.Definition.Outputs[index];
            if (!input.Pii || e.SeesPersonalData) new ColumnJson(input).Write(to, e.Merged.Scalars[index], e.Merged.Maps[index]);
        }
        to.WriteEndObject();
    }

    private static void WriteEvents(Utf8JsonWriter to, Explained e)
    {
        to.WriteStartArray("events");
        foreach (var counted in e.Events)
        {
            to.WriteStartObject();
            to.WriteString("position", counted.Position.ToString());
            to.WriteString("event_id", counted.EventId);
            to.WriteString("type", counted.Type);
            to.WritePropertyName("occurred_at");
            JsonValues.WriteInstant(to, counted.AtMicros);
            to.WriteString("part", counted.Part);
            to.WritePropertyName("value");
            JsonValues.Write(to, counted.Value);
            if (counted.Key is not null) to.WriteString("key", counted.Key);
            to.WriteEndObject();
        }
        to.WriteEndArray();
        to.WriteString("next", e.Next is { } next ? CustomersApi.TextOf(next) : null);
    }

    private static void WriteValue(Utf8JsonWriter to, string name, Explained e, Answer answer)
    {
        var outputs = answer.Definition.Outputs;
        if (e.Column.Index >= outputs.Count) to.WriteBoolean(name, answer.Segments[e.Column.Index - outputs.Count]);
        else new ColumnJson(e.Column).WriteAs(to, name, answer.Scalars[e.Column.Index], answer.Maps[e.Column.Index]);
    }
}
