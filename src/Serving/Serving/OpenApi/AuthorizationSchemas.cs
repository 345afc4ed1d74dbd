using System.Text.Json.Nodes;
using static Lambda.Serving.OpenApi.Schema;

namespace Lambda.Serving.OpenApi;

/// <summary>Schemas of decisions.</summary>
internal static class AuthorizationSchemas
{
    public static IEnumerable<(string Name, JsonNode Schema)> All() =>
    [
        ("Authorization", Doc(Open(
                ("transaction_id", Doc(Text, "Unique per customer; `event_id` is taken for it, too.")), ("occurred_at", Doc(Instant, "When it happened; at most 24 h ahead of the clock.")), ("currency", Text))
            .Maybe("card_number", Doc(Text, "Digits, maybe with spaces or dashes. Never kept: its token is.")).Maybe("card_token", Doc(Text, "Instead of the number."))
            .Maybe("customer_id", Doc(Text, "Needed only for a card that no `card` event named; else it must be the card's customer."))
            .Maybe("amount", new JsonObject { ["type"] = new JsonArray("string", "number"), ["description"] = "Or amount_minor." })
            .Maybe("deadline_ms", Doc(Integer, "5..10000; default 100.")), "A transaction without status. Further fields as of the event `transaction`; unknown ones are kept.")),
        ("AuthorizationAnswer", Answer()),
        ("FraudRules", Closed(("rules", Doc(Text, "SHA-256 of the text: what decisions name them by.")), ("list", List(Closed(
            ("name", Text), ("mode", OneOf("active", "shadow")), ("decision", OneOf("review", "decline")), ("reason", Text), ("when", Text), ("velocity", Doc(Bool, "It has a velocity limit."))))),
            ("suppressions", Integer), ("text", Text))),
        ("AuthorizationRecord", Record()),
        ("DecisionReplay", Closed(("customer_id", Text), ("position", Text), ("identical", Bool), ("differing", List(Text)), ("missing", List(Text)), ("recorded", Half()), ("again", Half()))),
    ];

    private static JsonObject Half() => Judged(Open(("decision", OneOf("approve", "review", "decline")), ("score", OrNull(Number)), ("reasons", List(Reason()))));

    private static JsonObject Record() => Judged(Open(
        ("customer_id", Text), ("decision", OneOf("approve", "review", "decline")), ("status", OneOf("authorized", "declined", "settled", "partially_reversed", "reversed")),
        ("billing_amount_minor", Integer), ("settled_minor", Integer), ("reversed_minor", Integer), ("score", OrNull(Number)), ("reasons", List(Reason())),
        ("fired", Doc(List(Text), "Rules that had a say.")), ("shadow", Doc(List(Text), "Rules that would have had one.")), ("suppressed", Doc(List(Text), "Rules whose say was suppressed.")),
        ("marks", List(Text)), ("challenger", OrNull(Text)), ("challenger_score", OrNull(Number)), ("position", Text)));

    private static JsonObject Answer() => Judged(Open(
            ("transaction_id", Text), ("decision", Doc(OneOf("approve", "review", "decline"), "In review it goes through and waits for an analyst.")),
            ("score", Doc(OrNull(Number), "0..1; null without a model.")), ("reasons", Doc(List(Reason()), "What rules, policy and model say, the most severe first.")),
            ("marks", Doc(List(OneOf("tokenisation", "model", "storage", "deadline", "overload")), "Why the policy answered or had a say; with deadline and a score: decided, not known to be durable.")),
            ("position", Doc(OrNull(Text), "`p:o` of the record; null while none is known to be durable.")), ("recorded", Doc(Bool, "The record is durable.")),
            ("repeat", Doc(Bool, "It was decided before.")), ("latency_us", Doc(Integer, "From the request to the answer, microseconds."))));

    private static JsonObject Judged(JsonObject schema) => schema
        .Maybe("features", Doc(new JsonObject { ["type"] = "object", ["additionalProperties"] = Number }, "By name."))
        .Maybe("model", Doc(OrNull(Text), "SHA-256 of its file; null without a model.")).Maybe("rules", Doc(Text, "SHA-256 of their text."))
        .Maybe("acceptors_epoch", Doc(Integer, "Epoch of the table that told of terminal and merchant.")).Maybe("state", Doc(Text, "`p:o`: records of the customer below it are in the features."))
        .Maybe("decided_at", Instant);

    private static JsonObject Reason() => Open(("code", Doc(Text, "A rule's reason code, or a feature's name.")), ("by", OneOf("rule", "model", "policy")))
        .Maybe("value", Doc(Number, "Of the feature.")).Maybe("contribution", Doc(Number, "What it added to the log-odds."));
}
