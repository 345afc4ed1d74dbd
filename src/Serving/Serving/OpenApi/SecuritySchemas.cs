using System.Text.Json.Nodes;
using Lambda.Serving.Api;
using Lambda.Serving.Security;
using static Lambda.Serving.OpenApi.Schema;

namespace Lambda.Serving.OpenApi;

/// <summary>How keys are shown, who may use what, and the schemas of keys and audit log.</summary>
internal static class SecuritySchemas
{
    private const string Scheme = "key";

    public static IEnumerable<(string Name, JsonNode Schema)> All() =>
    [
        ("NewKey", NewKey()),
        ("Key", Closed(KeyProperties())),
        ("CreatedKey", Closed([("key", Doc(Text, "The key itself, shown this once.")), .. KeyProperties()])),
        ("Keys", Closed(("keys", List(Ref("Key"))))),
        ("AuditPage", Closed(("chain", Text), ("entries", List(Closed(
            ("number", Integer), ("at", Instant), ("key", Doc(Text, "Id of the key; empty when none was needed or it was nobody's.")), ("caller", Text), ("operation", Text),
            ("subject", Doc(Text, "`c:` and a customer's pseudonym, or a path.")), ("status", Doc(Integer, "Of the answer; 0: about to be done.")),
            ("pii", Doc(Bool, "The caller may see personal data.")), ("detail", Text), ("from", Text)))), ("next", OrNull(Integer)))),
        ("AuditHeads", Closed(("heads", List(Closed(("chain", Text), ("entries", Integer), ("anchor", Text)))))),
        ("AuditVerdicts", Closed(("chains", List(Closed(
            ("chain", Text), ("holds", Bool), ("entries", Doc(Integer, "How many hold.")), ("keyed", Integer), ("anchor", OrNull(Text)), ("bad_entry", OrNull(Integer)), ("fault", OrNull(Text))))))),
    ];

    public static JsonObject Schemes() => new()
    {
        [Scheme] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["bearerFormat"] = "lk_ID_SECRET", ["description"] = "An API key. A server without keys (`--dev`, loopback only) asks for none." },
    };

    public static void AddTo(JsonObject described, Operation operation)
    {
        described["security"] = operation.Access.IsOpen ? new JsonArray() : new JsonArray(new JsonObject { [Scheme] = new JsonArray() });
        if (operation.Access.IsOpen) return;
        described["x-roles"] = new JsonArray([.. RoleNames.Of(operation.Access.Roles | Roles.Admin).Select(r => (JsonNode)r)]);
        if (operation.Access.NeedsPersonalData) described["x-needs-pii"] = true;
    }

    private static JsonObject NewKey()
    {
        var schema = Closed(("name", Text), ("roles", List(OneOf(RoleNames.All))));
        schema["properties"]!["pii"] = Doc(OrNull(Bool), "May see personal data; default false.");
        schema["properties"]!["expires_at"] = Doc(OrNull(Instant), "Default never.");
        schema["properties"]!["requests_per_second"] = Doc(OrNull(Integer), "On each node; default the installation's `key_rate`.");
        return schema;
    }

    private static IEnumerable<(string, JsonNode)> KeyProperties() =>
    [
        ("id", Text), ("name", Text), ("roles", List(OneOf(RoleNames.All))), ("pii", Bool), ("state", OneOf("active", "expired", "revoked")), ("created_at", Instant),
        ("created_by", Text), ("expires_at", OrNull(Instant)), ("revoked_at", OrNull(Instant)), ("requests_per_second", OrNull(Integer)),
    ];
}
