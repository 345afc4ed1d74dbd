using System.IO.Pipelines;
using Lambda.Serving;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ingress;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Cluster.Embedded;

/// <summary>The ingress as the API sees it, with the one bound the ingress cannot know: how far folding is behind.</summary>
/// <param name="unfolded">Records in the log that no answer holds yet.</param>
internal sealed class EngineIntake(EventIngress ingress, Func<long> unfolded, Func<bool> stopping) : IEventIntake
{
    /// <summary>Records that may wait for folding; more would only make answers staler.</summary>
    public const long UnfoldedMax = 3_000_000;

    private readonly IngressIntake _intake = new(ingress);

    public async ValueTask<Intake> IngestAsync(PipeReader body, string source, long firstLine, CancellationToken cancel)
    {
        if (Refusal() is { } refusal) return refusal;
        return await _intake.IngestAsync(body, source, firstLine, cancel);
    }

    public void Refuse(IReadOnlyList<QuarantineEntry> entries) => _intake.Refuse(entries);

    private Intake? Refusal()
    {
        if (stopping()) return new Intake.Unavailable("Lambda is stopping", TimeSpan.FromSeconds(5));
        return unfolded() > UnfoldedMax ? new Intake.Busy("unfolded records", TimeSpan.FromSeconds(1)) : null;
    }
}
