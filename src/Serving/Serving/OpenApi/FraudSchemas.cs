using System.Text.Json.Nodes;
using static Lambda.Serving.OpenApi.Schema;

namespace Lambda.Serving.OpenApi;

/// <summary>Schemas of fraud models.</summary>
internal static class FraudSchemas
{
    public static IEnumerable<(string Name, JsonNode Schema)> All() =>
    [
        ("PromoteRequest", Closed(("model", Doc(Text, "Hash of a model that is kept, or how it begins.")))),
        ("FraudModels", Closed(
            ("acceptors", Closed(("epoch", Doc(Integer, "Of the table that this node asks; 0 before the first.")), ("count", Integer), ("published", Doc(Integer, "Epoch of the newest table.")))),
            ("served", Doc(OrNull(Text), "The champion that this node asks: another than `champion` where that could not be loaded.")),
            ("champion", OrNull(Text)), ("challenger", Doc(OrNull(Text), "Scores in shadow.")), ("trained_epoch", Integer), ("failure", OrNull(Text)),
            ("models", List(Closed(
                ("model", Doc(Text, "SHA-256 of its file.")), ("epoch", Integer), ("trained_from", Day), ("cut", Doc(Day, "The day behind the last one that it was trained on.")), ("label_delay_days", Integer),
                ("rows", Integer), ("frauds", Integer), ("tested", Quality()), ("judged", Doc(OrNull(Quality()), "On the newest days with labels.")),
                ("promoted_epoch", OrNull(Integer)), ("promoted_by", Doc(OrNull(Text), "first, rule or hand; null for one that never decided."))))),
            ("check", OrNull(Closed(
                ("epoch", Integer), ("decisions", Integer), ("mismatches", Doc(Integer, "Had seen something else than raw events say.")), ("without_table", Doc(Integer, "The table they name is gone.")),
                ("first", Doc(List(Text), "Positions `p:o` of the first mismatches."))))),
            ("drift", OrNull(Closed(("model", Text), ("rows", Integer), ("psi", Doc(new JsonObject { ["type"] = "object", ["additionalProperties"] = Number }, "By feature."))))))),
    ];

    private static JsonObject Quality() => Closed(("auc", Number), ("average_precision", Number), ("card_precision_100", Number));
}
