namespace Lambda.Serving.Ports;

/// <summary>A topic of others that is read as a source of events.</summary>
/// <param name="State">`reading`, `waiting` (tries again by itself), `stopped` (somebody has to decide).</param>
/// <param name="Reason">Why it does not read; null while it does.</param>
/// <param name="Node">Where it is read now; null while nobody is known to.</param>
/// <param name="Reader">`plain` or `streams`.</param>
/// <param name="Accepted">Messages that became events, since it is read by this node.</param>
/// <param name="Refused">Messages that went to quarantine, likewise.</param>
public sealed record TopicStatus(
    string Topic, string State, string? Reason, string? Node, string Reader, long Accepted, long Refused, IReadOnlyList<TopicPartitionStatus> Partitions)
{
    public const string Reading = "reading", Waiting = "waiting", Stopped = "stopped";
}

/// <param name="Next">Offset that is read next: all before it are in the log or in quarantine.</param>
/// <param name="End">Offset behind the newest message, as the brokers said some seconds ago.</param>
public sealed record TopicPartitionStatus(int Partition, long Next, long End);
