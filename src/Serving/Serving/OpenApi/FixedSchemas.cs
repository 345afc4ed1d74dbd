using System.Text.Json.Nodes;
using Lambda.Serving.Ports;
using static Lambda.Serving.OpenApi.Schema;

namespace Lambda.Serving.OpenApi;

/// <summary>Schemas that depend neither on the catalogue nor on the definition.</summary>
internal static class FixedSchemas
{
    public static IEnumerable<(string Name, JsonNode Schema)> All() =>
    [
        ("Any", new JsonObject { ["type"] = "object" }),
        ("DefinitionText", Text),
        ("Page", Text),
        ("Problem", Problem()),
        ("State", Closed(("state", Text))),
        ("Intake", Closed(IntakeProperties())),
        ("RefusedIntake", Problem(IntakeProperties())),
        ("Run", Closed([.. RunHead(), ("definition", Text), ("started_at", Instant), ("ended_at", OrNull(Instant)),
            ("steps", List(Closed(("state", RunStates()), ("ms", Integer)))), ("reasons", List(Text)), ("counts", Counts)])),
        ("Runs", Closed(("runs", List(Ref("Run"))))),
        ("RunningRun", Problem(RunHead())),
        ("EventsPage", Closed(
            ("customer_id", Text),
            ("events", List(Closed(("position", Text), ("occurred_at", Instant), ("appended_at", Instant), ("event", Doc(new JsonObject { ["type"] = "object" }, "As it was sent."))).Maybe("member", IdentitySchemas.Member))),
            ("next", OrNull(Text)))),
        ("QuarantinePage", QuarantinePage()),
        ("Replay", Closed(("replayed", Integer), ("refused", List(Closed(("id", Integer), ("field", Text), ("reason", Text)))))),
        ("RefusedRows", Closed(("rows", List(Closed(("source", Text), ("line", Integer), ("field", Text), ("reason", Text), ("detail", Text), ("raw", Text)))))),
        ("Kept", Closed(("kept", Integer))),
        ("ImportProgress", Closed(("file", Text), ("done_line", Integer), ("rows", Integer), ("events", Integer), ("rejected", Integer), ("complete", Bool))),
        ("DefinitionTaken", Closed(("definition", Text), ("takes_effect", OneOf("now", "next_run", "never")))),
        ("RefusedDefinition", Problem([("errors", List(Closed(("file", Text), ("line", Integer), ("column", Integer), ("message", Text))))])),
        ("Definition", Definition()),
        ("Status", Status()),
        ("LifetimeModel", LifetimeModel()),
    ];

    private static JsonObject Problem(params IEnumerable<(string, JsonNode)> extensions) => Doc(
        Open([("type", Text), ("title", Text), ("status", Integer), ("detail", Text), ("instance", Text), .. extensions]), "RFC 9457.");

    private static IEnumerable<(string, JsonNode)> IntakeProperties() =>
    [
        ("accepted", Doc(Integer, "Events that are durable now, repeats included.")),
        ("rejected", List(Closed(("line", Integer), ("field", Text), ("reason", Text), ("detail", Text)))),
        ("positions", Doc(Counts, "Last offset by partition.")),
    ];

    private static JsonObject RunStates() => OneOf(Enum.GetNames<RunState>().Select(n => n.ToLowerInvariant()));

    private static IEnumerable<(string, JsonNode)> RunHead() => [("run", Text), ("epoch", Integer), ("state", RunStates())];

    private static JsonObject QuarantinePage()
    {
        var entry = Closed(
            ("id", Integer), ("at", Instant), ("source", Text), ("line", Integer), ("field", Text), ("reason", Text), ("detail", Text), ("replayed_at", OrNull(Instant)));
        entry["properties"]!["raw"] = Doc(Text, "As received, card numbers masked; when it is UTF-8.");
        entry["properties"]!["raw_base64"] = Doc(Text, "As received, when it is not UTF-8.");
        return Closed(("entries", List(entry)), ("next", OrNull(Integer)), ("open", Doc(Counts, "Open entries by reason.")));
    }

    private static JsonObject Definition()
    {
        var output = Closed(("name", Text), ("kind", OneOf("metric", "derived")), ("type", Text), ("pii", Bool), ("doc", Text), ("computed_as", Doc(Text, "In the language of definitions, all brackets written.")));
        output["properties"]!["unit"] = Doc(OneOf("minor"), "`minor`: money, in minor units of the account's currency; missing for what is none.");
        output["properties"]!["keys"] = List(Text);
        output["properties"]!["window_days"] = Integer;
        return Closed(
            ("name", Text), ("definition", Text), ("next", Doc(OrNull(Text), "Hash of the one that the next run takes.")), ("tile_retention_days", Integer),
            ("outputs", List(output)), ("estimates", Doc(List(Closed(("name", Text), ("type", Text), ("pii", Bool), ("doc", Text))), "Columns of the population that a model gives: for searches, exports and SQL.")), ("segments", List(Closed(("name", Text), ("doc", Text), ("computed_as", Text)))), ("text", Text));
    }

    private static JsonObject LifetimeModel() => Closed(
        ("model", OrNull(Closed(
            ("version", Text), ("epoch", Integer), ("fitted_on", Day), ("customers", Integer),
            ("purchases", Closed(("r", Number), ("alpha_days", Number), ("a", Number), ("b", Number), ("log_likelihood", Number))),
            ("value", OrNull(Closed(("p", Number), ("q", Number), ("v_minor", Number), ("log_likelihood", Number)))),
            ("rfm", OrNull(Closed(("recency_days", List(Number)), ("purchase_days", List(Number)), ("spent_minor", List(Number)))))))),
        ("failure", OrNull(Closed(("epoch", Integer), ("reason", Text)))));

    private static JsonObject Status() => Closed(
        ("state", OneOf("starting", "ready", "degraded", "stopping")), ("reasons", List(Text)), ("version", Text), ("started_at", Instant), ("uptime_ms", Integer),
        ("epoch", Integer), ("definition", Text),
        ("partitions", List(Closed([("partition", Integer), .. PartitionProperties()]))),
        ("warehouse", Closed(("state", Text), ("url", Text), ("reason", OrNull(Text)), ("version", OrNull(Text)))),
        ("quarantine", Counts), ("counters", Counts));

    /// <summary>What is told of a partition besides its number.</summary>
    public static IEnumerable<(string, JsonNode)> PartitionProperties() =>
    [
        ("state", Text), ("reason", OrNull(Text)), ("start", Integer), ("end", Integer), ("applied", Integer), ("checkpointed", Integer),
        ("sunk", Integer), ("entities_in_memory", Integer), ("base_customers", Integer), ("freshness_ms", Integer),
    ];
}
