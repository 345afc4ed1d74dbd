using System.Reflection;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sink;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Embedded;

/// <summary>Looks at the engine's parts when asked.</summary>
internal sealed class EmbeddedStatus(
    PartitionHost[] hosts, IEventLog log, SinkPump pump, IQuarantine quarantine, EngineRuns runs, Func<WarehouseStatus> warehouse, Func<IReadOnlyList<SourceStatus>> sources, Func<bool> stopping,
    TimeProvider time) : IEngineStatus
{
    private readonly long _startedAtMs = time.GetUtcNow().ToUnixTimeMilliseconds();
    private readonly long[] _endAtStart = [.. hosts.Select(h => log.EndOffset(h.Partition))];

    public int Partitions => hosts.Length;

    // Ready once everything that was acknowledged before the start is in the answers. A partition that stopped degrades the engine; the others serve.
    public bool IsReady => !stopping() && hosts.All(h => h.Fault is not null || HasCaughtUp(h)) && hosts.Any(h => h.Fault is null);

    private bool HasCaughtUp(PartitionHost host) => host.Fault is null && host.Applied >= _endAtStart[host.Partition];

    public EngineStatus Now()
    {
        var nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        var partitions = hosts.Select(h => Partition(h, nowMs)).ToList();
        var reasons = partitions.Where(p => p.Reason is not null).Select(p => $"partition {p.Partition}: {p.Reason}").ToList();
        reasons.AddRange(sources().Where(s => s.State == SourceStatus.Stopped).Select(s => $"source {s.Source}: {s.Reason}"));
        var house = warehouse();
        if (house.Reason is not null) reasons.Add($"warehouse: {house.Reason}");
        var state = stopping() ? "stopping" : !hosts.All(h => h.Fault is not null || HasCaughtUp(h)) ? "starting" : reasons.Count > 0 ? "degraded" : "ready";
        return new EngineStatus(
            state, reasons, Version, _startedAtMs, runs.Served.Epoch, runs.Served.DefinitionHash, partitions, house, quarantine.Counts(), Counters());
    }

    private static string Version => typeof(EmbeddedStatus).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "dev";

    private PartitionStatus Partition(PartitionHost host, long nowMs)
    {
        var p = host.Partition;
        var end = log.EndOffset(p);
        var why = host.Fault?.Message ?? (pump.Stopped(p) is { } stopped ? $"sink: {stopped.Message}" : host.CheckpointFault?.Message);
        var state = host.Fault is not null ? "stopped" : HasCaughtUp(host) ? "ready" : "replaying";
        return new PartitionStatus(
            p, state, why, log.StartOffset(p), end, host.Applied, host.StoredAtOffset, pump.Progress(p).Next, host.ResidentEntities, host.Base?.Customers ?? 0, host.FreshnessMs(host.Applied, nowMs));
    }

    private Dictionary<string, long> Counters()
    {
        var all = hosts.Select(h => h.Counters).ToList();
        return new Dictionary<string, long>
        {
            ["events_folded"] = all.Sum(c => c.Events),
            ["duplicates"] = all.Sum(c => c.Repeats),
            ["conflicting_duplicates"] = all.Sum(c => c.Conflicts),
            ["barriers_ignored"] = all.Sum(c => c.IgnoredBarriers),
            ["population_rows_overflowed"] = hosts.Sum(h => h.OverflowedRows),
        };
    }
}
