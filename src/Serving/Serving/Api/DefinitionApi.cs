using System.Text.Json;
using Lambda.Domain.Definitions;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>The definition that answers, and a new one for the next run.</summary>
internal static class DefinitionApi
{
    internal static readonly string[] MediaTypes = ["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain", "application/octet-stream", "application/x-www-form-urlencoded"];

    public static readonly Operation Get = new("GET", "/v1/definition", "getDefinition", "The definition that answers: its outputs, types and text", GetAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud | Roles.Finance | Roles.Sre),
        Audited = Audited.No,
        Replies = [new Reply(200, "The definition.", "Definition")],
    };

    public static readonly Operation Put = Change("PUT", "putDefinition");
    public static readonly Operation Post = Change("POST", "postDefinition");

    private static Operation Change(string method, string id) => new(method, "/v1/definition", id, "Check a definition and take it for the next run", ChangeAsync)
    {
        Access = Access.For(Roles.Marketing, needsPersonalData: true), // a definition decides what counts as personal data
        Audited = Audited.Change,
        Detail = "The definition that answers stays until the next run has published under the new one. A bad one is refused whole, with every place that is wrong.",
        Parameters =
        [
            new Parameter("check", ParameterPlace.Query, "boolean", "true only checks."),
            new Parameter("file", ParameterPlace.Query, "string", "Name of the file, for errors."),
        ],
        Request = new Body("DefinitionText", "The definition, YAML.", ["application/yaml"]),
        Replies =
        [
            new Reply(200, "It is good (check=true: and was not taken).", "DefinitionTaken"),
            Reply.Problem(400, "The body is not UTF-8."),
            Reply.Problem(413, "The body is over the limit."),
            Reply.Problem(415, "Media type is not supported."),
            new Reply(422, "It is refused; nothing changed.", "RefusedDefinition", JsonResponse.ProblemJson),
        ],
    };

    private static Task GetAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var definitions = state.Parts.Definitions;
        return JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => Write(to, definitions.Current, definitions.Next));
    }

    private static async Task ChangeAsync(HttpContext context, ApiState state)
    {
        var query = new Query(context, "check", "file");
        var (onlyCheck, file) = (query.Flag("check"), query.Text("file") ?? "definition.yaml");
        var text = await RequestBody.ReadTextAsync(context, Limits.DefinitionBytes, MediaTypes);
        try
        {
            var definitions = state.Parts.Definitions;
            var taken = onlyCheck ? definitions.Check(text, file) : await definitions.AdoptAsync(text, file, context.RequestAborted);
            context.AuditDetail($"{taken.Hash}{(onlyCheck ? ", only checked" : "")}");
            var effect = onlyCheck ? "never" : taken.Hash == definitions.Current.Hash ? "now" : "next_run";
            await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to =>
            {
                to.WriteStartObject();
                to.WriteString("definition", taken.Hash);
                to.WriteString("takes_effect", effect);
                to.WriteEndObject();
            });
        }
        catch (DefinitionException e)
        {
            await new Problem(StatusCodes.Status422UnprocessableEntity, "bad-definition", e.Errors[0].ToString(), Extensions: to => WriteErrors(to, e.Errors)).WriteAsync(context);
        }
    }

    internal static void WriteErrors(Utf8JsonWriter to, IReadOnlyList<DefinitionError> errors)
    {
        to.WriteStartArray("errors");
        foreach (var error in errors)
        {
            to.WriteStartObject();
            to.WriteString("file", error.File);
            to.WriteNumber("line", error.Line);
            to.WriteNumber("column", error.Column);
            to.WriteString("message", error.Message);
            to.WriteEndObject();
        }
        to.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter to, ViewDefinition definition, ViewDefinition? next)
    {
        to.WriteStartObject();
        to.WriteString("name", definition.Name);
        to.WriteString("definition", definition.Hash);
        to.WriteString("next", next?.Hash);
        to.WriteNumber("tile_retention_days", definition.TileRetentionDays);
        to.WriteStartArray("outputs");
        var money = MoneyOutputs.Of(definition);
        foreach (var output in definition.Outputs) WriteOutput(to, definition, output, money.Contains(output.Index));
        to.WriteEndArray();
        to.WriteStartArray("estimates");
        foreach (var estimate in PopulationColumns.Of(definition).Estimates)
        {
            to.WriteStartObject();
            to.WriteString("name", estimate.Name);
            to.WriteString("type", estimate.Type.Scalar.ToString().ToLowerInvariant());
            to.WriteBoolean("pii", estimate.Pii);
            to.WriteString("doc", estimate.Doc);
            to.WriteEndObject();
        }
        to.WriteEndArray();
        to.WriteStartArray("segments");
        foreach (var segment in definition.Segments)
        {
            to.WriteStartObject();
            to.WriteString("name", segment.Name);
            to.WriteString("doc", segment.Doc);
            to.WriteString("computed_as", ExprProse.Print(segment.Rule));
            to.WriteEndObject();
        }
        to.WriteEndArray();
        to.WriteString("text", definition.Text);
        to.WriteEndObject();
    }

    private static void WriteOutput(Utf8JsonWriter to, ViewDefinition definition, OutputColumn output, bool isMoney)
    {
        to.WriteStartObject();
        to.WriteString("name", output.Name);
        to.WriteString("kind", output.Kind == OutputKind.Metric ? "metric" : "derived");
        to.WriteString("type", output.Type.Scalar.ToString().ToLowerInvariant());
        if (output.Keys is not null) JsonMaps.WriteTexts(to, "keys", output.Keys);
        if (output.WindowDays > 0) to.WriteNumber("window_days", output.WindowDays);
        if (isMoney) to.WriteString("unit", "minor");
        to.WriteBoolean("pii", output.Pii);
        to.WriteString("doc", output.Doc);
        to.WriteString("computed_as", DefinitionDocs.ComputedAs(definition, output));
        to.WriteEndObject();
    }
}
