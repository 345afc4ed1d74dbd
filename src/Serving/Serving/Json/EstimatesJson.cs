using System.Text.Json;
using Lambda.Domain.Lifetime;
using Lambda.Domain.Views;

namespace Lambda.Serving.Json;

/// <summary>What a model says of a customer, beside the exact answer and under a name of its own so that nobody takes one for the other.</summary>
internal static class EstimatesJson
{
    /// <summary>Writes the property `estimates`, unless there is no model, the definition names no inputs, or the customer never bought.</summary>
    public static void Write(Utf8JsonWriter to, Answer answer, LifetimeModel? model)
    {
        if (model is null || answer.Definition.Lifetime?.HistoryOf(answer) is not { } history) return;
        var estimate = model.Estimate(history);
        to.WriteStartObject("estimates");
        foreach (var name in EstimateColumns.Choice)
        {
            to.WritePropertyName(name);
            JsonValues.Write(to, EstimateColumns.ValueOf(name, estimate, model.Version));
        }
        to.WriteString("model", model.Version);
        to.WriteEndObject();
    }
}
