using System.Buffers;
using Lambda.Serving.Http;
using Lambda.Serving.OpenApi;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>The API's own description, made from the same operations that serve it and from the definition that answers.</summary>
internal static class OpenApiEndpoint
{
    public static readonly Operation Get = new("GET", "/openapi/v1.json", "getOpenApi", "This description", HandleAsync)
    {
        Access = Access.AnyKey,
        Audited = Audited.No,
        Replies = [new Reply(200, "OpenAPI 3.1.", "Any")],
    };

    private static Task HandleAsync(HttpContext context, ApiState state)
    {
        var document = OpenApiDocument.Of(state.Parts.Definitions.Current);
        context.Response.ContentType = JsonResponse.Json;
        context.Response.ContentLength = document.Length;
        context.Response.BodyWriter.Write(document);
        return Task.CompletedTask;
    }
}
