using System.Runtime.InteropServices;
using Lambda.SpeedLayer.KafkaMock;

// Kafka's protocol without Kafka, for tests and for trying the cluster edition: librdkafka's mock cluster in a process of its own, so that it outlives a
// node that is killed. In memory, and only the newest 5 MB or 100 000 records of a partition.
//   lambda-kafka-mock BROKERS [TOPIC:PARTITIONS…]     prints `ready host:port,…`; ends with its standard input
// Commands, a line each, answered by `ok` or `error CODE`: topic NAME PARTITIONS | truncate TOPIC PARTITION OFFSET | down BROKER | up BROKER | rtt BROKER MS
if (args.Length == 0 || !int.TryParse(args[0], out var brokers) || brokers < 1)
{
    Console.Error.WriteLine("usage: lambda-kafka-mock BROKERS [TOPIC:PARTITIONS…]");
    return 2;
}
var error = new byte[512];
nint client, cluster;
try
{
    client = Librdkafka.rd_kafka_new(0, Librdkafka.rd_kafka_conf_new(), error, error.Length);
    cluster = client == 0 ? 0 : Librdkafka.rd_kafka_mock_cluster_new(client, brokers);
}
catch (DllNotFoundException)
{
    Console.Error.WriteLine("librdkafka is not there: this build was made without Confluent.Kafka");
    return 3;
}
if (cluster == 0)
{
    Console.Error.WriteLine($"the mock cluster did not start: {System.Text.Encoding.UTF8.GetString(error).TrimEnd('\0')}");
    return 3;
}
foreach (var topic in args[1..])
    if (topic.Split(':') is not [var name, var partitions] || Run(["topic", name, partitions]) != 0) return 2;
Console.WriteLine($"ready {Marshal.PtrToStringUTF8(Librdkafka.rd_kafka_mock_cluster_bootstraps(cluster))}");
while (Console.ReadLine() is { } line)
    Console.WriteLine(Run(line.Split(' ')) is var code && code == 0 ? "ok" : $"error {code}");
return 0;

int Run(string[] command) => command switch
{
    ["topic", var name, var partitions] => Librdkafka.rd_kafka_mock_topic_create(cluster, name, int.Parse(partitions), Math.Min(brokers, 3)),
    ["truncate", var name, var partition, var before] => Librdkafka.rd_kafka_mock_partition_delete_records(cluster, name, int.Parse(partition), long.Parse(before)),
    ["down", var broker] => Librdkafka.rd_kafka_mock_broker_set_down(cluster, int.Parse(broker)),
    ["up", var broker] => Librdkafka.rd_kafka_mock_broker_set_up(cluster, int.Parse(broker)),
    ["rtt", var broker, var ms] => Librdkafka.rd_kafka_mock_broker_set_rtt(cluster, int.Parse(broker), int.Parse(ms)),
    _ => -1,
};
