using System.Text.Json;

namespace Lambda.LoadTests.Flows;

/// <summary>What of an answer is held against the ledger.</summary>
internal readonly record struct Answer(string Customer, long Purchases, long Spend, long Purchases30d, long Spend30d)
{
    /// <returns>False when the body is no answer, or its definition has no `spend` and `purchases` over all time and 30 days.</returns>
    public static bool TryRead(ReadOnlySpan<byte> body, out Answer answer)
    {
        answer = default;
        try
        {
            var reader = new Utf8JsonReader(body);
            var root = JsonElement.ParseValue(ref reader);
            var metrics = root.GetProperty("metrics");
            answer = new Answer(root.GetProperty("customer_id").GetString()!, Number("purchases"), Number("spend"), Number("purchases_30d"), Number("spend_30d"));
            return true;

            long Number(string name) => metrics.GetProperty(name) is { ValueKind: JsonValueKind.Number } n ? n.GetInt64() : 0;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return false;
        }
    }
}
