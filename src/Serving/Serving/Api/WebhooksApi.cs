using System.Security.Cryptography;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Search;
using Lambda.Serving.Security;
using Lambda.Serving.Segments;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lambda.Serving.Api;

/// <summary>Who is told of changes of segments by requests of ours.</summary>
internal static class WebhooksApi
{
    private static readonly Parameter Id = new("webhook", ParameterPlace.Path, "string", "As it was named when it was made.");
    private static readonly Reply Unknown = Reply.Problem(404, "There is none of this name.");

    public static readonly Operation List = new("GET", "/v1/webhooks", "listWebhooks", "The webhooks and what waits for them", ListAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Sre),
        Audited = Audited.No,
        Replies = [new Reply(200, "The webhooks.", "Webhooks")],
    };

    public static readonly Operation Get = new("GET", "/v1/webhooks/{webhook}", "getWebhook", "One webhook and what waits for it", GetAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Sre),
        Audited = Audited.No,
        Parameters = [Id],
        Replies = [new Reply(200, "The webhook.", "Webhook"), Unknown],
    };

    public static readonly Operation Create = new("POST", "/v1/webhooks", "createWebhook", "Have changes of segments sent to an address", CreateAsync)
    {
        Access = Access.For(Roles.Marketing),
        Audited = Audited.Change,
        Detail = "Each change from now on is a POST of one `SegmentChange`, signed with the secret that this answer tells once: `Lambda-Signature: t=SECONDS,v1=HEX`, HMAC-SHA256 over `SECONDS.BODY`. "
            + "Anything but a 2xx within 10 s is tried again, later and later; a customer's changes come in order, others are not held up. docs/segments.md tells more.",
        Request = new Body("WebhookRequest", "Where to, and of which segments.", [JsonResponse.Json]) { IsOne = true },
        Replies = [new Reply(201, "The webhook with its secret.", "WebhookMade"), Reply.Problem(400, "The body is wrong, or webhooks may not lead there."), Reply.Problem(409, "There are too many.")],
    };

    public static readonly Operation Put = new("PUT", "/v1/webhooks/{webhook}", "changeWebhook", "Change a webhook's address or segments, pause it or let it go on", PutAsync)
    {
        Access = Access.For(Roles.Marketing),
        Audited = Audited.Change,
        Detail = "Segments count for changes from now on. While `enabled` is false changes wait.",
        Parameters = [Id],
        Request = new Body("WebhookRequest", "As it shall be.", [JsonResponse.Json]) { IsOne = true },
        Replies = [new Reply(200, "The webhook.", "Webhook"), Reply.Problem(400, "The body is wrong, or webhooks may not lead there."), Unknown],
    };

    public static readonly Operation Delete = new("DELETE", "/v1/webhooks/{webhook}", "deleteWebhook", "Remove a webhook with all that waits for it", DeleteAsync)
    {
        Access = Access.For(Roles.Marketing),
        Audited = Audited.Change,
        Parameters = [Id],
        Replies = [new Reply(200, "The webhook that was.", "Webhook"), Unknown],
    };

    public static readonly Operation Retry = new("POST", "/v1/webhooks/{webhook}/retry", "retryWebhook", "Take up again what was given up", RetryAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Sre),
        Audited = Audited.Change,
        Parameters = [Id],
        Replies = [new Reply(200, "The webhook.", "Webhook"), Unknown],
    };

    private static Task ListAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var (webhooks, counts) = (state.Parts.Segments.Webhooks.List(), state.Parts.Segments.Webhooks.Counts());
        return JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to =>
        {
            to.WriteStartObject();
            to.WriteStartArray("webhooks");
            foreach (var webhook in webhooks) SegmentJson.Write(to, webhook, counts.GetValueOrDefault(webhook.Id));
            to.WriteEndArray();
            to.WriteEndObject();
        });
    }

    private static Task GetAsync(HttpContext context, ApiState state) => Answer(context, state, Named(context, state), StatusCodes.Status200OK);

    private static async Task CreateAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var webhooks = state.Parts.Segments.Webhooks;
        var (url, segments, enabled) = await ReadAsync(context, state);
        if (webhooks.List().Count >= Limits.Webhooks) throw new ProblemException(new Problem(StatusCodes.Status409Conflict, "too-many-webhooks", $"there are {Limits.Webhooks} webhooks already"));
        var id = $"wh-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}";
        var webhook = new Webhook(id, url, segments, enabled, WebhookSignature.NewSecret(), context.Caller().Name, state.Parts.NowMs);
        webhooks.Add(webhook);
        context.AuditDetail($"{id}: {new Uri(url).Host}, {(segments.Count == 0 ? "all segments" : string.Join(", ", segments))}");
        await Answer(context, state, webhook, StatusCodes.Status201Created, webhook.Secret);
    }

    private static async Task PutAsync(HttpContext context, ApiState state)
    {
        var webhook = Named(context, state);
        var (url, segments, enabled) = await ReadAsync(context, state);
        if (!state.Parts.Segments.Webhooks.Change(webhook.Id, url, segments, enabled)) throw NoneOf(webhook.Id);
        context.AuditDetail($"{new Uri(url).Host}, {(segments.Count == 0 ? "all segments" : string.Join(", ", segments))}{(enabled ? "" : ", paused")}");
        await Answer(context, state, webhook with { Url = url, Segments = segments, Enabled = enabled }, StatusCodes.Status200OK);
    }

    private static Task DeleteAsync(HttpContext context, ApiState state)
    {
        var webhook = Named(context, state);
        if (!state.Parts.Segments.Webhooks.Remove(webhook.Id)) throw NoneOf(webhook.Id);
        return Answer(context, state, webhook, StatusCodes.Status200OK);
    }

    private static Task RetryAsync(HttpContext context, ApiState state)
    {
        var webhook = Named(context, state);
        context.AuditDetail($"{state.Parts.Segments.Webhooks.RetryDead(webhook.Id)} deliveries");
        return Answer(context, state, webhook, StatusCodes.Status200OK);
    }

    private static async Task<(string Url, IReadOnlyList<string> Segments, bool Enabled)> ReadAsync(HttpContext context, ApiState state)
    {
        using var body = (await JsonBody.ReadAsync(context, Limits.WebhookBytes)).Only("url", "segments", "enabled");
        var url = body.Text("url");
        if (state.Parts.Segments.Targets.Refusal(url) is { } refusal) throw JsonBody.Bad("url", refusal);
        var segments = body.Texts("segments", Limits.WebhookSegments) ?? [];
        var known = state.Parts.Definitions.Current.Segments.Select(s => s.Name).ToList();
        if (segments.FirstOrDefault(s => !known.Contains(s)) is { } unknown)
            throw JsonBody.Bad("segments", $"the definition has no segment `{unknown}`{Domain.Expressions.Suggestion.For(unknown, known)}");
        return (url, segments, body.OptionalBool("enabled") ?? true);
    }

    private static Webhook Named(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var id = context.GetRouteValue("webhook")?.ToString() ?? "";
        return state.Parts.Segments.Webhooks.Get(id) ?? throw NoneOf(id);
    }

    private static ProblemException NoneOf(string id) => new(new Problem(StatusCodes.Status404NotFound, "unknown-webhook", $"no webhook is called `{id}`"));

    private static Task Answer(HttpContext context, ApiState state, Webhook webhook, int status, string? secret = null) =>
        JsonResponse.WriteAsync(context, status, to => SegmentJson.Write(to, webhook, state.Parts.Segments.Webhooks.Counts().GetValueOrDefault(webhook.Id), secret));
}
