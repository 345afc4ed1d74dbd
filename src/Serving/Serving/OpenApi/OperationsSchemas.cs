using System.Text.Json.Nodes;
using static Lambda.Serving.OpenApi.Schema;

namespace Lambda.Serving.OpenApi;

/// <summary>Schemas of the operators' endpoints.</summary>
internal static class OperationsSchemas
{
    public static IEnumerable<(string Name, JsonNode Schema)> All() =>
    [
        ("Nodes", Closed(("nodes", List(Closed(("node", Text), ("state", Text), ("roles", List(Text)), ("partitions", List(Integer))))))),
        ("Drained", Closed(("node", Text), ("moved", Doc(List(Integer), "The partitions it had owned.")))),
        ("Partitions", Closed(("partitions", List(Closed([("partition", Integer), ("node", OrNull(Text)), .. FixedSchemas.PartitionProperties()]))))),
        ("Lag", Closed(("partitions", List(Closed([("partition", Integer), .. LagProperties()]))), ("total", Closed(LagProperties())))),
        ("Epochs", Closed(
            ("epoch", Integer), ("definition", Text), ("next", Doc(OrNull(Text), "Hash of the definition that the next run takes.")),
            ("partitions", List(Closed(("partition", Integer), ("published", Integer), ("current", Integer), ("definition", Text), ("next", OrNull(Text))))))),
        ("Checkpoints", Closed(("partitions", List(Closed(("partition", Integer), ("checkpointed", Integer)))))),
        ("Topics", Closed(("topics", List(Closed(
            ("topic", Text), ("state", Doc(Text, "reading, waiting, stopped")), ("reason", OrNull(Text)), ("node", OrNull(Text)), ("reader", Text),
            ("accepted", Integer), ("refused", Integer), ("lag", Doc(Integer, "Messages not read yet.")),
            ("partitions", List(Closed(("partition", Integer), ("next", Integer), ("end", Integer), ("lag", Integer))))))))),
        ("Sources", Closed(("sources", List(Closed(
            ("source", Text), ("state", Doc(Text, "reading, waiting, stopped")), ("reason", OrNull(Text)), ("node", OrNull(Text)), ("since", Doc(OrNull(Text), "The newest change taken.")),
            ("walked_at", Doc(OrNull(Text), "When everything there was had last been read.")), ("pages", Integer), ("accepted", Integer), ("refused", Integer),
            ("drifted", Doc(Integer, "Items that were not as described, and fields that were new.")), ("new_fields", Doc(List(Text), "Fields that nobody described; they are kept."))))))),
        ("MetricsText", Doc(Text, "Prometheus text exposition.")),
    ];

    private static (string, JsonNode)[] LagProperties() =>
        [("to_fold", Integer), ("to_sink", Integer), ("to_checkpoint", Integer), ("freshness_ms", Integer)];
}
