using System.Diagnostics.Metrics;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Monitoring;

/// <summary>What waits for webhooks, looked up when it is asked for. The outbox is one for all nodes: take the max, not the sum.</summary>
internal sealed class SegmentMetrics : IDisposable
{
    private readonly Meter _meter = new(EngineMetrics.MeterName);
    private readonly Snapshot<IReadOnlyDictionary<string, OutboxCounts>> _counts;

    public SegmentMetrics(IWebhooks webhooks, TimeProvider time)
    {
        _counts = new Snapshot<IReadOnlyDictionary<string, OutboxCounts>>(webhooks.Counts, time);
        _meter.CreateObservableGauge("lambda.webhook.pending", () => ByWebhook(c => c.Pending), description: "Changes of segments and alerts that wait to be delivered.");
        _meter.CreateObservableGauge("lambda.webhook.dead", () => ByWebhook(c => c.Dead), description: "Changes and alerts that were given up and not taken up again.");
        _meter.CreateObservableGauge("lambda.webhook.oldest.age", () => ByWebhook(c => c.OldestAtMs is { } at ? Math.Max(0, time.GetUtcNow().ToUnixTimeMilliseconds() - at) / 1e3 : 0), "s", "Age of the oldest change that waits.");
    }

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<T>> ByWebhook<T>(Func<OutboxCounts, T> value) where T : struct =>
        _counts.Value.Select(c => new Measurement<T>(value(c.Value), KeyValuePair.Create("webhook", (object?)c.Key)));
}
