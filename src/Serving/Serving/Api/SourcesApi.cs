using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>HTTP APIs of others that are polled as sources of events.</summary>
internal static class SourcesApi
{
    public static readonly Operation List = new("GET", "/v1/admin/sources", "listSources", "The APIs that are polled: where, how far, what has changed in them", ListAsync)
    {
        Access = Access.For(Roles.Sre),
        Audited = Audited.No,
        Replies = [new Reply(200, "The sources.", "Sources")],
    };

    public static readonly Operation Reset = new("POST", "/v1/admin/sources/{source}/reset", "resetSource", "Forget where polling a source stood, and begin anew", ResetAsync)
    {
        Access = Access.For(Roles.Sre),
        Audited = Audited.Change,
        Detail = "Everything since the source's `start` is asked for again. Items that come again count once, as long as their event ids are remembered.",
        Parameters = [new Parameter("source", ParameterPlace.Path, "string", "Its name.")],
        Replies = [new Reply(200, "It begins anew.", "Sources"), Reply.Problem(404, "No such source."), Reply.Problem(503, "It is moving to another node.")],
    };

    private static Task ListAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var sources = state.Parts.Operations.Sources;
        return JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => SourcesJson.Write(to, sources));
    }

    private static async Task ResetAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var (operations, source) = (state.Parts.Operations, (string)context.Request.RouteValues["source"]!);
        if (await operations.ResetSourceAsync(source, context.RequestAborted) is { } begun)
        {
            await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => SourcesJson.Write(to, [begun]));
            return;
        }
        var known = operations.Sources.Count == 0 ? "no sources are polled here" : string.Join(", ", operations.Sources.Select(s => s.Source));
        await new Problem(StatusCodes.Status404NotFound, "unknown-source", $"no source `{source}` is polled; there are: {known}").WriteAsync(context);
    }
}
