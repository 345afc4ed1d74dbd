#if CLUSTER_RUNTIME && KAFKA
using System.Reflection;
using Lambda.Cluster.Actors.Messages;
using Lambda.Cluster.Actors.Node;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Clustered;

/// <summary>The cluster as this node sees it: what partitions last said of themselves, wherever they are. Counters are of the partitions of this node, and of what it saw of the others.</summary>
internal sealed class ClusterStatus(
    ClusterNode node, IQuarantine quarantine, ClusterRuns runs, Func<WarehouseStatus> warehouse, Func<bool> stopping, TimeProvider time) : IEngineStatus
{
    private readonly long _startedAtMs = time.GetUtcNow().ToUnixTimeMilliseconds();

    public int Partitions => node.Partitions.Partitions;

    /// <summary>A partition that stopped degrades the cluster; the others serve.</summary>
    public bool IsReady => !stopping() && node.Reports.All.All(r => r?.State is "ready" or "stopped") && node.Reports.All.Any(r => r?.State == "ready");

    public EngineStatus Now()
    {
        var partitions = Enumerable.Range(0, Partitions).Select(p => Of(p, node.Reports.Of(p))).ToList();
        var reasons = partitions.Where(p => p.Reason is not null).Select(p => $"partition {p.Partition}: {p.Reason}").ToList();
        reasons.AddRange(node.Members().Where(m => !m.Reachable).Select(m => $"node {m.Address} cannot be reached"));
        reasons.AddRange(node.Topics.All.Where(t => t.State == TopicStatus.Stopped).Select(t => $"topic {t.Topic}: {t.Reason}"));
        reasons.AddRange(node.Sources.All.Where(s => s.State == SourceStatus.Stopped).Select(s => $"source {s.Source}: {s.Reason}"));
        var house = warehouse();
        if (house.Reason is not null) reasons.Add($"warehouse: {house.Reason}");
        var state = stopping() ? "stopping" : !IsReady ? "starting" : reasons.Count > 0 ? "degraded" : "ready";
        return new EngineStatus(
            state, reasons, Version, _startedAtMs, runs.Served.Epoch, runs.Served.DefinitionHash, partitions, house, quarantine.Counts(), Counters());
    }

    private static string Version => typeof(ClusterStatus).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "dev";

    private static PartitionStatus Of(int partition, PartitionReport? report) => report is null
        ? new PartitionStatus(partition, "unknown", "it does not answer: it is moving, or its node is lost", 0, 0, 0, 0, 0, 0, 0, 0)
        : new PartitionStatus(
            partition, report.State, report.Reason ?? (report.SinkStopped is { } why ? $"sink: {why}" : null), report.Start, report.End, report.Applied, report.Checkpointed, report.Sunk,
            report.Entities, report.BaseCustomers, report.FreshnessMs);

    private Dictionary<string, long> Counters()
    {
        var here = node.Reports.All.OfType<PartitionReport>().Where(r => r.Node == node.Address).Select(r => r.Counters).ToList();
        return new Dictionary<string, long>
        {
            ["events_folded"] = here.Sum(c => c.Events),
            ["duplicates"] = here.Sum(c => c.Repeats),
            ["conflicting_duplicates"] = here.Sum(c => c.Conflicts),
            ["barriers_ignored"] = here.Sum(c => c.IgnoredBarriers),
            ["nodes_unreachable"] = node.Membership.Unreachable,
            ["nodes_downed"] = node.Membership.Downed,
        };
    }
}
#endif
