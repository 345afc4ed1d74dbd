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

/// <summary>Who is told of changes of segments and of fraud alerts by requests of ours.</summary>
internal static class WebhooksApi
{
    private static readonly Parameter Id = new("webhook", ParameterPlace.Path, "string", "As it was named when it was made.");
    private static readonly Reply Unknown = Reply.Problem(404, "There is none of this name.");

    public static readonly Operation List = new("GET", "/v1/webhooks", "listWebhooks", "The webhooks and what waits for them", ListAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud | Roles.Sre),
        Audited = Audited.No,
        Replies = [new Reply(200, "The webhooks.", "Webhooks")],
    };

    public static readonly Operation Get = new("GET", "/v1/webhooks/{webhook}", "getWebhook", "One webhook and what waits for it", GetAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud | Roles.Sre),
        Audited = Audited.No,
        Parameters = [Id],
        Replies = [new Reply(200, "The webhook.", "Webhook"), Unknown],
    };

    public static readonly Operation Create = new("POST", "/v1/webhooks", "createWebhook", "Have changes of segments, or fraud alerts, sent to an address", CreateAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud),
        Audited = Audited.Change,
        Detail = "Each change from now on is a POST of one `SegmentChange`, each alert one of a `FraudAlert` (`topic`: keys of marketing have the former sent, those of fraud the latter), signed with the secret that this answer tells once: `Lambda-Signature: t=SECONDS,v1=HEX`, HMAC-SHA256 over `SECONDS.BODY`. "
            + "Anything but a 2xx within 10 s is tried again, later and later; what concerns a customer comes in order, others are not held up. docs/segments.md tells more.",
        Request = new Body("WebhookRequest", "Where to, and of what.", [JsonResponse.Json]) { IsOne = true },
        Replies = [new Reply(201, "The webhook with its secret.", "WebhookMade"), Reply.Problem(400, "The body is wrong, or webhooks may not lead there."), Reply.Problem(409, "There are too many, or there is no key to keep a secret under.")],
    };

    public static readonly Operation Put = new("PUT", "/v1/webhooks/{webhook}", "changeWebhook", "Change a webhook's address or segments, pause it or let it go on", PutAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud),
        Audited = Audited.Change,
        Detail = "Segments count for changes from now on. While `enabled` is false changes wait.",
        Parameters = [Id],
        Request = new Body("WebhookRequest", "As it shall be.", [JsonResponse.Json]) { IsOne = true },
        Replies = [new Reply(200, "The webhook.", "Webhook"), Reply.Problem(400, "The body is wrong, or webhooks may not lead there."), Unknown],
    };

    public static readonly Operation Delete = new("DELETE", "/v1/webhooks/{webhook}", "deleteWebhook", "Remove a webhook with all that waits for it", DeleteAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud),
        Audited = Audited.Change,
        Parameters = [Id],
        Replies = [new Reply(200, "The webhook that was.", "Webhook"), Unknown],
    };

    public static readonly Operation Retry = new("POST", "/v1/webhooks/{webhook}/retry", "retryWebhook", "Take up again what was given up", RetryAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud | Roles.Sre),
        Audited = Audited.Change,
        Parameters = [Id],
        Replies = [new Reply(200, "The webhook.", "Webhook"), Unknown],
    };

    public static readonly Operation Rotate = new("POST", "/v1/webhooks/{webhook}/rotate", "rotateWebhookSecret", "Give a webhook another secret", RotateAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud),
        Audited = Audited.Change,
        Detail = "The answer tells the new secret, this once. For the overlap what is sent is signed with both, as `v1` twice; then with the new one alone. A secret replaced before that signs no more.",
        Parameters = [Id, new Parameter("overlap_hours", ParameterPlace.Query, "integer", $"0..{Limits.WebhookOverlapHoursMax}, default {Limits.WebhookOverlapHours}; 0: the old one is known to others.")],
        Replies = [new Reply(200, "The webhook with its new secret.", "WebhookMade"), Reply.Problem(400, "The parameter is wrong."), Unknown, Reply.Problem(409, "Somebody else was faster, or there is no key to keep a secret under.")],
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
        var (url, segments, enabled, purpose, asked) = await ReadAsync(context, state);
        var topic = asked ?? WebhookTopic.SegmentChanges;
        Check(context, topic, segments, purpose);
        if (webhooks.List().Count >= Limits.Webhooks) throw new ProblemException(new Problem(StatusCodes.Status409Conflict, "too-many-webhooks", $"there are {Limits.Webhooks} webhooks already"));
        var id = $"wh-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}";
        var secret = WebhookSignature.NewSecret();
        var webhook = new Webhook(id, url, segments, enabled, Sealed(state, id, secret), context.Caller().Name, state.Parts.NowMs) { Topic = topic, Purpose = purpose };
        webhooks.Add(webhook);
        context.AuditDetail($"{id}: {new Uri(url).Host}, {WhatOf(topic, segments)}{(purpose is null ? "" : $", for {purpose}")}");
        await Answer(context, state, webhook, StatusCodes.Status201Created, secret);
    }

    private static async Task PutAsync(HttpContext context, ApiState state)
    {
        var webhook = Changeable(context, state);
        var (url, segments, enabled, purpose, topic) = await ReadAsync(context, state);
        if (topic is not null && topic != webhook.Topic) throw JsonBody.Bad("topic", "it cannot be changed: make another webhook");
        Check(context, webhook.Topic, segments, purpose);
        if (purpose is not null && purpose != webhook.Purpose) throw JsonBody.Bad("purpose", "it cannot be changed, for what the receiver was told rests on it: make another webhook");
        if (!state.Parts.Segments.Webhooks.Change(webhook.Id, url, segments, enabled)) throw NoneOf(webhook.Id);
        context.AuditDetail($"{new Uri(url).Host}, {WhatOf(webhook.Topic, segments)}{(enabled ? "" : ", paused")}");
        await Answer(context, state, webhook with { Url = url, Segments = segments, Enabled = enabled }, StatusCodes.Status200OK);
    }

    private static Task DeleteAsync(HttpContext context, ApiState state)
    {
        var webhook = Changeable(context, state);
        if (!state.Parts.Segments.Webhooks.Remove(webhook.Id)) throw NoneOf(webhook.Id);
        return Answer(context, state, webhook, StatusCodes.Status200OK);
    }

    private static Task RetryAsync(HttpContext context, ApiState state)
    {
        var webhook = Changeable(context, state, Roles.Sre);
        context.AuditDetail($"{state.Parts.Segments.Webhooks.RetryDead(webhook.Id)} deliveries");
        return Answer(context, state, webhook, StatusCodes.Status200OK);
    }

    private static async Task RotateAsync(HttpContext context, ApiState state)
    {
        var hours = new Query(context, "overlap_hours").Int("overlap_hours", Limits.WebhookOverlapHours, 0, Limits.WebhookOverlapHoursMax);
        var webhook = Changeable(context, state, Roles.None, "overlap_hours");
        var (secret, until) = (WebhookSignature.NewSecret(), state.Parts.NowMs + hours * 3_600_000L);
        var changed = webhook with { Secret = Sealed(state, webhook.Id, secret), Previous = (webhook.Secret, until) };
        if (!state.Parts.Segments.Webhooks.Rotate(webhook.Id, webhook.Secret, changed.Secret, until))
            throw new ProblemException(new Problem(StatusCodes.Status409Conflict, "webhook-changed", "somebody else has just changed its secret, or removed it"));
        context.AuditDetail($"the replaced secret signs for {hours} hours more");
        await Answer(context, state, changed, StatusCodes.Status200OK, secret);
    }

    private static string Sealed(ApiState state, string id, string secret) => state.Parts.Segments.Secrets is { CanSeal: true } secrets
        ? secrets.Seal(id, secret)
        : throw new ProblemException(new Problem(StatusCodes.Status409Conflict, "no-webhook-key", "secrets of webhooks are kept encrypted, and this installation has no key for them: the operator sets webhook_key, the same on every node"));

    private static async Task<(string Url, IReadOnlyList<string> Segments, bool Enabled, string? Purpose, WebhookTopic? Topic)> ReadAsync(HttpContext context, ApiState state)
    {
        using var body = (await JsonBody.ReadAsync(context, Limits.WebhookBytes)).Only("url", "segments", "enabled", "purpose", "topic");
        var url = body.Text("url");
        if (state.Parts.Segments.Targets.Refusal(url) is { } refusal) throw JsonBody.Bad("url", refusal);
        var segments = body.Texts("segments", Limits.WebhookSegments) ?? [];
        var known = state.Parts.Definitions.Current.Segments.Select(s => s.Name).ToList();
        if (segments.FirstOrDefault(s => !known.Contains(s)) is { } unknown)
            throw JsonBody.Bad("segments", $"the definition has no segment `{unknown}`{Domain.Expressions.Suggestion.For(unknown, known)}");
        WebhookTopic? topic = body.OptionalText("topic") is not { } name ? null : WebhookTopics.Of(name) ?? throw JsonBody.Bad("topic", $"one of {string.Join(", ", WebhookTopics.Names)}");
        return (url, segments, body.OptionalBool("enabled") ?? true, ConsentPurpose.Of(body.OptionalText("purpose"), state.Parts.Definitions.Current), topic);
    }

    private static void Check(HttpContext context, WebhookTopic topic, IReadOnlyList<string> segments, string? purpose)
    {
        MustBe(context, topic, Roles.None);
        if (topic != WebhookTopic.FraudAlerts) return;
        if (segments.Count > 0) throw JsonBody.Bad("segments", "alerts are of no segment");
        if (purpose is not null) throw JsonBody.Bad("purpose", "nobody's consent is asked for alerts");
    }

    private static void MustBe(HttpContext context, WebhookTopic topic, Roles also)
    {
        var roles = WebhookTopics.RolesOf(topic) | also | Roles.Admin;
        if (!context.Caller().Is(roles)) throw new ProblemException(new Problem(StatusCodes.Status403Forbidden, "forbidden", $"webhooks of {WebhookTopics.NameOf(topic)} need a key of one of the roles {string.Join(", ", RoleNames.Of(roles))}"));
    }

    private static string WhatOf(WebhookTopic topic, IReadOnlyList<string> segments) =>
        topic == WebhookTopic.FraudAlerts ? "fraud alerts" : segments.Count == 0 ? "all segments" : string.Join(", ", segments);

    private static Webhook Changeable(HttpContext context, ApiState state, Roles also = Roles.None, params string[] parameters)
    {
        var webhook = Named(context, state, parameters);
        MustBe(context, webhook.Topic, also);
        return webhook;
    }

    private static Webhook Named(HttpContext context, ApiState state, params string[] parameters)
    {
        _ = new Query(context, parameters);
        var id = context.GetRouteValue("webhook")?.ToString() ?? "";
        return state.Parts.Segments.Webhooks.Get(id) ?? throw NoneOf(id);
    }

    private static ProblemException NoneOf(string id) => new(new Problem(StatusCodes.Status404NotFound, "unknown-webhook", $"no webhook is called `{id}`"));

    private static Task Answer(HttpContext context, ApiState state, Webhook webhook, int status, string? secret = null) =>
        JsonResponse.WriteAsync(context, status, to => SegmentJson.Write(to, webhook, state.Parts.Segments.Webhooks.Counts().GetValueOrDefault(webhook.Id), secret));
}
