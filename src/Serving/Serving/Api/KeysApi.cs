using System.Globalization;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>API keys: made, listed, revoked.</summary>
internal static class KeysApi
{
    public static readonly Operation List = new("GET", "/v1/admin/keys", "listKeys", "The API keys, without their secrets", ListAsync)
    {
        Access = Access.AdminOnly,
        Audited = Audited.Behind,
        Replies = [new Reply(200, "The keys in the order of their making.", "Keys")],
    };

    public static readonly Operation Create = new("POST", "/v1/admin/keys", "createKey", "Make an API key", CreateAsync)
    {
        Access = Access.AdminOnly,
        Audited = Audited.Change,
        Detail = "`key` of the answer is the key; it is shown this once and kept nowhere. The right to see personal data can only be given by a key that has it.",
        Request = new Body("NewKey", "Whose key it will be, and what for.", [JsonResponse.Json]),
        Replies =
        [
            new Reply(201, "It is made.", "CreatedKey"), Reply.Problem(400, "The body is not what was expected."), Reply.Problem(403, "The key may not give this right."),
            Reply.Problem(413, "The body is over the limit."), Reply.Problem(415, "Media type is not supported."),
        ],
    };

    public static readonly Operation Revoke = new("POST", "/v1/admin/keys/{key}/revoke", "revokeKey", "Revoke an API key", RevokeAsync)
    {
        Access = Access.AdminOnly,
        Audited = Audited.Change,
        Detail = "It is refused from now on: by this node at once, by all within a second. Revoking it again changes nothing.",
        Parameters = [new Parameter("key", ParameterPlace.Path, "string", "Id of the key: the 16 characters behind `lk_`.")],
        Replies = [new Reply(200, "It is revoked.", "Key"), Reply.Problem(404, "No such key.")],
    };

    private static Task ListAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var (keys, nowMs) = (RingOf(state).Keys.List(), state.Parts.NowMs);
        return JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to =>
        {
            to.WriteStartObject();
            to.WriteStartArray("keys");
            foreach (var key in keys)
            {
                to.WriteStartObject();
                Write(to, key, nowMs);
                to.WriteEndObject();
            }
            to.WriteEndArray();
            to.WriteEndObject();
        });
    }

    private static async Task CreateAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var (ring, nowMs, caller) = (RingOf(state), state.Parts.NowMs, context.Caller());
        using var body = await JsonBody.ReadAsync(context, Limits.KeyBodyBytes);
        var name = body.Text("name");
        if (!ApiKey.IsName(name)) throw new ProblemException(Problem.BadParameter("name", name, "1..100 printable characters"));
        var names = body.Texts("roles", RoleNames.All.Count) ?? throw JsonBody.Bad("roles", "missing");
        if (RoleNames.Parse(names) is not { } roles || roles == Roles.None)
            throw new ProblemException(Problem.BadParameter("roles", string.Join(", ", names), $"one or more of {string.Join(", ", RoleNames.All)}"));
        var seesPersonalData = body.OptionalBool("pii") ?? false;
        if (seesPersonalData && !caller.SeesPersonalData)
            throw new ProblemException(new Problem(StatusCodes.Status403Forbidden, "forbidden", "the right to see personal data (pii) can only be given by a key that has it"));
        var rate = body.OptionalLong("requests_per_second");
        if (rate is < 1 or > Limits.RequestsPerSecondMax)
            throw new ProblemException(Problem.BadParameter("requests_per_second", rate.Value.ToString(CultureInfo.InvariantCulture), $"1..{Limits.RequestsPerSecondMax}"));

        var (key, text) = ApiKey.New(name, roles, seesPersonalData, nowMs, MakerOf(caller), ExpiryOf(body.OptionalText("expires_at"), nowMs), (int?)rate);
        if (!ring.Keys.TryAdd(key)) throw new InvalidOperationException($"a key {key.Id} exists: 64 random bits were drawn twice");
        ring.Changed();
        context.AuditDetail($"{key.Id} for {key.Name}: {string.Join(", ", RoleNames.Of(roles))}{(seesPersonalData ? ", pii" : "")}");
        await JsonResponse.WriteAsync(context, StatusCodes.Status201Created, to =>
        {
            to.WriteStartObject();
            to.WriteString("key", text);
            Write(to, key, nowMs);
            to.WriteEndObject();
        });
    }

    private static Task RevokeAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var (ring, id) = (RingOf(state), (string)context.Request.RouteValues["key"]!);
        if (ring.Keys.Revoke(id, state.Parts.NowMs) is not { } key) return new Problem(StatusCodes.Status404NotFound, "unknown-key", "no key has this id; see GET /v1/admin/keys").WriteAsync(context);
        ring.Changed();
        context.AuditDetail($"{key.Id} of {key.Name}");
        return JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to =>
        {
            to.WriteStartObject();
            Write(to, key, state.Parts.NowMs);
            to.WriteEndObject();
        });
    }

    private static KeyRing RingOf(ApiState state) =>
        (state.GuardOrNull ?? throw new ProblemException(new Problem(StatusCodes.Status503ServiceUnavailable, "no-keys", "this host has no API keys"))).Keys;

    private static string MakerOf(Caller caller) => caller.KeyId.Length == 0 ? caller.Name : $"{caller.Name} ({caller.KeyId})";

    private static long? ExpiryOf(string? text, long nowMs)
    {
        if (text is null) return null;
        if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)) throw new ProblemException(Problem.BadParameter("expires_at", text, "an instant, RFC 3339"));
        return at.ToUnixTimeMilliseconds() > nowMs ? at.ToUnixTimeMilliseconds() : throw new ProblemException(Problem.BadParameter("expires_at", text, "an instant that is still to come"));
    }

    private static void Write(Utf8JsonWriter to, ApiKey key, long nowMs)
    {
        to.WriteString("id", key.Id);
        to.WriteString("name", key.Name);
        JsonMaps.WriteTexts(to, "roles", RoleNames.Of(key.Roles));
        to.WriteBoolean("pii", key.SeesPersonalData);
        to.WriteString("state", key.State(nowMs));
        WriteInstant(to, "created_at", key.CreatedAtMs);
        to.WriteString("created_by", key.CreatedBy);
        WriteInstant(to, "expires_at", key.ExpiresAtMs);
        WriteInstant(to, "revoked_at", key.RevokedAtMs);
        to.WritePropertyName("requests_per_second");
        if (key.RequestsPerSecond is { } rate) to.WriteNumberValue(rate);
        else to.WriteNullValue();
    }

    private static void WriteInstant(Utf8JsonWriter to, string name, long? atMs)
    {
        to.WritePropertyName(name);
        if (atMs is { } at) JsonValues.WriteInstant(to, at * Clock.MicrosPerMs);
        else to.WriteNullValue();
    }
}
