namespace Lambda.SpeedLayer.Topics;

/// <summary>A topic of others as a source of events. Read from YAML by <see cref="TopicMapReader"/>; see docs/topics.md.</summary>
/// <param name="Topic">Its name; each message is a JSON object.</param>
/// <param name="BootstrapServers">Where it is; null = where the log is.</param>
/// <param name="FromEnd">Where reading begins the first time: at the end instead of the beginning. Afterwards at the offset kept by Lambda.</param>
/// <param name="IdFromPosition">event_id is made of topic, partition and offset, for messages that have none of their own.</param>
/// <param name="ThroughStreams">Read through Akka.Streams.Kafka instead of the plain client.</param>
/// <param name="Rename">Their field names to ours; others keep their name.</param>
/// <param name="Constants">Fields that a message lacks, as JSON values.</param>
public sealed record TopicMap(
    string Topic, string? BootstrapServers, bool FromEnd, bool IdFromPosition, bool ThroughStreams, IReadOnlyDictionary<string, string> Rename,
    IReadOnlyDictionary<string, string> Constants)
{
    /// <summary>Messages are events as they are.</summary>
    public bool IsPlain => !IdFromPosition && Rename.Count == 0 && Constants.Count == 0;
}

/// <summary>The list of topics is wrong; the message names file, line, column and what was expected.</summary>
public sealed class TopicMapException(string message) : Exception(message);
