#if CLUSTER_RUNTIME && KAFKA
using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;
using Lambda.Cluster.Clustered;
using Lambda.SpeedLayer.Kafka;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Cluster.Bench.Limits;

/// <summary>A plain consumer of all partitions that does nothing with what it gets, while nobody else uses the machine: as fast as records come out of the broker.</summary>
internal static class KafkaAlone
{
    /// <returns>Events a second.</returns>
    public static async Task<double> MeasureAsync(IReadOnlyList<AppendBatch> batches, CancellationToken cancel)
    {
        var partitions = batches[0].Partitions;
        await using var mock = await KafkaMock.StartAsync([string.Create(CultureInfo.InvariantCulture, $"{ClusterParts.Topic}:{partitions}")], cancel);
        await using (var log = await KafkaEventLog.OpenAsync(new KafkaLogOptions { BootstrapServers = mock.Servers, Topic = ClusterParts.Topic, Partitions = partitions }, TimeProvider.System))
            await LogAlone.AppendAllAsync(log, batches);
        var config = new ConsumerConfig { BootstrapServers = mock.Servers, GroupId = "bench", EnableAutoCommit = false, FetchQueueBackoffMs = 5, ConsumeResultFields = "timestamp" };
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(config).Build();
        consumer.Assign(Enumerable.Range(0, partitions).Select(p => new TopicPartitionOffset(ClusterParts.Topic, p, 0)));
        var events = batches.Sum(b => (long)b.Count);
        var begin = Stopwatch.GetTimestamp();
        for (var left = events; left > 0; left--) consumer.Consume(cancel);
        return events / Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }
}
#endif
