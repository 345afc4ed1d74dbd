using Lambda.SpeedLayer.Sources;

namespace Lambda.SpeedLayer.Topics;

/// <summary>A topic of others as a source of events. Read from YAML by <see cref="TopicMapReader"/>; see docs/topics.md.</summary>
/// <param name="Topic">Its name; each message is a JSON object.</param>
/// <param name="BootstrapServers">Where it is; null = where the log is.</param>
/// <param name="FromEnd">Where reading begins the first time: at the end instead of the beginning. Afterwards at the offset kept by Lambda.</param>
/// <param name="ThroughStreams">Read through Akka.Streams.Kafka instead of the plain client.</param>
/// <param name="Events">How its messages become events; an id that the source gives is made of topic, partition and offset.</param>
public sealed record TopicMap(string Topic, string? BootstrapServers, bool FromEnd, bool ThroughStreams, EventMap Events);
