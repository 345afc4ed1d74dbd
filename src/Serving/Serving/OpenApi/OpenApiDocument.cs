using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lambda.Domain.Views;
using Lambda.Serving.Api;
using Lambda.Serving.Http;

namespace Lambda.Serving.OpenApi;

/// <summary>OpenAPI 3.1 of the API, made from its operations, the event catalogue and the definition that answers.</summary>
internal static class OpenApiDocument
{
    private static readonly ConditionalWeakTable<ViewDefinition, byte[]> Made = [];

    public static byte[] Of(ViewDefinition definition) => Made.GetValue(definition, d => JsonSerializer.SerializeToUtf8Bytes(Build(d)));

    private static JsonObject Build(ViewDefinition definition)
    {
        var schemas = new JsonObject();
        foreach (var (name, schema) in FixedSchemas.All().Concat(OperationsSchemas.All()).Concat(SecuritySchemas.All()).Concat(PopulationSchemas.All()).Concat(SegmentSchemas.All()).Concat(PrivacySchemas.All()).Concat(IdentitySchemas.All()).Concat(AuthorizationSchemas.All()).Concat(FraudSchemas.All()).Concat(CaseSchemas.All()).Concat(EventSchemas.All())) schemas[name] = schema;
        schemas["Customer"] = CustomerSchema.Of(definition);
        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject { ["title"] = "Lambda", ["version"] = "1", ["description"] = "Customer 360: events in, merged answers out." },
            ["paths"] = Paths(),
            ["components"] = new JsonObject { ["schemas"] = schemas, ["securitySchemes"] = SecuritySchemas.Schemes() },
        };
    }

    private static JsonObject Paths()
    {
        var paths = new JsonObject();
        foreach (var operation in Operations.All)
        {
            var path = paths[operation.Path] as JsonObject ?? [];
            path[operation.Method.ToLowerInvariant()] = Of(operation);
            paths[operation.Path] = path;
        }
        return paths;
    }

    private static JsonObject Of(Operation operation)
    {
        var described = new JsonObject { ["operationId"] = operation.Id, ["summary"] = operation.Summary };
        if (operation.Detail.Length > 0) described["description"] = operation.Detail;
        if (operation.Parameters.Count > 0) described["parameters"] = new JsonArray([.. operation.Parameters.Select(Of)]);
        if (operation.Request is { } body)
        {
            described["requestBody"] = new JsonObject
            {
                ["required"] = true,
                ["description"] = body.Doc,
                ["content"] = new JsonObject(body.MediaTypes.Select(m => KeyValuePair.Create(m, (JsonNode?)new JsonObject { ["schema"] = BodySchema(body, m) }))),
            };
        }
        SecuritySchemas.AddTo(described, operation);
        var replies = new JsonObject();
        foreach (var reply in operation.Replies) replies[reply.Status.ToString(CultureInfo.InvariantCulture)] = Of(reply);
        replies["default"] = Of(Reply.Problem(0, "Any other error."));
        described["responses"] = replies;
        return described;
    }

    /// <summary>application/json carries an array of what NDJSON carries a line each of.</summary>
    private static JsonObject BodySchema(Body body, string mediaType) =>
        mediaType == JsonResponse.Json && !body.IsOne ? Schema.List(Schema.Ref(body.Schema)) : Schema.Ref(body.Schema);

    private static JsonNode Of(Parameter parameter) => new JsonObject
    {
        ["name"] = parameter.Name,
        ["in"] = parameter.Place == ParameterPlace.Path ? "path" : "query",
        ["required"] = parameter.Place == ParameterPlace.Path,
        ["description"] = parameter.Doc,
        ["schema"] = parameter.Schema == "date" ? Schema.Day : new JsonObject { ["type"] = parameter.Schema },
    };

    private static JsonObject Of(Reply reply) => new()
    {
        ["description"] = reply.Doc,
        ["content"] = new JsonObject(reply.AlsoAs.Prepend(reply.MediaType).Select(m => KeyValuePair.Create(m, (JsonNode?)new JsonObject { ["schema"] = Schema.Ref(reply.Schema) }))),
    };
}
