using Lambda.Serving.Http;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>
/// One endpoint: how it is served, who may use it, and how it is described. Routing, /openapi/v1.json and docs/api.md are all made from these, so none can miss one.
/// Every operation may also answer with a problem (401, 403, 405, 429, 500, 503), described once as `default`.
/// </summary>
/// <param name="Id">operationId.</param>
internal sealed record Operation(string Method, string Path, string Id, string Summary, Func<HttpContext, ApiState, Task> Handle)
{
    /// <summary>Required: an endpoint whose access was forgotten does not compile.</summary>
    public required Access Access { get; init; }

    public required Audited Audited { get; init; }

    public string Detail { get; init; } = "";
    public IReadOnlyList<Parameter> Parameters { get; init; } = [];
    public Body? Request { get; init; }
    public IReadOnlyList<Reply> Replies { get; init; } = [];
}

internal enum ParameterPlace { Path, Query }

/// <param name="Schema">Name of a scalar schema: `integer`, `string`, `boolean`, `date`.</param>
internal sealed record Parameter(string Name, ParameterPlace Place, string Schema, string Doc);

/// <param name="Schema">Name under components/schemas.</param>
internal sealed record Body(string Schema, string Doc, IReadOnlyList<string> MediaTypes)
{
    /// <summary>JSON carries one of the schema, not a list of them.</summary>
    public bool IsOne { get; init; }
}

/// <param name="Schema">Name under components/schemas; `Problem` is sent as application/problem+json.</param>
internal sealed record Reply(int Status, string Doc, string Schema, string MediaType = JsonResponse.Json)
{
    /// <summary>Further media types that it may come in.</summary>
    public IReadOnlyList<string> AlsoAs { get; init; } = [];

    public static Reply Problem(int status, string doc) => new(status, doc, "Problem", JsonResponse.ProblemJson);
}

/// <summary>The server's parts, once the engine behind it has started.</summary>
internal sealed class ApiState
{
    private volatile ServingParts? _parts;

    public bool IsAttached => _parts is not null;

    /// <exception cref="ProblemException">503 while the engine starts.</exception>
    public ServingParts Parts => _parts ?? throw new ProblemException(
        new Problem(StatusCodes.Status503ServiceUnavailable, "starting", "the engine is starting; see /readyz", TimeSpan.FromSeconds(1)));

    /// <summary>Null while the engine starts, and where there are no keys.</summary>
    public Guard? GuardOrNull => _parts?.Guard;

    public void Attach(ServingParts parts) => _parts = parts;
}
