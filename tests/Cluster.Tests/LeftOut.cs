using Xunit;

namespace Lambda.ClusterTests;

/// <summary>What this build cannot test because the package feeds lacked something: shown as skipped, so that nobody takes a thin build for a whole one.</summary>
public sealed class LeftOut
{
#if !KAFKA
    [Fact(Skip = "built without Confluent.Kafka: no Kafka log")]
    public void KafkaLog_WhenPackageIsMissing_IsLeftOut() { }
#endif
#if !CLUSTER_RUNTIME
    [Fact(Skip = "built without Akka.Cluster.Hosting, Akka.Persistence.Sql: no cluster edition")]
    public void ClusterRuntime_WhenPackagesAreMissing_IsLeftOut() { }
#endif
#if !KAFKA_STREAMS
    [Fact(Skip = "built without Akka.Streams.Kafka: no reader `streams` for topics")]
    public void TopicStreams_WhenPackageIsMissing_AreLeftOut() { }
#endif
}
