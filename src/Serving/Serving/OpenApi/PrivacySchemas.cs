using System.Text.Json.Nodes;
using static Lambda.Serving.OpenApi.Schema;

namespace Lambda.Serving.OpenApi;

/// <summary>Schemas of erasures and of what is told to a person about itself.</summary>
internal static class PrivacySchemas
{
    public static IEnumerable<(string Name, JsonNode Schema)> All() =>
    [
        ("Erasure", Closed(
            ("erasure", Doc(Text, "Id of the erasure.")), ("customer", Doc(Text, "`c:` and the customer's pseudonym: the same that the audit log has.")),
            ("state", OneOf("requested", "hidden", "removing", "removed", "lost")), ("position", Doc(OrNull(Text), "Of its record in the log.")), ("requested_at", Instant),
            ("removed_at", OrNull(Instant)), ("waits", Doc(OrNull(Text), "What the next store waits for.")), ("due_at", Doc(OrNull(Instant), "When that will have come at the latest, if it is known.")),
            ("stores", List(Closed(
                ("store", Text), ("removed", Doc(Integer, "Rows, lines, records taken out.")), ("clean_at", Doc(OrNull(Instant), "When nothing of the person was left there.")), ("note", Text)))))
            .Maybe("members", Doc(List(Ref("Erasure")), "Of the customers that were merged with it, when it is answered to the request."))),
        ("Erasures", Closed(("erasures", List(Ref("Erasure"))))),
        ("PersonalData", PersonalData()),
    ];

    private static JsonObject PersonalData()
    {
        var schema = Closed(
            ("customer_id", Text), ("pseudonym", OrNull(Text)), ("consents", List(Closed(("purpose", Text), ("granted", Bool), ("since", Instant)))),
            ("events", List(Closed(("position", Text), ("occurred_at", Instant), ("appended_at", Instant), ("event", new JsonObject { ["type"] = "object" })).Maybe("member", IdentitySchemas.Member))),
            ("quarantined", List(Closed(("at", Instant), ("source", Text), ("reason", Text), ("detail", Text), ("line", Text)))),
            ("stored_in", List(Closed(("store", Text), ("what", Text)))));
        schema["properties"]!["answer"] = Ref("Customer"); // none where only lines in quarantine are known
        return schema;
    }
}
