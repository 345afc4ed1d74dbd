using System.Text.Json.Nodes;
using Lambda.Domain.Events;
using Lambda.Domain.Views;
using Lambda.Serving.Ports;
using static Lambda.Serving.OpenApi.Schema;

namespace Lambda.Serving.OpenApi;

/// <summary>The answer's schema, as the definition has it: it changes when another definition is published.</summary>
internal static class CustomerSchema
{
    public static JsonObject Of(ViewDefinition definition)
    {
        var schema = Exact(definition);
        if (definition.Lifetime is not null) schema["properties"]!["estimates"] = Estimates();
        schema["properties"]!["meta"]!["properties"]!["masked"] = Doc(List(Text), "Columns that the key may not see: null in them says nothing. Missing when all are shown.");
        ((JsonObject)schema["properties"]!["meta"]!).Maybe("person", IdentitySchemas.Read());
        return schema;
    }

    private static JsonObject Estimates() => Doc(
        Closed(
            ("p_alive", Doc(Number, "Probability that the customer has not left.")),
            ("expected_purchases_90d", Doc(Number, "Days with a purchase in the next 90.")),
            ("ltv_365d_minor", Doc(OrNull(Integer), "Spending of the next 365 days, undiscounted.")),
            ("rfm", Doc(OrNull(Text), "Recency, frequency, monetary value: a digit each, 5 is the best fifth.")),
            ("model", Doc(Text, "Its version; /v1/models/lifetime tells of it."))),
        "A model's, not exact. Left out before the first fit, and of who never bought.");

    private static JsonObject Exact(ViewDefinition definition) => Closed(
        ("customer_id", Text),
        ("metrics", Closed(Outputs(definition, OutputKind.Metric))),
        ("derived", Closed(Outputs(definition, OutputKind.Derived))),
        ("segments", definition.Segments.Count == 0 ? List(Text) : List(OneOf(definition.Segments.Select(s => s.Name)))),
        ("meta", Closed(
            ("definition", Doc(Text, "Hash of the definition this answer follows.")),
            ("epoch", Doc(Integer, "Published batch view it builds on; 0 before the first run.")),
            ("position", Doc(Text, "`p:o`: every record of the customer's partition up to and including it is in the answer.")),
            ("as_of", Day),
            ("freshness_ms", Doc(Integer, "Age of the oldest record not yet applied; 0 if none.")),
            ("source", Doc(OneOf(Enum.GetNames<ReadSource>().Select(n => n.ToLowerInvariant())), "What it was made from.")))));

    private static IEnumerable<(string, JsonNode)> Outputs(ViewDefinition definition, OutputKind kind) =>
        definition.Outputs.Where(o => o.Kind == kind).Select(o => (o.Name, (JsonNode)Of(o)));

    private static JsonObject Of(OutputColumn output)
    {
        var schema = output.Keys is null ? OrNull(Scalar(output.Type.Scalar)) : Map(output);
        if (output.Pii) schema["x-pii"] = true;
        return Doc(schema, output.Doc);
    }

    private static JsonObject Map(OutputColumn output)
    {
        var keys = new JsonObject();
        foreach (var key in output.Keys!) keys[key] = Scalar(output.Type.Scalar);
        return new JsonObject { ["type"] = "object", ["properties"] = keys, ["additionalProperties"] = false };
    }

    private static JsonObject Scalar(ScalarType type) => type switch
    {
        ScalarType.Int64 => Integer,
        ScalarType.Decimal => Doc(new JsonObject { ["type"] = "number" }, "Exact decimal text, up to 6 decimals."),
        ScalarType.Text => Text,
        ScalarType.Bool => Bool,
        ScalarType.Day => Day,
        ScalarType.Instant => Instant,
        _ => throw new InvalidOperationException($"scalar type {type}"),
    };
}
