using Lambda.Serving.Ports;

namespace Lambda.Cluster.Actors.Messages;

/// <summary>Goes to the actor that reads a source, wherever it lives.</summary>
public interface ISourceMessage
{
    string Source { get; }
}

/// <summary>How is it? Also wakes it.</summary>
public interface IReportAsked : ISourceMessage;

/// <summary>Forget where reading stood and begin anew. Answered by a report when it has begun, or <see cref="RunRefused"/>.</summary>
public interface IResetAsked : ISourceMessage;

/// <summary>Answered by <see cref="TopicReport"/>.</summary>
public sealed record GetTopicReport(string Topic) : IReportAsked, IClusterMessage
{
    string ISourceMessage.Source => Topic;
}

public sealed record TopicReport(TopicStatus Status) : IClusterMessage;

public sealed record ResetTopic(string Topic) : IResetAsked, IClusterMessage
{
    string ISourceMessage.Source => Topic;
}

/// <summary>Answered by <see cref="SourceReport"/>.</summary>
public sealed record GetSourceReport(string Source) : IReportAsked, IClusterMessage;

public sealed record SourceReport(SourceStatus Status) : IClusterMessage;

public sealed record ResetSource(string Source) : IResetAsked, IClusterMessage;
