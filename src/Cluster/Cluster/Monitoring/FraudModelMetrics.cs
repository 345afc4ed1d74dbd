using System.Diagnostics.Metrics;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Monitoring;

/// <summary>What decisions are scored with, looked up when it is asked for. What was published is the same on all nodes: take the max, not the sum.</summary>
internal sealed class FraudModelMetrics : IDisposable
{
    private readonly Meter _meter = new(EngineMetrics.MeterName);

    public FraudModelMetrics(IFraudModels models)
    {
        _meter.CreateObservableGauge("lambda.fraud.acceptors.epoch", () => models.Now.AcceptorsEpoch, description: "Epoch of the table of terminals and merchants that this node's decisions ask.");
        _meter.CreateObservableGauge("lambda.fraud.acceptors", () => models.Now.Acceptors, description: "Terminals and merchants in it.");
        _meter.CreateObservableGauge("lambda.fraud.decisions.checked", () => models.Now.Check?.Decisions ?? 0, description: "Decisions of the last epoch that were recomputed from raw events.");
        _meter.CreateObservableGauge("lambda.fraud.decisions.mismatched", () => models.Now.Check?.Mismatches ?? 0, description: "Of those, how many had seen something else.");
        _meter.CreateObservableGauge("lambda.fraud.model.served", () => models.Now is { Champion: not null } now ? (now.Served == now.Champion ? 1 : 0) : 1, description: "0 while this node's decisions ask another model than the published champion.");
        _meter.CreateObservableGauge("lambda.fraud.training.failed", () => models.Now.Failure is null ? 0 : 1, description: "1 when the newest epoch gave no model.");
        _meter.CreateObservableGauge("lambda.fraud.feature.psi", () => Drift(models.Now.Drift), description: "How far a feature that the champion asks has moved since it was trained: population stability index.");
    }

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<double>> Drift(FraudDriftStatus? drift) =>
        (drift?.Psi ?? new Dictionary<string, double>()).Select(p => new Measurement<double>(p.Value, KeyValuePair.Create("feature", (object?)p.Key)));
}
