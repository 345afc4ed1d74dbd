using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;

namespace Lambda.Serving.Cases;

/// <summary>
/// Brings verdicts into the log as `fraud_label` events, in the ordinary way in. A verdict is due from the write that made it until the log has it: a crash between the two brings it again,
/// under the same event id and with the same content, so it counts once. Several nodes may do it at once.
/// </summary>
public sealed class CaseLabels(IFraudCases cases, IEventIntake intake, Action<string, Exception> onError)
{
    private const int AtOnce = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250), WhenRefused = TimeSpan.FromSeconds(1);

    public async Task<TimeSpan> StepAsync(CancellationToken cancel)
    {
        foreach (var label in cases.DueLabels(AtOnce))
        {
            switch (await intake.IngestAsync(PipeReader.Create(new ReadOnlySequence<byte>(EventOf(label))), "cases", label.Number, cancel))
            {
                case Intake.Done done:
                    // Refused, it is in quarantine: what is wrong with it is told there, and trying again would only fill it.
                    foreach (var rejected in done.Rejected) onError($"case {label.Number}", new InvalidDataException($"its verdict was not taken: {rejected.Field} {rejected.Detail}"));
                    cases.LabelAppended(label);
                    break;
                case Intake.Busy busy: return busy.RetryAfter;
                default: return WhenRefused; // the log cannot take anything now
            }
        }
        return Pause;
    }

    /// <summary>The same for the same verdict, whenever and wherever it is made.</summary>
    public static byte[] EventOf(DueLabel label)
    {
        using var bytes = new MemoryStream();
        using (var to = new Utf8JsonWriter(bytes))
        {
            to.WriteStartObject();
            to.WriteString("event_id", string.Create(CultureInfo.InvariantCulture, $"case:{label.Number}:{label.Version}:{label.DecidedAtMs}"));
            to.WriteString("customer_id", label.Customer.Utf8);
            to.WriteString("type", EventCatalog.FraudLabel.Name);
            to.WritePropertyName("occurred_at");
            JsonValues.WriteInstant(to, label.DecidedAtMs * Clock.MicrosPerMs);
            to.WriteString(EventCatalog.TransactionId.Name, label.Transaction);
            to.WriteBoolean(EventCatalog.IsFraud.Name, label.IsFraud);
            to.WriteEndObject();
        }
        return bytes.ToArray();
    }
}
