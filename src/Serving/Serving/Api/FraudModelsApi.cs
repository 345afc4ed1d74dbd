using System.Text.Json;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>What fraud decisions are scored with.</summary>
internal static class FraudModelsApi
{
    public static readonly Operation Get = new("GET", "/v1/models/fraud", "getFraudModels", "The models and tables behind fraud scores", GetAsync)
    {
        Access = Access.For(Roles.Fraud | Roles.Sre),
        Audited = Audited.No,
        Detail = "`acceptors` is the table of terminals and merchants that this node asks, `check` whether what decisions had seen was recomputed from raw events, `drift` how far the features that the champion asks have moved "
            + "since it was trained (population stability index: above 0.25 is much). `failure` says why the newest epoch gave no model: those before stay.",
        Replies = [new Reply(200, "Tables, models, drift.", "FraudModels")],
    };

    public static readonly Operation Promote = new("POST", "/v1/models/fraud/promote", "promoteFraudModel", "Let a fraud model decide", PromoteAsync)
    {
        Access = Access.For(Roles.Fraud),
        Audited = Audited.Change,
        Detail = "The nightly rule promotes a challenger that is not worse; this does it at once, or goes back to one that decided before. Every node follows within seconds.",
        Request = new Body("PromoteRequest", "Which model.", [JsonResponse.Json]) { IsOne = true },
        Replies = [new Reply(200, "It decides.", "FraudModels"), Reply.Problem(400, "The body is wrong."), Reply.Problem(404, "No model that is kept, or more than one, begins so.")],
    };

    private static Task GetAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var now = Of(state).Now;
        return JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => Write(to, now));
    }

    private static async Task PromoteAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        using var body = (await JsonBody.ReadAsync(context, Limits.IdentityBytes)).Only("model");
        var wanted = body.Text("model");
        if (Of(state).Promote(wanted) is not { } hash)
        {
            await new Problem(StatusCodes.Status404NotFound, "unknown-model", $"no model that is kept, or more than one, begins with {wanted}").WriteAsync(context);
            return;
        }
        context.AuditDetail($"model {hash}");
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => Write(to, Of(state).Now));
    }

    private static IFraudModels Of(ApiState state) => state.Parts.FraudModels ?? throw new EngineUnavailableException("this server has no fraud models", TimeSpan.FromMinutes(1));

    private static void Write(Utf8JsonWriter to, FraudModelsStatus it)
    {
        to.WriteStartObject();
        to.WriteStartObject("acceptors");
        to.WriteNumber("epoch", it.AcceptorsEpoch);
        to.WriteNumber("count", it.Acceptors);
        to.WriteNumber("published", it.PublishedEpoch);
        to.WriteEndObject();
        to.WriteString("served", it.Served);
        to.WriteString("champion", it.Champion);
        to.WriteString("challenger", it.Challenger);
        to.WriteNumber("trained_epoch", it.TrainedEpoch);
        to.WriteString("failure", it.Failure);
        to.WriteStartArray("models");
        foreach (var model in it.Models) Write(to, model);
        to.WriteEndArray();
        WriteCheck(to, it.Check);
        WriteDrift(to, it.Drift);
        to.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter to, FraudModelStatus it)
    {
        to.WriteStartObject();
        to.WriteString("model", it.Hash);
        to.WriteNumber("epoch", it.Epoch);
        to.WritePropertyName("trained_from");
        JsonValues.WriteDay(to, it.TrainedFromDay);
        to.WritePropertyName("cut");
        JsonValues.WriteDay(to, it.CutDay);
        to.WriteNumber("label_delay_days", it.LabelDelayDays);
        to.WriteNumber("rows", it.Rows);
        to.WriteNumber("frauds", it.Frauds);
        WriteQuality(to, "tested", it.Tested);
        WriteQuality(to, "judged", it.Judged);
        if (it.PromotedEpoch is { } promoted) to.WriteNumber("promoted_epoch", promoted);
        else to.WriteNull("promoted_epoch");
        to.WriteString("promoted_by", it.PromotedBy);
        to.WriteEndObject();
    }

    private static void WriteQuality(Utf8JsonWriter to, string name, (double Auc, double AveragePrecision, double CardPrecision)? quality)
    {
        if (quality is not var (auc, precision, cards))
        {
            to.WriteNull(name);
            return;
        }
        to.WriteStartObject(name);
        to.WriteNumber("auc", auc);
        to.WriteNumber("average_precision", precision);
        to.WriteNumber("card_precision_100", cards);
        to.WriteEndObject();
    }

    private static void WriteCheck(Utf8JsonWriter to, FraudCheckStatus? it)
    {
        if (it is null)
        {
            to.WriteNull("check");
            return;
        }
        to.WriteStartObject("check");
        to.WriteNumber("epoch", it.Epoch);
        to.WriteNumber("decisions", it.Decisions);
        to.WriteNumber("mismatches", it.Mismatches);
        to.WriteNumber("without_table", it.WithoutTable);
        to.WriteStartArray("first");
        foreach (var position in it.First) to.WriteStringValue(position);
        to.WriteEndArray();
        to.WriteEndObject();
    }

    private static void WriteDrift(Utf8JsonWriter to, FraudDriftStatus? it)
    {
        if (it is null)
        {
            to.WriteNull("drift");
            return;
        }
        to.WriteStartObject("drift");
        to.WriteString("model", it.Model);
        to.WriteNumber("rows", it.Rows);
        to.WriteStartObject("psi");
        foreach (var (feature, psi) in it.Psi) to.WriteNumber(feature, psi);
        to.WriteEndObject();
        to.WriteEndObject();
    }
}
