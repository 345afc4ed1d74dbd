using Lambda.Cluster.Actors.Messages;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Actors.Sources;

/// <summary>What differs between kinds of sources: their messages and what they tell of themselves.</summary>
public abstract class SourceKind<TStatus> where TStatus : class
{
    /// <summary>Of one: `topic`, `source`. Also the region's name.</summary>
    public abstract string Name { get; }

    public abstract IReportAsked Ask(string source);

    public abstract IResetAsked Reset(string source);

    public abstract IClusterMessage Report(TStatus status);

    public abstract TStatus StatusOf(object report);

    /// <summary>What is told of one whose reader does not answer.</summary>
    public abstract TStatus Silent(string source, string reason);

    /// <param name="last">What its run told; null when there is none.</param>
    public abstract TStatus Stopped(TStatus? last, string source, string node, string reason);
}

/// <summary>Kafka topics of others.</summary>
public sealed class TopicKind : SourceKind<TopicStatus>
{
    public override string Name => "topic";

    public override IReportAsked Ask(string source) => new GetTopicReport(source);

    public override IResetAsked Reset(string source) => new ResetTopic(source);

    public override IClusterMessage Report(TopicStatus status) => new TopicReport(status);

    public override TopicStatus StatusOf(object report) => ((TopicReport)report).Status;

    public override TopicStatus Silent(string source, string reason) => new(source, TopicStatus.Waiting, reason, null, "", 0, 0, []);

    public override TopicStatus Stopped(TopicStatus? last, string source, string node, string reason) =>
        (last ?? new TopicStatus(source, "", null, node, "", 0, 0, [])) with { State = TopicStatus.Stopped, Reason = reason };
}

/// <summary>HTTP APIs of others that are polled.</summary>
public sealed class PolledKind : SourceKind<SourceStatus>
{
    public override string Name => "source";

    public override IReportAsked Ask(string source) => new GetSourceReport(source);

    public override IResetAsked Reset(string source) => new ResetSource(source);

    public override IClusterMessage Report(SourceStatus status) => new SourceReport(status);

    public override SourceStatus StatusOf(object report) => ((SourceReport)report).Status;

    public override SourceStatus Silent(string source, string reason) => SourceStatus.Unread(source, SourceStatus.Waiting, reason, null);

    public override SourceStatus Stopped(SourceStatus? last, string source, string node, string reason) =>
        (last ?? SourceStatus.Unread(source, "", "", node)) with { State = SourceStatus.Stopped, Reason = reason };
}
