using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Embedded;

/// <summary>The one node of the embedded edition: owns every partition, and cannot leave.</summary>
internal sealed class EmbeddedOperations(PartitionHost[] hosts, EmbeddedSources sources, Func<bool> stopping) : IOperations
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan CheckpointPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>There is only one.</summary>
    public const string NodeName = "embedded";

    public string Node => NodeName;

    public bool Owns(int partition) => true;

    public ValueTask<IReadOnlyList<NodeStatus>> NodesAsync(CancellationToken cancel) =>
        new([new NodeStatus(Node, stopping() ? "leaving" : "up", ["speed", "serving", "batch"], [.. hosts.Select(h => h.Partition)])]);

    public ValueTask<IReadOnlyList<PartitionEpochs>> EpochsAsync(CancellationToken cancel) => new([.. hosts.Select(Epochs)]);

    public async ValueTask<IReadOnlyList<CheckpointReport>> CheckpointAsync(int? partition, CancellationToken cancel)
    {
        var asked = hosts.Where(h => partition is null || h.Partition == partition).Select(h => (Host: h, Upto: h.Applied)).ToList();
        foreach (var (host, upto) in asked)
            if (host.StoredAtOffset < upto) host.RequestCheckpoint();
        var began = Environment.TickCount64;
        foreach (var (host, upto) in asked)
            while (host.StoredAtOffset < upto)
            {
                if (host.Fault is { } fault) throw new EngineUnavailableException($"partition {host.Partition} has stopped: {fault.Message}", RetryAfter);
                if (stopping()) throw new EngineUnavailableException("Lambda is stopping, which checkpoints by itself", RetryAfter);
                if (Environment.TickCount64 - began > CheckpointPatience.TotalMilliseconds)
                    throw new EngineUnavailableException($"partition {host.Partition} was not checkpointed in {CheckpointPatience.TotalSeconds} s", RetryAfter);
                await Task.Delay(Poll, cancel);
            }
        return [.. asked.Select(a => new CheckpointReport(a.Host.Partition, a.Host.StoredAtOffset))];
    }

    public ValueTask<Drain> DrainAsync(string node, CancellationToken cancel) => new(new Drain.NotPossible(
        "this is the embedded edition: one node, so nobody could take its partitions over; to stop it, send it SIGTERM: it checkpoints and ends"));

    public IReadOnlyList<TopicStatus> Topics => [];

    public ValueTask<TopicStatus?> ResetTopicAsync(string topic, CancellationToken cancel) => new((TopicStatus?)null);

    public IReadOnlyList<SourceStatus> Sources => sources.Now;

    public async ValueTask<SourceStatus?> ResetSourceAsync(string source, CancellationToken cancel) => await sources.ResetAsync(source, cancel);

    private static PartitionEpochs Epochs(PartitionHost host)
    {
        var epochs = host.Epochs;
        return new PartitionEpochs(host.Partition, epochs.Published, epochs.Current, epochs.Active.Definition.Hash, epochs.Next?.Definition.Hash);
    }
}
