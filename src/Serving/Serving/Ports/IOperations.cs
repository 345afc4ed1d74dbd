namespace Lambda.Serving.Ports;

/// <summary>What an operator asks of a running installation, be it one process or many nodes; any node answers for all.</summary>
public interface IOperations
{
    /// <summary>Name of the node that answers.</summary>
    string Node { get; }

    /// <summary>Whether this node owns the partition now: its metrics tell of no others, so that nothing is counted once per node.</summary>
    bool Owns(int partition);

    /// <summary>Every node that belongs to the installation now, in the order of their names.</summary>
    ValueTask<IReadOnlyList<NodeStatus>> NodesAsync(CancellationToken cancel);

    /// <summary>Where every partition stands between batch and speed, in their order; a partition that cannot be asked now is missing.</summary>
    ValueTask<IReadOnlyList<PartitionEpochs>> EpochsAsync(CancellationToken cancel);

    /// <summary>Checkpoints what was applied when this was called, and returns when it is durable.</summary>
    /// <param name="partition">Null: all.</param>
    /// <exception cref="EngineUnavailableException">A partition has stopped, or it took too long.</exception>
    ValueTask<IReadOnlyList<CheckpointReport>> CheckpointAsync(int? partition, CancellationToken cancel);

    /// <summary>Makes a node hand over its partitions (each with a checkpoint) and leave. Returns when they are answered elsewhere.</summary>
    ValueTask<Drain> DrainAsync(string node, CancellationToken cancel);

    /// <summary>Topics of others that are read as sources, as they were a moment ago; each told of by whichever node is asked.</summary>
    IReadOnlyList<TopicStatus> Topics { get; }

    /// <summary>Forgets where reading a topic stood and begins anew. Null when no such topic is read.</summary>
    /// <exception cref="EngineUnavailableException">Its reader does not answer.</exception>
    ValueTask<TopicStatus?> ResetTopicAsync(string topic, CancellationToken cancel);

    /// <summary>HTTP APIs of others that are polled, as they were a moment ago.</summary>
    IReadOnlyList<SourceStatus> Sources { get; }

    /// <summary>Forgets where polling a source stood and begins anew. Null when no such source is polled.</summary>
    /// <exception cref="EngineUnavailableException">Its poller does not answer.</exception>
    ValueTask<SourceStatus?> ResetSourceAsync(string source, CancellationToken cancel);
}

/// <param name="Node">Its name: what `drain` takes.</param>
/// <param name="State">up, joining, leaving, unreachable, ….</param>
/// <param name="Roles">speed, serving, batch.</param>
/// <param name="Partitions">Those it owns.</param>
public sealed record NodeStatus(string Node, string State, IReadOnlyList<string> Roles, IReadOnlyList<int> Partitions);

/// <param name="Published">Epoch of the base it serves.</param>
/// <param name="Current">Newest barrier that counted.</param>
/// <param name="Definition">Hash of the one that answers.</param>
/// <param name="Next">Hash of the one folded besides until publication; null when there is none.</param>
public sealed record PartitionEpochs(int Partition, long Published, long Current, string Definition, string? Next);

/// <param name="Checkpointed">Next offset to read after a recovery from it.</param>
public sealed record CheckpointReport(int Partition, long Checkpointed);

/// <summary>What came of draining a node.</summary>
public abstract record Drain
{
    private Drain() { }

    /// <param name="Moved">The partitions it had owned.</param>
    public sealed record Done(IReadOnlyList<int> Moved) : Drain;

    public sealed record UnknownNode(IReadOnlyList<string> Known) : Drain;

    /// <summary>Nobody could take its partitions over.</summary>
    public sealed record NotPossible(string Reason) : Drain;
}
