using System.Text.Json.Nodes;
using Lambda.Serving.Cases;
using static Lambda.Serving.OpenApi.Schema;

namespace Lambda.Serving.OpenApi;

/// <summary>Schemas of cases.</summary>
internal static class CaseSchemas
{
    public static IEnumerable<(string Name, JsonNode Schema)> All() =>
    [
        ("FraudAlert", Closed(Case())),
        ("FraudCase", Closed(Case().Append(("judgement", Doc(OrNull(new JsonObject { ["type"] = "object" }), "What the decision rests on, as GET /v1/authorizations/{id} has it; null where the record says nothing of it.")))
            .Append(("history", List(Closed(
                ("at", Instant), ("by", Doc(Text, "Name of the key.")), ("what", OneOf("assigned", "note", "confirmed_fraud", "dismissed", "reopened")),
                ("text", Doc(OrNull(Text), "Null for who may not see personal data.")))))))),
        ("FraudCases", Closed(
            ("cases", List(Ref("FraudAlert"))), ("next", Doc(OrNull(Integer), "`before` of the next page; null at the end.")),
            ("counts", Doc(Counts, "Of all cases, by state.")))),
        ("CaseAction", PopulationSchemas.Optional(
            ("version", Doc(Integer, "Of the case as it was looked at; 409 when it is another by now.")), ("to", Doc(Text, "`assign` only: whose it is from now on; empty for nobody's, oneself without it.")),
            ("note", Doc(Text, "Why.")))),
        ("CaseNote", Closed(("text", Text))),
    ];

    private static IEnumerable<(string, JsonNode)> Case() =>
    [
        ("case", Doc(Integer, "Its number, ascending in the order of alerts.")), ("customer_id", Text), ("transaction_id", Text), ("occurred_at", Instant), ("amount_minor", Integer), ("currency", Text),
        ("decision", OneOf("review", "decline")), ("score", Doc(OrNull(Number), "0..1; null without a model.")),
        ("reasons", List(Open(("code", Text), ("by", OneOf("rule", "model", "policy"))))), ("fired", Doc(List(Text), "Rules that had a say.")), ("model", OrNull(Text)),
        ("position", Doc(Text, "`p:o` of the transaction's record.")), ("alerted_at", Instant), ("state", OneOf(CaseDesk.StateNames)), ("assignee", OrNull(Text)),
        ("version", Doc(Integer, "One more with each change; notes do not count.")), ("changed_at", Instant),
    ];
}
