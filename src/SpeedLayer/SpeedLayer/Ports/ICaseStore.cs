using System.Text;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Rules;
using Lambda.Domain.Log;

namespace Lambda.SpeedLayer.Ports;

/// <summary>A transaction that was decided on and that somebody should look at: review or decline.</summary>
/// <param name="Transaction">Its event id.</param>
/// <param name="At">Of its record.</param>
/// <param name="Score">What the model said; null without one.</param>
/// <param name="Judgement">The record's object `authorization` as it stands there: reasons, rules, features, model; empty where a record has none.</param>
public sealed record NewAlert(CustomerId Customer, string Transaction, Position At, long OccurredAtMicros, long AmountMinor, string Currency, Decision Decision, double? Score, string Judgement)
{
    /// <summary>Whether an event is one to alert of.</summary>
    public static bool IsOne(EventRow row) =>
        row.Type == EventCatalog.Transaction && row.Has(EventCatalog.Decision.Ordinal) && !row.Text(EventCatalog.Decision.Ordinal).SequenceEqual("approve"u8);

    public static NewAlert Of(int partition, EventRow row) => new(
        new CustomerId(row.CustomerId), Encoding.UTF8.GetString(row.EventId), new Position(partition, row.Offset), row.OccurredAtMicros,
        row.Number(EventCatalog.AmountMinor.Ordinal), Encoding.UTF8.GetString(row.Text(EventCatalog.Currency.Ordinal)),
        row.Text(EventCatalog.Decision.Ordinal).SequenceEqual("decline"u8) ? Decision.Decline : Decision.Review,
        row.Has(EventCatalog.FraudScore.Ordinal) ? (double)((decimal)row.Decimal(EventCatalog.FraudScore.Ordinal) / Scale) : null, JudgementOf(row.Body));

    private const decimal Scale = 1_000_000;

    /// <summary>A record is no reason to stop the partition: without the object, or with a broken one, the alert is told without it.</summary>
    private static string JudgementOf(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            using var document = JsonDocument.ParseValue(ref reader);
            return document.RootElement.TryGetProperty("authorization", out var it) && it.ValueKind == JsonValueKind.Object ? it.GetRawText() : "";
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return "";
        }
    }
}

/// <summary>Where partitions' owners put alerts as they fold.</summary>
public interface ICaseStore
{
    /// <summary>Durable when it returns. One case for each customer and transaction: replay brings the same again and changes nothing.</summary>
    /// <exception cref="StorageException">It cannot be used now.</exception>
    void Add(IReadOnlyList<NewAlert> alerts, long nowMs);
}
