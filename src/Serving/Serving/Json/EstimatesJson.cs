using System.Text.Json;
using Lambda.Domain.Lifetime;
using Lambda.Domain.Views;

namespace Lambda.Serving.Json;

/// <summary>What a model says of a customer, beside the exact answer and under a name of its own so that nobody takes one for the other.</summary>
internal static class EstimatesJson
{
    private const int Digits = 6;

    /// <summary>Writes the property `estimates`, unless there is no model, the definition names no inputs, or the customer never bought.</summary>
    public static void Write(Utf8JsonWriter to, Answer answer, LifetimeModel? model)
    {
        if (model is null || answer.Definition.Lifetime?.HistoryOf(answer) is not { } history) return;
        var estimate = model.Estimate(history);
        to.WriteStartObject("estimates");
        to.WriteNumber("p_alive", Math.Round(estimate.Alive, Digits));
        to.WriteNumber("expected_purchases_90d", Math.Round(estimate.ExpectedPurchases90d, Digits));
        if (estimate.Ltv365dMinor is { } value) to.WriteNumber("ltv_365d_minor", value);
        else to.WriteNull("ltv_365d_minor");
        if (estimate.Rfm is { } score) to.WriteString("rfm", score.ToString());
        else to.WriteNull("rfm");
        to.WriteString("model", model.Version);
        to.WriteEndObject();
    }
}
