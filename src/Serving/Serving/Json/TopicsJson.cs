using System.Text.Json;
using Lambda.Serving.Ports;

namespace Lambda.Serving.Json;

internal static class TopicsJson
{
    public static void Write(Utf8JsonWriter to, IReadOnlyList<TopicStatus> topics) => OperationsJson.List(to, "topics", topics, Write);

    private static void Write(Utf8JsonWriter to, TopicStatus topic)
    {
        to.WriteString("topic", topic.Topic);
        to.WriteString("state", topic.State);
        to.WriteString("reason", topic.Reason);
        to.WriteString("node", topic.Node);
        to.WriteString("reader", topic.Reader);
        to.WriteNumber("accepted", topic.Accepted);
        to.WriteNumber("refused", topic.Refused);
        to.WriteNumber("lag", topic.Partitions.Sum(LagOf));
        to.WriteStartArray("partitions");
        foreach (var partition in topic.Partitions)
        {
            to.WriteStartObject();
            to.WriteNumber("partition", partition.Partition);
            to.WriteNumber("next", partition.Next);
            to.WriteNumber("end", partition.End);
            to.WriteNumber("lag", LagOf(partition));
            to.WriteEndObject();
        }
        to.WriteEndArray();
    }

    private static long LagOf(TopicPartitionStatus partition) => Math.Max(0, partition.End - partition.Next);
}
