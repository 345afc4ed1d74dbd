#if CLUSTER_RUNTIME && KAFKA
using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Lambda.Cluster.Actors.Messages;
using Lambda.Cluster.Actors.Node;
using Lambda.Cluster.Actors.Sources;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Clustered;

/// <summary>What an operator asks of the cluster, from any node.</summary>
internal sealed class ClusterOperations(ClusterNode node, TimeProvider time) : IOperations
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan MoveAsk = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    public string Node => node.Address;

    public bool Owns(int partition) => node.Reports.Of(partition)?.Node == Node;

    public async ValueTask<IReadOnlyList<NodeStatus>> NodesAsync(CancellationToken cancel)
    {
        await node.Reports.RefreshAsync(cancel);
        return [.. node.Members().OrderBy(m => m.Address, StringComparer.Ordinal)
            .Select(m => new NodeStatus(m.Address, m.Reachable ? m.Status.ToLowerInvariant() : "unreachable", m.Roles, PartitionsOf(m.Address)))];
    }

    public async ValueTask<IReadOnlyList<PartitionEpochs>> EpochsAsync(CancellationToken cancel)
    {
        await node.Reports.RefreshAsync(cancel);
        return [.. node.Reports.All.OfType<PartitionReport>().Where(r => r.Definition.Length > 0)
            .Select(r => new PartitionEpochs(r.Partition, r.Published, r.Current, r.Definition, r.Next))];
    }

    public async ValueTask<IReadOnlyList<CheckpointReport>> CheckpointAsync(int? partition, CancellationToken cancel)
    {
        var all = partition is { } one ? [one] : Enumerable.Range(0, node.Partitions.Partitions).ToArray();
        return await Task.WhenAll(all.Select(p => CheckpointAsync(p, cancel)));
    }

    public async ValueTask<Drain> DrainAsync(string name, CancellationToken cancel)
    {
        var members = node.Members();
        if (members.All(m => m.Address != name)) name = await AddressOfAsync(name, cancel) ?? name;
        if (members.All(m => m.Address != name)) return new Drain.UnknownNode([.. members.Select(m => m.Address)]);
        if (!members.Any(m => m.Address != name && m.Reachable && m.Status == "Up" && m.Roles.Contains(NodeOptions.Speed)))
            return new Drain.NotPossible("no other node has the role speed");
        await node.Reports.RefreshAsync(cancel);
        var moving = PartitionsOf(name);
        var since = time.GetTimestamp();
        await node.AskToLeaveAsync(name, cancel);
        await Task.WhenAll(moving.Select(p => UntilMovedAsync(p, name, since, cancel)));
        return new Drain.Done(moving);
    }

    private async Task UntilMovedAsync(int partition, string from, long since, CancellationToken cancel)
    {
        while (await node.Reports.AskAsync(partition, cancel, MoveAsk) is not { State: "ready" } report || report.Node == from)
        {
            if (time.GetElapsedTime(since) > Patience) throw new EngineUnavailableException($"node {from} is leaving, but partition {partition} is not answered elsewhere yet", RetryAfter);
            await Task.Delay(Poll, time, cancel);
        }
    }

    /// <summary>A name that DNS knows stands for its address: members may be called by addresses only.</summary>
    private static async Task<string?> AddressOfAsync(string name, CancellationToken cancel)
    {
        if (name.LastIndexOf(':') is not (> 0 and var colon)) return null;
        try
        {
            var found = await Dns.GetHostAddressesAsync(name[..colon], cancel);
            return found is [var address, ..] ? $"{address}{name[colon..]}" : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    public IReadOnlyList<TopicStatus> Topics => node.Topics.All;

    public ValueTask<TopicStatus?> ResetTopicAsync(string topic, CancellationToken cancel) => new(ResetAsync(node.Topics, topic, cancel));

    public IReadOnlyList<SourceStatus> Sources => node.Sources.All;

    public ValueTask<SourceStatus?> ResetSourceAsync(string source, CancellationToken cancel) => new(ResetAsync(node.Sources, source, cancel));

    private static async Task<T?> ResetAsync<T>(SourceReports<T> reports, string source, CancellationToken cancel) where T : class
    {
        try
        {
            return await reports.ResetAsync(source, cancel);
        }
        catch (AskTimeoutException)
        {
            throw new EngineUnavailableException($"the reader of {source} does not answer; it may just be moving", RetryAfter);
        }
    }

    private IReadOnlyList<int> PartitionsOf(string address) => [.. node.Reports.All.OfType<PartitionReport>().Where(r => r.Node == address).Select(r => r.Partition)];

    private async Task<CheckpointReport> CheckpointAsync(int partition, CancellationToken cancel)
    {
        var since = time.GetTimestamp();
        long? wanted = null;
        while (time.GetElapsedTime(since) < Patience)
        {
            var report = await node.Reports.AskAsync(partition, cancel);
            if (report?.State == "stopped") throw new EngineUnavailableException($"partition {partition} has stopped: {report.Reason}", RetryAfter);
            if (report is { State: "ready" or "replaying" })
            {
                wanted ??= report.Applied;
                if (report.Checkpointed >= wanted) return new CheckpointReport(partition, report.Checkpointed);
                node.Partitions.Tell(new WriteCheckpoint(partition));
            }
            await Task.Delay(Poll, time, cancel);
        }
        throw new EngineUnavailableException($"partition {partition} was not checkpointed within {Patience.TotalSeconds:0} s", RetryAfter);
    }
}
#endif
