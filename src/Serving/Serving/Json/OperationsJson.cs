using System.Text.Json;
using Lambda.Serving.Ports;

namespace Lambda.Serving.Json;

/// <summary>Answers of the operators' endpoints.</summary>
internal static class OperationsJson
{
    public static void Write(Utf8JsonWriter to, IReadOnlyList<NodeStatus> nodes) => List(to, "nodes", nodes, static (to, node) =>
    {
        to.WriteString("node", node.Node);
        to.WriteString("state", node.State);
        JsonMaps.WriteTexts(to, "roles", node.Roles);
        WriteNumbers(to, "partitions", node.Partitions);
    });

    public static void Write(Utf8JsonWriter to, string node, Drain.Done done)
    {
        to.WriteStartObject();
        to.WriteString("node", node);
        WriteNumbers(to, "moved", done.Moved);
        to.WriteEndObject();
    }

    /// <param name="owner">Node that owns a partition, null while none does.</param>
    public static void Write(Utf8JsonWriter to, IReadOnlyList<PartitionStatus> partitions, Func<int, string?> owner) => List(to, "partitions", partitions, (to, partition) =>
    {
        to.WriteNumber("partition", partition.Partition);
        to.WriteString("node", owner(partition.Partition));
        to.WriteString("state", partition.State);
        to.WriteString("reason", partition.Reason);
        to.WriteNumber("start", partition.Start);
        to.WriteNumber("end", partition.End);
        to.WriteNumber("applied", partition.Applied);
        to.WriteNumber("checkpointed", partition.Checkpointed);
        to.WriteNumber("sunk", partition.Sunk);
        to.WriteNumber("entities_in_memory", partition.EntitiesInMemory);
        to.WriteNumber("base_customers", partition.BaseCustomers);
        to.WriteNumber("freshness_ms", partition.FreshnessMs);
    });

    public static void WriteLag(Utf8JsonWriter to, IReadOnlyList<PartitionStatus> partitions)
    {
        to.WriteStartObject();
        Items(to, "partitions", partitions, static (to, partition) =>
        {
            to.WriteNumber("partition", partition.Partition);
            WriteLagOf(to, [partition]);
        });
        to.WriteStartObject("total");
        WriteLagOf(to, partitions);
        to.WriteEndObject();
        to.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter to, EngineStatus served, string? next, IReadOnlyList<PartitionEpochs> epochs)
    {
        to.WriteStartObject();
        to.WriteNumber("epoch", served.Epoch);
        to.WriteString("definition", served.Definition);
        to.WriteString("next", next);
        Items(to, "partitions", epochs, static (to, partition) =>
        {
            to.WriteNumber("partition", partition.Partition);
            to.WriteNumber("published", partition.Published);
            to.WriteNumber("current", partition.Current);
            to.WriteString("definition", partition.Definition);
            to.WriteString("next", partition.Next);
        });
        to.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter to, IReadOnlyList<CheckpointReport> written) => List(to, "partitions", written, static (to, report) =>
    {
        to.WriteNumber("partition", report.Partition);
        to.WriteNumber("checkpointed", report.Checkpointed);
    });

    private static void WriteLagOf(Utf8JsonWriter to, IReadOnlyList<PartitionStatus> partitions)
    {
        to.WriteNumber("to_fold", partitions.Sum(p => Math.Max(0, p.End - p.Applied)));
        to.WriteNumber("to_sink", partitions.Sum(p => Math.Max(0, p.End - p.Sunk)));
        to.WriteNumber("to_checkpoint", partitions.Sum(p => Math.Max(0, p.Applied - p.Checkpointed)));
        to.WriteNumber("freshness_ms", partitions.Count == 0 ? 0 : partitions.Max(p => p.FreshnessMs));
    }

    /// <summary>An object with one list, of an object each.</summary>
    internal static void List<T>(Utf8JsonWriter to, string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        to.WriteStartObject();
        Items(to, name, items, write);
        to.WriteEndObject();
    }

    private static void Items<T>(Utf8JsonWriter to, string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        to.WriteStartArray(name);
        foreach (var item in items)
        {
            to.WriteStartObject();
            write(to, item);
            to.WriteEndObject();
        }
        to.WriteEndArray();
    }

    private static void WriteNumbers(Utf8JsonWriter to, string name, IReadOnlyList<int> numbers)
    {
        to.WriteStartArray(name);
        foreach (var number in numbers) to.WriteNumberValue(number);
        to.WriteEndArray();
    }
}
