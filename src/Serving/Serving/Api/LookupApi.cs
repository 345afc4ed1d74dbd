using System.Text;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Lifetime;
using Lambda.Domain.Views;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Search;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>Merged answers of many customers at once: from the partitions, as one customer's is, not from the warehouse.</summary>
internal static class LookupApi
{
    public static readonly Operation Post = new("POST", "/v1/customers/lookup", "lookupCustomers", "Merged answers of up to 1,000 customers", HandleAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud | Roles.Finance),
        Audited = Audited.Read,
        Detail = "In the order asked for; each customer has an outcome of its own: `found`, `unknown`, `overflow` (a metric does not fit its type) or `unavailable` (its partition "
            + "cannot answer now). Customers of one partition are read at one moment. `select` names columns; without it all are given that the caller may see. The audit log has an entry for each customer.",
        Request = new Body("Lookup", "Whose answers.", [JsonResponse.Json]) { IsOne = true },
        Replies =
        [
            new Reply(200, "An outcome for each.", "LookupAnswer"),
            Reply.Problem(400, "The body is wrong: too many ids, an id that is none, an unknown name."),
            Reply.Problem(403, "It names personal data that this key may not see."),
            Reply.Problem(413, "The body is over the limit."),
            Reply.Problem(415, "Media type is not supported."),
        ],
    };

    private static async Task HandleAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        using var body = (await JsonBody.ReadAsync(context, Limits.LookupBytes)).Only("ids", "select", "as_of");
        var ids = Ids(body.Texts("ids", Limits.LookupMax) ?? throw JsonBody.Bad("ids", "missing"));
        var select = body.Texts("select", Limits.ColumnsMax);
        int? asOf = body.OptionalText("as_of") is not { } text ? null : JsonValues.TryParseDay(text, out var day) ? day : throw JsonBody.Bad("as_of", $"found `{text}`, expected a day as YYYY-MM-DD");
        var columns = new ColumnsByDefinition(context.Caller(), select, state.Parts.Models?.Lifetime);
        _ = columns.Of(state.Parts.Definitions.Current); // names are checked though nobody be found

        var reads = await state.Parts.Reads.ReadManyAsync(ids, asOf, context.RequestAborted);
        context.AuditDetail($"{ids.Length} customers");
        context.AuditCustomers(ids);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, JsonResponse.Json, (ids, reads, columns), static (to, s) =>
        {
            to.WriteStartObject();
            to.WriteStartArray("customers");
            for (var i = 0; i < s.ids.Length; i++) Write(to, s.ids[i], s.reads[i], s.columns);
            to.WriteEndArray();
            to.WriteEndObject();
        });
    }

    private static CustomerId[] Ids(IReadOnlyList<string> texts)
    {
        var ids = new CustomerId[texts.Count];
        for (var i = 0; i < ids.Length; i++)
        {
            var bytes = Encoding.UTF8.GetByteCount(texts[i]);
            if (bytes is 0 or > CustomerId.MaxBytes) throw JsonBody.Bad("ids", $"ids[{i}] has {bytes} bytes, expected 1..{CustomerId.MaxBytes}");
            ids[i] = CustomerId.From(texts[i]);
        }
        return ids;
    }

    private static void Write(Utf8JsonWriter to, CustomerId customer, CustomerRead read, ColumnsByDefinition columns)
    {
        to.WriteStartObject();
        to.WriteString("customer_id", customer.Utf8);
        switch (read)
        {
            case CustomerRead.Found found:
                to.WriteString("outcome", "found");
                WriteFound(to, found, columns.Of(found.Answer.Definition));
                break;
            case CustomerRead.Unknown:
                to.WriteString("outcome", "unknown");
                break;
            case CustomerRead.Overflow overflow:
                to.WriteString("outcome", "overflow");
                to.WriteString("metric", overflow.Metric);
                break;
            case CustomerRead.Unavailable no:
                to.WriteString("outcome", "unavailable");
                to.WriteString("reason", no.Reason);
                break;
            default:
                throw new InvalidOperationException($"unknown read {read}");
        }
        to.WriteEndObject();
    }

    private static void WriteFound(Utf8JsonWriter to, CustomerRead.Found found, Chosen chosen)
    {
        var (answer, outputs) = (found.Answer, found.Answer.Definition.Outputs.Count);
        var estimates = chosen.Columns.Any(c => c.Column.Kind == OutputKind.Estimate) ? EstimateColumns.ValuesOf(answer, chosen.Model) : [];
        to.WriteStartObject("values");
        foreach (var column in chosen.Columns)
        {
            var index = column.Column.Index;
            if (index < outputs) column.Write(to, answer.Scalars[index], answer.Maps[index]);
            else if (column.Column.Kind == OutputKind.Segment) column.Write(to, Value.Bool(answer.Segments[index - outputs]), null);
            else column.Write(to, estimates.Length > 0 ? estimates[index - outputs - answer.Segments.Length] : Value.Null(column.Column.Type.Scalar), null);
        }
        to.WriteEndObject();
        if (chosen.WithSegments) JsonMaps.WriteTexts(to, "segments", answer.Definition.Segments.Where((_, i) => answer.Segments[i]).Select(s => s.Name));
        to.WritePropertyName("meta");
        CustomerJson.WriteMeta(to, found);
    }

    private sealed record Chosen(IReadOnlyList<ColumnJson> Columns, bool WithSegments, LifetimeModel? Model);

    /// <summary>While a new definition takes over, partitions may answer under the old and the new one.</summary>
    private sealed class ColumnsByDefinition(Caller caller, IReadOnlyList<string>? select, LifetimeModel? model)
    {
        private readonly Dictionary<string, Chosen> _byHash = [];

        public Chosen Of(ViewDefinition definition)
        {
            if (_byHash.TryGetValue(definition.Hash, out var known)) return known;
            var question = Question.Of(definition, caller, null, select, [], allByDefault: true);
            return _byHash[definition.Hash] = new Chosen(ColumnJson.Of(question.Columns), question.WithSegments, model);
        }
    }
}
