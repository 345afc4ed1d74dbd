using Lambda.Serving.Api;
using Lambda.Serving.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Lambda.Serving.Security;

/// <summary>
/// What every request passes before its handler: key, role, rate, record. Without keys (`--dev`) whoever reaches the loopback port without a key may do everything and leaves
/// no record; who shows a key is treated by it.
/// </summary>
internal sealed class Gate(ApiState state, bool dev)
{
    private static readonly TimeSpan KeysRetry = TimeSpan.FromSeconds(1);

    public Task InvokeAsync(HttpContext context, Operation operation)
    {
        var authorization = context.Request.Headers.Authorization;
        if (context.Request.QueryString.HasValue && HoldsKey(context.Request.QueryString.Value!)) return KeyInUrl(context, operation);
        if (operation.Access.IsOpen || (dev && authorization.Count == 0)) return operation.Handle(context, state);
        var guard = state.Parts.Guard ?? throw new ProblemException(new Problem(StatusCodes.Status503ServiceUnavailable, "no-keys", "this host has no API keys"));
        if (IsOpenHere(operation, guard)) return operation.Handle(context, state);
        return Enter(context, operation, guard, authorization);
    }

    private Task Enter(HttpContext context, Operation operation, Guard guard, StringValues authorization)
    {
        var check = authorization.Count == 1 ? guard.Keys.Check(authorization[0]) : new KeyCheck(KeyState.Unknown);
        if (check.State == KeyState.Unavailable)
            return new Problem(StatusCodes.Status503ServiceUnavailable, "keys-unavailable", "the API keys cannot be looked up now; one may have been revoked", KeysRetry).WriteAsync(context);
        if (check.State != KeyState.Good) return Unauthorized(context, operation, guard, check, authorization.Count);

        var caller = check.Caller!;
        if (!caller.Is(operation.Access.Roles))
            return Deny(context, operation, guard, caller, Forbidden($"this needs a key of one of the roles {string.Join(", ", RoleNames.Of(operation.Access.Roles | Roles.Admin))}; this one has {string.Join(", ", RoleNames.Of(caller.Roles))}"));
        if (operation.Access.NeedsPersonalData && !caller.SeesPersonalData)
            return Deny(context, operation, guard, caller, Forbidden("this needs a key with the right to see personal data (pii)"));
        if (guard.Keys.Throttle(caller) is { } after)
        {
            guard.CountRefused(StatusCodes.Status429TooManyRequests);
            return new Problem(StatusCodes.Status429TooManyRequests, "rate-limit", "this key has used up its requests; Retry-After says when there are more", after).WriteAsync(context);
        }
        return Serve(context, operation, guard, new RequestScope(caller, operation, guard));
    }

    private Task Serve(HttpContext context, Operation operation, Guard guard, RequestScope scope)
    {
        if (operation.Audited != Audited.No) guard.Audit.ThrowIfUnavailable();
        if (operation.Audited == Audited.Change) return ChangeAsync(context, operation, scope);
        scope.Enter(context);
        return operation.Handle(context, state);
    }

    private async Task ChangeAsync(HttpContext context, Operation operation, RequestScope scope)
    {
        await scope.AnnounceAsync(context);
        scope.Enter(context); // from here on an answer is an outcome
        await operation.Handle(context, state);
    }

    private static bool IsOpenHere(Operation operation, Guard guard) => guard.OpenMetrics && operation == MetricsApi.Get;

    // --- refusals ---------------------------------------------------------------------------------------------------------------

    private static Task Unauthorized(HttpContext context, Operation operation, Guard guard, KeyCheck check, int headers)
    {
        var (challenge, detail) = (headers, check.State) switch
        {
            (0, _) => ("Bearer realm=\"lambda\"", "this needs an API key: send it as `Authorization: Bearer lk_…`"),
            (_, KeyState.Revoked) => ("Bearer realm=\"lambda\", error=\"invalid_token\"", "the key was revoked"),
            (_, KeyState.Expired) => ("Bearer realm=\"lambda\", error=\"invalid_token\"", "the key has expired"),
            _ => ("Bearer realm=\"lambda\", error=\"invalid_token\"", "no such key; expected `Authorization: Bearer lk_…`"),
        };
        context.Response.Headers.WWWAuthenticate = challenge;
        return Deny(context, operation, guard, check.Caller, new Problem(StatusCodes.Status401Unauthorized, "unauthorized", detail));
    }

    /// <summary>URLs stand in logs, histories and Referer headers: a key in one is refused even where none is needed, and never repeated in the answer.</summary>
    private Task KeyInUrl(HttpContext context, Operation operation)
    {
        var refused = new Problem(StatusCodes.Status400BadRequest, "key-in-url", "a key stands in the URL: send it as `Authorization: Bearer lk_…`, and revoke this one, for URLs are logged");
        return state.GuardOrNull is { } guard ? Deny(context, operation, guard, null, refused) : refused.WriteAsync(context);
    }

    private static Problem Forbidden(string detail) => new(StatusCodes.Status403Forbidden, "forbidden", detail);

    private static Task Deny(HttpContext context, Operation operation, Guard guard, Caller? caller, Problem refused)
    {
        guard.Denied(RequestScope.RecordOf(context, operation, guard, caller, refused.Status, "denied: " + refused.Detail), isStranger: caller is null);
        return refused.WriteAsync(context);
    }

    private static bool HoldsKey(string query)
    {
        for (var at = query.IndexOf(ApiKeyText.Prefix, StringComparison.OrdinalIgnoreCase); at >= 0; at = query.IndexOf(ApiKeyText.Prefix, at + 1, StringComparison.OrdinalIgnoreCase))
            if (ApiKeyText.BeginsLikeKey(query.AsSpan(at))) return true;
        return false;
    }
}
