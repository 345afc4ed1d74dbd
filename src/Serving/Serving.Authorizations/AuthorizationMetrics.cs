using System.Diagnostics.Metrics;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Serving.Ports;

namespace Lambda.Serving.Authorizations;

/// <summary>What the gateway is answered.</summary>
public static class AuthorizationMetrics
{
    private static readonly Meter Meter = new(Metrics.IngestMetrics.MeterName);
    private static readonly Counter<long> Answers = Meter.CreateCounter<long>("lambda.authorizations", description: "Authorizations answered, by decision, and whether it was a repeat.");
    private static readonly Counter<long> Marked = Meter.CreateCounter<long>("lambda.authorizations.marked", description: "Answers in which the policy had a say because something failed, by cause.");
    private static readonly Counter<long> Unrecorded = Meter.CreateCounter<long>("lambda.authorizations.unrecorded", description: "Answers that were not known to be durable when they were given.");
    private static readonly Counter<long> Refused = Meter.CreateCounter<long>("lambda.authorizations.refused", description: "Requests without a decision: invalid ones and ids that are known with another content.");
    private static readonly Histogram<double> Duration = Meter.CreateHistogram("lambda.authorizations.duration", "s", "From the request to the answer.", null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 1] });

    internal static AuthorizationReply Count(AuthorizationReply reply)
    {
        if (reply is not AuthorizationReply.Answered answered)
        {
            Refused.Add(1, KeyValuePair.Create("why", (object?)(reply is AuthorizationReply.Conflict ? "conflict" : "invalid")));
            return reply;
        }
        Answers.Add(1, KeyValuePair.Create("decision", (object?)DecisionNames.Of(answered.Decision)), KeyValuePair.Create("repeat", (object?)(answered.IsRepeat ? "yes" : "no")));
        foreach (var cause in answered.Marks) Marked.Add(1, KeyValuePair.Create("cause", (object?)cause));
        if (answered.At is null) Unrecorded.Add(1);
        Duration.Record(answered.LatencyMicros / 1e6);
        return reply;
    }
}
