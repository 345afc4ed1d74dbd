using System.Diagnostics.Metrics;
using Lambda.Serving.Ports;

namespace Lambda.Serving.Metrics;

/// <summary>What comes in over the API. Costs nothing until somebody listens.</summary>
public static class IngestMetrics
{
    /// <summary>Name of the meter, for exporters.</summary>
    public const string MeterName = "Lambda.Serving";

    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> Accepted = Meter.CreateCounter<long>("lambda.ingest.events.accepted", description: "Events that were durable when the request was answered, repeats included.");
    private static readonly Counter<long> Rejected = Meter.CreateCounter<long>("lambda.ingest.events.rejected", description: "Lines that went to quarantine, by reason.");
    private static readonly Counter<long> Refused = Meter.CreateCounter<long>("lambda.ingest.requests.refused", description: "Requests of which nothing was appended, by why.");

    internal static void Count(Intake intake)
    {
        switch (intake)
        {
            case Intake.Done done:
                Accepted.Add(done.Accepted);
                if (done.Rejected.Count > 0 && Rejected.Enabled)
                    foreach (var reason in done.Rejected.CountBy(r => r.Reason)) Rejected.Add(reason.Value, KeyValuePair.Create("reason", (object?)reason.Key));
                break;
            case Intake.TooLarge: Refuse("too_large"); break;
            case Intake.Busy: Refuse("busy"); break;
            default: Refuse("unavailable"); break;
        }
    }

    private static void Refuse(string why) => Refused.Add(1, KeyValuePair.Create("why", (object?)why));
}
