using System.Text.Json.Nodes;
using Lambda.Serving.Json;
using Lambda.Serving.Segments;
using static Lambda.Serving.OpenApi.Schema;

namespace Lambda.Serving.OpenApi;

/// <summary>Schemas of segments, the feed and webhooks.</summary>
internal static class SegmentSchemas
{
    public static IEnumerable<(string Name, JsonNode Schema)> All() =>
    [
        ("Segments", Closed(("segments", List(Closed(Segment()))), ("meta", PopulationSchemas.Meta))),
        ("Segment", Closed(Segment().Append(("meta", PopulationSchemas.Meta)))),
        ("CustomerSegments", Closed(("customer_id", Text), ("segments", List(Membership())), ("meta", PopulationSchemas.AnswerMeta))),
        ("SegmentChange", SegmentChange()),
        ("WebhookRequest", PopulationSchemas.Optional(
            ("url", Doc(Text, "https, on a host that the operator allows.")), ("topic", Doc(OneOf([.. WebhookTopics.Names]), "What it is told of. Default `segment_changes`; fixed when it is made.")), ("segments", Doc(List(Text), "Those to be told of; all without it.")), ("enabled", Doc(Bool, "false: changes wait. Default true.")),
            ("purpose", Doc(Text, "What the receiver uses it for, such as `marketing`: it is told only of customers who agree to that, and that one who agrees no more has left. Without it nobody's consent is asked. Fixed when it is made.")))),
        ("Webhook", Closed(Webhook())),
        ("WebhookMade", Closed(Webhook().Append(("secret", Doc(Text, "Told this once."))))),
        ("Webhooks", Closed(("webhooks", List(Ref("Webhook"))))),
    ];

    private static JsonObject SegmentChange()
    {
        var change = Closed(
            Origin().Prepend(("change", OneOf(SegmentJson.Entered, SegmentJson.Left))).Prepend(("segment", Text)).Prepend(("customer_id", Text))
                .Prepend(("number", Doc(Integer, "Place in the feed: ascending, of a customer as of all.")))
                .Prepend(("id", Doc(Text, "The same for a repeat: made of customer, segment, definition, position and day."))));
        change["properties"]!["purpose"] = Doc(Text, "For which it is told; missing when none is named.");
        return change;
    }

    private static IEnumerable<(string, JsonNode)> Segment() =>
        [("segment", Text), ("doc", Text), ("rule", Doc(Text, "In the definition's language.")), ("size", Doc(Integer, "Customers in it, by `customer_current`."))];

    private static JsonObject Membership() => Closed(
        ("segment", Text), ("member", Bool), ("rule", Text), ("values", Doc(new JsonObject { ["type"] = "object" }, "What the rule reads.")),
        ("since", Doc(OrNull(Closed(Origin())), "How the customer entered; null when it is not in, or the change is not noted yet.")));

    private static IEnumerable<(string, JsonNode)> Origin() =>
    [
        ("cause", Doc(OneOf("event", "day", "definition", "consent", "merge", "unmerge"), "What did it: something happened, a day began, the rule is another, customers were merged or unmerged, or, where a purpose is named, the customer agreed to it or agrees no more.")), ("definition", Doc(Text, "Hash.")),
        ("position", Doc(Text, "`p:o`: the newest record of the customer's partition that was taken into account.")), ("as_of", Doc(Day, "The day that the rule was judged for.")),
        ("at", Doc(Instant, "When it was found.")),
    ];

    private static IEnumerable<(string, JsonNode)> Webhook() =>
    [
        ("webhook", Text), ("url", Text), ("topic", OneOf([.. WebhookTopics.Names])), ("segments", Doc(List(Text), "Empty: all.")), ("purpose", Doc(OrNull(Text), "Only customers who agree to it are told of; null: all.")), ("enabled", Bool), ("created_by", Doc(Text, "Name of the key.")), ("created_at", Instant),
        ("previous_secret_until", Doc(OrNull(Instant), "Until then what is sent is signed with the replaced secret, too.")),
        ("pending", Doc(Integer, "Changes that wait.")), ("dead", Doc(Integer, "Changes that were given up; `retry` takes them up again.")), ("oldest_pending_at", OrNull(Instant)),
        ("error", Doc(OrNull(Text), "Of the newest change that failed and waits, or was given up.")),
    ];
}
