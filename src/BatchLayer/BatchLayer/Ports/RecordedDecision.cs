using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Ports;

/// <summary>What a transaction's record says of the decision on it: the `authorization` object of its body.</summary>
/// <param name="Position">Offset up to which the customer's log had been applied: records below it had been seen.</param>
/// <param name="AcceptorsEpoch">The table that was asked; 0 for none.</param>
/// <param name="Features">By <see cref="FraudFeatures.All"/>.</param>
/// <param name="Model">Hash of the champion; null where rules decided alone.</param>
public sealed record RecordedDecision(long Position, long AcceptorsEpoch, float[] Features, double? Score, string? Model, int LabelDelayDays)
{
    public const int DefaultLabelDelayDays = 7;

    /// <param name="body">The event as JSON.</param>
    /// <returns>Null when it has no such object, or one that is not ours: others may send events with what fields they like.</returns>
    public static RecordedDecision? Of(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            if (!json.RootElement.TryGetProperty("authorization", out var it) || it.ValueKind != JsonValueKind.Object) return null;
            if (PositionOf(it) is not { } position || !it.TryGetProperty("acceptors_epoch", out var epoch) || !it.TryGetProperty("features", out var features)) return null;
            var bytes = features.GetBytesFromBase64();
            if (bytes.Length != FraudFeatures.Count * sizeof(float)) return null; // of a version with other features
            var values = new float[FraudFeatures.Count];
            for (var i = 0; i < values.Length; i++) values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * sizeof(float)));
            var score = it.TryGetProperty("score", out var s) && s.ValueKind == JsonValueKind.Number ? s.GetDouble() : (double?)null;
            var model = it.TryGetProperty("model", out var m) && m.ValueKind == JsonValueKind.String ? m.GetString() : null;
            var delay = it.TryGetProperty("label_delay_days", out var d) && d.ValueKind == JsonValueKind.Number ? d.GetInt32() : DefaultLabelDelayDays;
            return delay is < 0 or > FraudFeatures.LabelDelayMax ? null : new RecordedDecision(position, epoch.GetInt64(), values, score, model, delay);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>`p:o` or o.</summary>
    private static long? PositionOf(JsonElement it)
    {
        if (!it.TryGetProperty("position", out var position)) return null;
        if (position.ValueKind == JsonValueKind.Number) return position.TryGetInt64(out var offset) ? offset : null;
        if (position.ValueKind != JsonValueKind.String) return null;
        var text = position.GetString()!;
        return long.TryParse(text.AsSpan(text.IndexOf(':') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : null;
    }
}
