using System.Text.Json;
using Lambda.Load;
using Lambda.LoadTests.Scenarios;

namespace Lambda.LoadTests.Reports;

/// <summary>One flow as it went.</summary>
internal sealed record FlowReport(string Name, LoadReport Load)
{
    public static readonly double[] Percentiles = [50, 75, 90, 99, 99.9, 100];
}

/// <summary>What a load test found.</summary>
/// <param name="Run">Part of every id it wrote.</param>
internal sealed record LoadTestReport(
    string Scenario, string What, string Runner, IReadOnlyList<Uri> Urls, DateTimeOffset StartedAt, TimeSpan Time, string Run, long Acknowledged,
    IReadOnlyList<FlowReport> Flows, IReadOnlyList<Incident> Incidents, IReadOnlyList<Check> Checks)
{
    public bool IsVerified => Checks.All(c => c.IsRight);

    /// <summary>From the first incident to the end of the last second in which a request of this flow failed; null without incident or failure.</summary>
    public TimeSpan? Outage(FlowReport flow)
    {
        if (Incidents.Count == 0) return null;
        var begin = Incidents[0].At;
        var failed = flow.Load.Seconds.Where(s => s.Failed > 0 && s.Second + 1 > begin.TotalSeconds).ToList();
        return failed.Count == 0 ? null : TimeSpan.FromSeconds(failed[^1].Second + 1) - begin;
    }

    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var to = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true })) Write(to);
        return System.Text.Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private void Write(Utf8JsonWriter to)
    {
        to.WriteStartObject();
        to.WriteString("scenario", Scenario);
        to.WriteString("runner", Runner);
        to.WriteStartArray("urls");
        foreach (var url in Urls) to.WriteStringValue(url.ToString());
        to.WriteEndArray();
        to.WriteString("started_at", StartedAt.UtcDateTime);
        to.WriteNumber("seconds", Time.TotalSeconds);
        to.WriteString("run", Run);
        to.WriteNumber("acknowledged", Acknowledged);
        to.WriteBoolean("verified", IsVerified);
        to.WriteStartArray("flows");
        foreach (var flow in Flows) Write(to, flow);
        to.WriteEndArray();
        to.WriteStartArray("incidents");
        foreach (var incident in Incidents)
        {
            to.WriteStartObject();
            to.WriteNumber("at_ms", (long)incident.At.TotalMilliseconds);
            to.WriteString("what", incident.What);
            to.WriteEndObject();
        }
        to.WriteEndArray();
        to.WriteStartArray("checks");
        foreach (var check in Checks) Write(to, check);
        to.WriteEndArray();
        to.WriteEndObject();
    }

    private void Write(Utf8JsonWriter to, FlowReport flow)
    {
        var load = flow.Load;
        to.WriteStartObject();
        to.WriteString("name", flow.Name);
        to.WriteNumber("requests", load.Requests);
        to.WriteNumber("failed", load.Failed);
        to.WriteNumber("lost", load.Lost);
        to.WriteNumber("per_second", Math.Round(load.PerSecond, 1));
        if (load.FirstFailure is { } first) to.WriteString("first_failure", first);
        if (Outage(flow) is { } outage) to.WriteNumber("outage_ms", (long)outage.TotalMilliseconds);
        to.WriteStartObject("latency_ms");
        if (load.Latency.TotalCount > 0)
            foreach (var p in FlowReport.Percentiles) to.WriteNumber(p == 100 ? "max" : FormattableString.Invariant($"p{p}"), Math.Round(load.Ms(p), 3));
        to.WriteEndObject();
        to.WriteStartArray("timeline");
        foreach (var second in load.Seconds)
        {
            to.WriteStartObject();
            to.WriteNumber("second", second.Second);
            to.WriteNumber("requests", second.Requests);
            to.WriteNumber("failed", second.Failed);
            to.WriteNumber("mean_ms", Math.Round(second.MeanMs, 3));
            to.WriteNumber("max_ms", Math.Round(second.MaxMs, 3));
            to.WriteEndObject();
        }
        to.WriteEndArray();
        to.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter to, Check check)
    {
        to.WriteStartObject();
        to.WriteString("name", check.Name);
        to.WriteString("expected", check.Expected);
        to.WriteString("actual", check.Actual);
        to.WriteBoolean("ok", check.IsRight);
        to.WriteStartArray("detail");
        foreach (var line in check.Detail) to.WriteStringValue(line);
        to.WriteEndArray();
        to.WriteEndObject();
    }
}
