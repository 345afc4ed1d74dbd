using System.IO.Pipelines;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ingress;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Serving;

/// <summary>The speed layer's ingress as the API's way in.</summary>
public sealed class IngressIntake(EventIngress ingress) : IEventIntake
{
    public async ValueTask<Intake> IngestAsync(PipeReader body, string source, long firstLine, CancellationToken cancel) =>
        await ingress.IngestAsync(body, source, firstLine, cancel) switch
        {
            IngestResult.Done done => new Intake.Done(
                done.Accepted, [.. done.Refused.Select(r => new RejectedLine(r.Line, r.Field, r.Reason, r.Detail))], done.Positions),
            IngestResult.TooLarge large => new Intake.TooLarge(large.What, large.Limit),
            IngestResult.Busy busy => new Intake.Busy(busy.Queue, busy.RetryAfter),
            IngestResult.Unavailable no => new Intake.Unavailable(no.Reason, no.RetryAfter),
            var other => throw new InvalidOperationException($"unknown result {other}"),
        };

    public void Refuse(IReadOnlyList<QuarantineEntry> entries) => ingress.Refuse(entries);
}
