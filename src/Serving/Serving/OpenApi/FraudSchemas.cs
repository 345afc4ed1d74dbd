using System.Text.Json.Nodes;
using static Lambda.Serving.OpenApi.Schema;

namespace Lambda.Serving.OpenApi;

/// <summary>Schemas of fraud models.</summary>
internal static class FraudSchemas
{
    public static IEnumerable<(string Name, JsonNode Schema)> All() =>
    [
        ("PromoteRequest", Closed(("model", Doc(Text, "Hash of a model that is kept, or how it begins.")))),
        ("RuleBacktest", Closed(
            ("rules", Doc(Text, "SHA-256 of the text that was tried.")), ("decisions", Count()), ("changed", Count()), ("stopped_then", Doc(Count(), "Reviewed or declined, as recorded.")), ("stopped_now", Doc(Count(), "As it would be.")),
            ("changes", Doc(List(Closed(("recorded", OneOf("approve", "review", "decline")), ("now", OneOf("approve", "review", "decline")), ("decisions", Count()))), "All decisions by what they were and would be, the unchanged too.")),
            ("list", List(Closed(
                ("name", Text), ("mode", OneOf("active", "shadow")), ("decision", OneOf("review", "decline")), ("fired", Doc(Count(), "In shadow: would have.")), ("suppressed", Integer),
                ("alone", Doc(Count(), "Decisions that would be others without this rule; of one in shadow, with it.")), ("stopped_otherwise", Doc(Count(), "Stopped were this rule not there; of one in shadow, were it active."))))),
            ("unreadable", Doc(Integer, "Recorded by a version with other features or fields.")),
            ("remade", Doc(Closed(("count", Integer), ("differing", Integer), ("not_kept", Integer), ("first", Doc(List(Text), "Positions `p:o` of the first that differ."))), "The same decisions by the rules that made them: `differing` must be 0.")))),
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

    private static JsonObject Count() => Closed(("count", Integer), ("frauds", Doc(Integer, "Of these by the labels known now.")));

    private static JsonObject Quality() => Closed(("auc", Number), ("average_precision", Number), ("card_precision_100", Number));
}
