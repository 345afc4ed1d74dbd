using System.Text.Json.Nodes;
using Lambda.Serving.Ports;
using static Lambda.Serving.OpenApi.Schema;

namespace Lambda.Serving.OpenApi;

/// <summary>Schemas of the endpoints about many customers. What columns there are stands in the schema `Customer`.</summary>
internal static class PopulationSchemas
{
    public const string PurposeDoc = "What the customers shall be used for, such as `marketing`: only those whose newest consent for it grants it. Without it nobody's consent is asked.";

    public static IEnumerable<(string Name, JsonNode Schema)> All() =>
    [
        ("Search", Optional(
            ("where", Doc(Text, "A condition, such as `spend_90d >= 500000 and balance['credit_card'] < 0 and not dormant`.")),
            ("select", Doc(List(Text), "Columns to show: metrics, windows, derived values, segments by name, `segments` (all of them), `*`. Without it those that the question names.")),
            ("order_by", Doc(List(Text), $"Up to {Limits.SortKeysMax} values, each with `asc` or `desc` and `nulls first` or `nulls last` behind it if wished: `spend_90d / purchases_90d desc`.")),
            ("purpose", Doc(Text, PurposeDoc)),
            ("limit", Doc(Integer, $"0..{Limits.SearchPageMax}; default {Limits.SearchPageDefault}. 0 with `count` only counts.")),
            ("cursor", Doc(Text, "`next` of the page before, with the same `where`, `order_by` and `purpose`.")),
            ("count", Doc(Bool, "true: also how many there are, exactly.")))),
        ("SearchPage", SearchPage()),
        ("Timeline", Closed(("customer_id", Text), ("entries", List(TimelineEntry())), ("next", OrNull(Text)))),
        ("Explanation", Explanation()),
        ("Lookup", Optional(
            ("ids", Doc(List(Text), $"Up to {Limits.LookupMax} customer ids.")), ("select", Doc(List(Text), "As in a search; without it all.")), ("as_of", Doc(Day, "Default today.")))),
        ("LookupAnswer", Closed(("customers", List(LookupOutcome())))),
        ("Export", Optional(
            ("where", Doc(Text, "A condition as in a search; without it all customers.")),
            ("select", Doc(List(Text), "As in a search; without it all columns that the caller may see.")),
            ("purpose", Doc(Text, PurposeDoc)),
            ("format", OneOf("ndjson", "csv", "parquet")),
            ("to", Doc(Optional(("folder", Text), ("s3", Text)), "One of them, a path below the configured root: a job. Without it the rows are the answer.")))),
        ("Sql", Optional(
            ("sql", Text), ("parameters", Doc(new JsonObject { ["type"] = "object" }, "Values by name: strings, numbers, bools or null.")),
            ("limit", Doc(Integer, $"Rows at most, 1..{Limits.SqlRowsMax}; default {Limits.SqlRowsDefault}.")))),
        ("SqlRows", Closed(
            ("columns", List(Text)), ("types", Doc(List(Text), "As ClickHouse names them.")), ("rows", List(List(new JsonObject()))), ("truncated", Doc(Bool, "There are more rows than `limit`.")))),
        ("ExportJob", ExportJob()),
        ("ExportJobs", Closed(("exports", List(Ref("ExportJob"))))),
    ];

    private static JsonObject TimelineEntry() => Closed(
        ("at", Instant), ("type", Text), ("title", Doc(Text, "For people.")),
        ("amount", Doc(new JsonObject { ["type"] = new JsonArray("object", "null") }, "`minor` and `currency`; negative where money left the customer.")),
        ("count", Doc(Integer, "Events that this entry stands for: what happened in the app in one go is one entry.")), ("position", Doc(Text, "Of the newest of them.")))
        .Maybe("member", IdentitySchemas.Member);

    private static JsonObject Explanation()
    {
        var counted = Closed(("position", Text), ("event_id", Text), ("type", Text), ("occurred_at", Instant), ("part", OneOf("batch", "speed", "unknown")), ("value", Anything));
        counted["properties"]!["key"] = Text;
        return Closed(
            ("customer_id", Text), ("name", Text), ("kind", OneOf("metric", "derived", "segment")), ("type", Text), ("doc", Text), ("value", Doc(Anything, "The merged answer's.")),
            ("definition", Closed(("hash", Text), ("line", Doc(OrNull(Integer), "Where the definition declares it.")), ("text", OrNull(Text)), ("computed_as", OrNull(Text)))),
            ("inputs", Doc(new JsonObject { ["type"] = "object" }, "Of a derived value or a segment: what it reads, with its values.")),
            ("parts", Doc(List(Closed(("part", OneOf("batch", "closed", "open")), ("value", Anything))), "What each part alone gives. Counts and sums add up to the value.")),
            ("events", Doc(List(counted), "Of a metric: those that count, newest first, with what each gives.")),
            ("next", OrNull(Text)),
            ("meta", Closed(("epoch", Integer), ("cut", Doc(OrNull(Integer), "Events of the customer's partition with a lower offset are in the batch part.")), ("position", Text), ("as_of", Day)).Maybe("person", IdentitySchemas.Read())));
    }

    private static JsonObject Anything => [];

    private static JsonObject ExportJob() => Closed(
        ("export", Text), ("state", OneOf(Enum.GetNames<ExportState>().Select(n => n.ToLowerInvariant()))), ("node", Doc(Text, "Who runs it.")), ("by", Doc(Text, "Name of the key it was made with: it has its rights.")), ("place", Text), ("format", Text),
        ("definition", Text), ("where", OrNull(Text)), ("columns", List(Text)),
        ("oldest_epoch", Doc(Integer, "Of all rows when the job began.")), ("oldest_as_of", OrNull(Day)),
        ("parts_total", Doc(Integer, "0 until it is known.")), ("rows", Integer), ("bytes", Integer), ("created_at", Instant), ("ended_at", OrNull(Instant)), ("reason", OrNull(Text)),
        ("parts", Doc(List(Closed(("name", Text), ("rows", Integer), ("bytes", Integer), ("sha256", Text))), "Those written whole.")));

    private static JsonObject Values => Doc(new JsonObject { ["type"] = "object" }, "By column, as in `Customer`.");

    internal static JsonObject Meta => Closed(
        ("definition", Text),
        ("oldest_epoch", Doc(Integer, "The oldest batch view that a row of the population builds on.")),
        ("oldest_as_of", Doc(OrNull(Day), "The oldest day that a row is for; null when there is none.")),
        ("rows", Doc(Integer, "Customers in the population.")));

    private static JsonObject SearchPage()
    {
        var row = Closed(
            ("customer_id", Text), ("values", Values),
            ("position", Doc(Text, "`p:o`: every record of the customer's partition up to and including it is in the row.")), ("epoch", Integer), ("as_of", Day));
        row["properties"]!["segments"] = List(Text);
        var page = Closed(("customers", List(row)), ("next", Doc(OrNull(Text), "Cursor of the next page.")), ("meta", Meta));
        page["properties"]!["count"] = Doc(Integer, "How many the condition is true of; when asked for.");
        return page;
    }

    private static JsonObject LookupOutcome()
    {
        var outcome = Closed(("customer_id", Text), ("outcome", OneOf("found", "unknown", "overflow", "unavailable")));
        var properties = outcome["properties"]!;
        properties["values"] = Values;
        properties["segments"] = List(Text);
        properties["metric"] = Doc(Text, "The one that does not fit its type.");
        properties["reason"] = Doc(Text, "Why its partition cannot answer.");
        properties["meta"] = AnswerMeta;
        return outcome;
    }

    /// <summary>Of a merged answer.</summary>
    internal static JsonObject AnswerMeta => Closed(
        ("definition", Text), ("epoch", Integer), ("position", Text), ("as_of", Day), ("freshness_ms", Integer), ("source", OneOf(Enum.GetNames<ReadSource>().Select(n => n.ToLowerInvariant())))).Maybe("person", IdentitySchemas.Read());

    /// <summary>Exactly these properties, none of which must be there.</summary>
    internal static JsonObject Optional(params IEnumerable<(string Name, JsonNode Schema)> properties)
    {
        var schema = Closed(properties);
        schema["required"] = new JsonArray();
        return schema;
    }
}
