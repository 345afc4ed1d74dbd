using System.Text.Json;
using Lambda.Domain.Lifetime;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>What the estimates in answers are made with.</summary>
internal static class ModelsApi
{
    public static readonly Operation Lifetime = new("GET", "/v1/models/lifetime", "getLifetimeModel", "The model behind lifetime value and churn", GetAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud | Roles.Finance | Roles.Sre),
        Audited = Audited.No,
        Detail = "BG/NBD for purchases and Gamma-Gamma for values, fitted by maximum likelihood on every published view; the unit of time is a day, of money a minor unit. "
            + "`failure` says why the newest view could not be fitted: the model before stays.",
        Replies =
        [
            new Reply(200, "The model; null before the first fit.", "LifetimeModel"),
        ],
    };

    private static Task GetAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var models = state.Parts.Models;
        return JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => Write(to, models));
    }

    private static void Write(Utf8JsonWriter to, IModels? models)
    {
        to.WriteStartObject();
        if (models?.Lifetime is { } model) WriteModel(to, model);
        else to.WriteNull("model");
        if (models?.LifetimeFailure is var (epoch, reason))
        {
            to.WriteStartObject("failure");
            to.WriteNumber("epoch", epoch);
            to.WriteString("reason", reason);
            to.WriteEndObject();
        }
        else to.WriteNull("failure");
        to.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter to, LifetimeModel model)
    {
        to.WriteStartObject("model");
        to.WriteString("version", model.Version);
        to.WriteNumber("epoch", model.Epoch);
        to.WritePropertyName("fitted_on");
        JsonValues.WriteDay(to, model.FittedDay);
        to.WriteNumber("customers", model.Customers);
        Parameters(to, "purchases", model.LogLikelihood, ("r", model.Purchases.R), ("alpha_days", model.Purchases.Alpha), ("a", model.Purchases.A), ("b", model.Purchases.B));
        if (model.Value is { } value) Parameters(to, "value", model.ValueLogLikelihood, ("p", value.P), ("q", value.Q), ("v_minor", value.V));
        else to.WriteNull("value");
        if (model.Scale is { } scale) WriteScale(to, scale);
        else to.WriteNull("rfm");
        to.WriteEndObject();
    }

    private static void Parameters(Utf8JsonWriter to, string name, double logLikelihood, params ReadOnlySpan<(string Name, double Value)> parameters)
    {
        to.WriteStartObject(name);
        foreach (var (parameter, value) in parameters) to.WriteNumber(parameter, value);
        to.WriteNumber("log_likelihood", logLikelihood);
        to.WriteEndObject();
    }

    private static void WriteScale(Utf8JsonWriter to, RfmScale scale)
    {
        to.WriteStartObject("rfm");
        Cuts("recency_days", scale.Recency);
        Cuts("purchase_days", scale.Frequency);
        Cuts("spent_minor", scale.Monetary);
        to.WriteEndObject();

        void Cuts(string name, IReadOnlyList<double> cuts)
        {
            to.WriteStartArray(name);
            foreach (var cut in cuts) to.WriteNumberValue(cut);
            to.WriteEndArray();
        }
    }
}
