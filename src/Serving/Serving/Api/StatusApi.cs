using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>Is it alive, is it ready, how is it.</summary>
internal static class StatusApi
{
    public static readonly Operation Status = new("GET", "/v1/admin/status", "getStatus", "How the engine is: partitions, warehouse, quarantine, counters", StatusAsync)
    {
        Access = Access.For(Roles.Sre),
        Audited = Audited.No,
        Replies = [new Reply(200, "The status.", "Status")],
    };

    public static readonly Operation Health = new("GET", "/healthz", "getHealth", "200 while the process answers", HealthAsync)
    {
        Access = Access.Open,
        Audited = Audited.No,
        Replies = [new Reply(200, "It answers.", "State")],
    };

    public static readonly Operation Ready = new("GET", "/readyz", "getReady", "200 once every partition has recovered and answers", ReadyAsync)
    {
        Access = Access.Open,
        Audited = Audited.No,
        Replies = [new Reply(200, "It is ready.", "State"), Reply.Problem(503, "Not yet, or no more; `detail` says why.")],
    };

    private static Task HealthAsync(HttpContext context, ApiState state) => WriteState(context, "alive");

    private static Task ReadyAsync(HttpContext context, ApiState state)
    {
        var status = state.Parts.Status;
        if (status.IsReady) return WriteState(context, "ready");
        var now = status.Now();
        var why = now.Reasons.Count == 0 ? now.State : $"{now.State}: {string.Join("; ", now.Reasons)}";
        return new Problem(StatusCodes.Status503ServiceUnavailable, "not-ready", why, TimeSpan.FromSeconds(1)).WriteAsync(context);
    }

    private static Task StatusAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var (parts, now) = (state.Parts, state.Parts.Status.Now());
        return JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => Write(to, now, parts.NowMs));
    }

    private static Task WriteState(HttpContext context, string state) =>
        JsonResponse.WriteAsync(context, StatusCodes.Status200OK, JsonResponse.Json, state, static (to, s) =>
        {
            to.WriteStartObject();
            to.WriteString("state", s);
            to.WriteEndObject();
        });

    private static void Write(Utf8JsonWriter to, EngineStatus status, long nowMs)
    {
        to.WriteStartObject();
        to.WriteString("state", status.State);
        JsonMaps.WriteTexts(to, "reasons", status.Reasons);
        to.WriteString("version", status.Version);
        to.WritePropertyName("started_at");
        JsonValues.WriteInstant(to, status.StartedAtMs * Clock.MicrosPerMs);
        to.WriteNumber("uptime_ms", Math.Max(0, nowMs - status.StartedAtMs));
        to.WriteNumber("epoch", status.Epoch);
        to.WriteString("definition", status.Definition);
        to.WriteStartArray("partitions");
        foreach (var partition in status.Partitions) Write(to, partition);
        to.WriteEndArray();
        Write(to, status.Warehouse);
        JsonMaps.WriteCounts(to, "quarantine", status.Quarantine);
        JsonMaps.WriteCounts(to, "counters", status.Counters);
        to.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter to, PartitionStatus partition)
    {
        to.WriteStartObject();
        to.WriteNumber("partition", partition.Partition);
        to.WriteString("state", partition.State);
        to.WriteString("reason", partition.Reason);
        to.WriteNumber("start", partition.Start);
        to.WriteNumber("end", partition.End);
        to.WriteNumber("applied", partition.Applied);
        to.WriteNumber("checkpointed", partition.Checkpointed);
        to.WriteNumber("sunk", partition.Sunk);
        to.WriteNumber("entities_in_memory", partition.EntitiesInMemory);
        to.WriteNumber("base_customers", partition.BaseCustomers);
        to.WriteNumber("freshness_ms", partition.FreshnessMs);
        to.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter to, WarehouseStatus warehouse)
    {
        to.WriteStartObject("warehouse");
        to.WriteString("state", warehouse.State);
        to.WriteString("url", warehouse.Url);
        to.WriteString("reason", warehouse.Reason);
        to.WriteString("version", warehouse.Version);
        to.WriteEndObject();
    }
}
