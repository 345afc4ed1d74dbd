using System.Text.Json;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Fraud.Rules;
using Lambda.Domain.Views;
using Lambda.Serving.Http;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>The rules that decide.</summary>
internal static class FraudRulesApi
{
    public static readonly Operation Get = new("GET", "/v1/fraud/rules", "getFraudRules", "The rules that decide", GetAsync)
    {
        Access = Access.For(Roles.Fraud | Roles.Sre),
        Audited = Audited.No,
        Replies = [new Reply(200, "The rules and their text.", "FraudRules")],
    };

    public static readonly Operation Put = new("PUT", "/v1/fraud/rules", "putFraudRules", "Let other rules decide", PutAsync)
    {
        Access = Access.For(Roles.Fraud),
        Audited = Audited.Change,
        Detail = "They are compiled first; bad ones are refused whole, with every place that is wrong, and the current ones stay. Good ones decide on every node within a second; earlier texts are kept, so that decisions can be replayed.",
        Parameters =
        [
            new Parameter("check", ParameterPlace.Query, "boolean", "true only checks."),
            new Parameter("file", ParameterPlace.Query, "string", "Name of the file, for errors."),
        ],
        Request = new Body("DefinitionText", "The rules, YAML.", ["application/yaml"]),
        Replies =
        [
            new Reply(200, "They are good (check=true: and were not taken).", "FraudRules"),
            Reply.Problem(400, "The body is not UTF-8."), Reply.Problem(413, "The body is over the limit."), Reply.Problem(415, "Media type is not supported."),
            new Reply(422, "They are refused; nothing changed.", "RefusedDefinition", JsonResponse.ProblemJson),
        ],
    };

    private static IFraudRuleBook Book(ApiState state) => state.Parts.FraudRules ?? throw new ProblemException(new Problem(StatusCodes.Status503ServiceUnavailable, "no-authorizations", "this node decides nothing"));

    private static Task GetAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        return WriteAsync(context, Book(state).Current);
    }

    private static async Task PutAsync(HttpContext context, ApiState state)
    {
        var query = new Query(context, "check", "file");
        var (onlyCheck, file) = (query.Flag("check"), query.Text("file") ?? "fraud-rules.yaml");
        var text = await RequestBody.ReadTextAsync(context, Limits.DefinitionBytes, DefinitionApi.MediaTypes);
        try
        {
            var rules = onlyCheck ? Book(state).Check(text, file) : Book(state).Activate(text, file);
            context.AuditDetail($"{rules.Hash}{(onlyCheck ? ", only checked" : "")}");
            await WriteAsync(context, rules);
        }
        catch (DefinitionException e)
        {
            await new Problem(StatusCodes.Status422UnprocessableEntity, "bad-rules", e.Errors[0].ToString(), Extensions: to => DefinitionApi.WriteErrors(to, e.Errors)).WriteAsync(context);
        }
    }

    private static Task WriteAsync(HttpContext context, RuleSet rules) => JsonResponse.WriteAsync(context, StatusCodes.Status200OK, JsonResponse.Json, rules, static (to, it) =>
    {
        to.WriteStartObject();
        to.WriteString("rules"u8, it.Hash);
        to.WriteStartArray("list"u8);
        foreach (var rule in it.Rules) Write(to, rule);
        to.WriteEndArray();
        to.WriteNumber("suppressions"u8, it.Suppressions.Count);
        to.WriteString("text"u8, it.Text);
        to.WriteEndObject();
    });

    private static void Write(Utf8JsonWriter to, FraudRule rule)
    {
        to.WriteStartObject();
        to.WriteString("name"u8, rule.Name);
        to.WriteString("mode"u8, rule.IsShadow ? "shadow"u8 : "active"u8);
        to.WriteString("decision"u8, DecisionNames.Of(rule.Decision));
        to.WriteString("reason"u8, rule.Reason);
        to.WriteString("when"u8, rule.Text);
        to.WriteBoolean("velocity"u8, rule.Velocity is not null);
        to.WriteEndObject();
    }
}
