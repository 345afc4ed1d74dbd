using Lambda.Serving.Ports;

namespace Lambda.Cluster.Actors.Messages;

/// <summary>Goes to the actor that reads a topic, wherever it lives.</summary>
public interface ITopicMessage
{
    string Topic { get; }
}

/// <summary>How is it? Also wakes it. Answered by <see cref="TopicReport"/>.</summary>
public sealed record GetTopicReport(string Topic) : ITopicMessage, IClusterMessage;

public sealed record TopicReport(TopicStatus Status) : IClusterMessage;

/// <summary>Forget where reading stood and begin anew. Answered by <see cref="TopicReport"/> when it has begun, or <see cref="RunRefused"/>.</summary>
public sealed record ResetTopic(string Topic) : ITopicMessage, IClusterMessage;
