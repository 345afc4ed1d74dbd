using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Fraud.Rules;
using Lambda.Domain.Views;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>What rules would have decided.</summary>
internal static class RuleBacktestApi
{
    public static readonly Operation Run = new("POST", "/v1/fraud/rules/backtest", "backtestFraudRules", "Try rules on recorded decisions", RunAsync)
    {
        Access = Access.For(Roles.Fraud),
        Audited = Audited.Behind,
        Detail = "Each decision made on these days is made again by these rules, with its recorded features and score and what was known of the customer then; nothing changes. All raw events are read, so it takes its time: "
            + "one at a time on a node. The answer counts decisions and tells no customers.",
        Parameters =
        [
            new Parameter("from", ParameterPlace.Query, "date", "First UTC day, by the deciding clock."),
            new Parameter("to", ParameterPlace.Query, "date", "Last UTC day."),
            new Parameter("file", ParameterPlace.Query, "string", "Name of the file, for errors."),
        ],
        Request = new Body("DefinitionText", "The rules, YAML.", ["application/yaml"]),
        Replies =
        [
            new Reply(200, "What would have been decided.", "RuleBacktest"),
            Reply.Problem(400, "A parameter is wrong, or the body is not UTF-8."), Reply.Problem(413, "The body is over the limit."), Reply.Problem(415, "Media type is not supported."),
            new Reply(422, "The rules are wrong.", "RefusedDefinition", JsonResponse.ProblemJson),
            Reply.Problem(503, "The warehouse does not answer, or a backtest is running; see Retry-After."),
        ],
    };

    private static async Task RunAsync(HttpContext context, ApiState state)
    {
        var query = new Query(context, "from", "to", "file");
        if (state.Parts is not { FraudRules: { } book, RuleBacktest: { } backtest }) throw new ProblemException(new Problem(StatusCodes.Status503ServiceUnavailable, "no-authorizations", "this node decides nothing"));
        var (from, to) = (Day(query, "from"), Day(query, "to"));
        if (to < from) throw new ProblemException(Problem.BadParameter("to", query.Text("to"), "a day that is not before `from`"));
        var text = await RequestBody.ReadTextAsync(context, Limits.DefinitionBytes, DefinitionApi.MediaTypes);
        RuleSet rules;
        try
        {
            rules = book.Check(text, query.Text("file") ?? "fraud-rules.yaml");
        }
        catch (DefinitionException e)
        {
            await new Problem(StatusCodes.Status422UnprocessableEntity, "bad-rules", e.Errors[0].ToString(), Extensions: of => DefinitionApi.WriteErrors(of, e.Errors)).WriteAsync(context);
            return;
        }
        var report = await backtest.RunAsync(rules, from * Clock.MicrosPerDay, (to + 1) * Clock.MicrosPerDay, context.RequestAborted);
        context.AuditDetail($"{rules.Hash}, {query.Text("from")} to {query.Text("to")}");
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, JsonResponse.Json, report, static (json, it) => Write(json, it));
    }

    private static int Day(in Query query, string name) =>
        query.Text(name) is { } text && JsonValues.TryParseDay(text, out var day) ? day : throw new ProblemException(Problem.BadParameter(name, query.Text(name), "a UTC day as YYYY-MM-DD"));

    private static void Write(Utf8JsonWriter to, RuleTrialReport it)
    {
        to.WriteStartObject();
        to.WriteString("rules"u8, it.Rules);
        Write(to, "decisions", it.Decisions);
        Write(to, "changed", it.Changed);
        Write(to, "stopped_then", it.StoppedThen);
        Write(to, "stopped_now", it.StoppedNow);
        to.WriteStartArray("changes"u8);
        foreach (var change in it.Changes)
        {
            to.WriteStartObject();
            to.WriteString("recorded"u8, DecisionNames.Of(change.Recorded));
            to.WriteString("now"u8, DecisionNames.Of(change.Tried));
            Write(to, "decisions", change.Count);
            to.WriteEndObject();
        }
        to.WriteEndArray();
        to.WriteStartArray("list"u8);
        foreach (var rule in it.Tallies) Write(to, it, rule);
        to.WriteEndArray();
        to.WriteNumber("unreadable"u8, it.Unreadable);
        to.WriteStartObject("remade"u8);
        to.WriteNumber("count"u8, it.Remade.Count);
        to.WriteNumber("differing"u8, it.Remade.Differing);
        to.WriteNumber("not_kept"u8, it.Remade.NotKept);
        to.WriteStartArray("first"u8);
        foreach (var position in it.Remade.First) to.WriteStringValue(position);
        to.WriteEndArray();
        to.WriteEndObject();
        to.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter to, RuleTrialReport of, RuleTally rule)
    {
        to.WriteStartObject();
        to.WriteString("name"u8, rule.Rule.Name);
        to.WriteString("mode"u8, rule.Rule.IsShadow ? "shadow"u8 : "active"u8);
        to.WriteString("decision"u8, DecisionNames.Of(rule.Rule.Decision));
        Write(to, "fired", rule.Fired);
        to.WriteNumber("suppressed"u8, rule.Suppressed);
        Write(to, "alone", rule.Alone);
        Write(to, "stopped_otherwise", of.Otherwise(rule));
        to.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter to, string name, TrialCount count)
    {
        to.WriteStartObject(name);
        to.WriteNumber("count"u8, count.Count);
        to.WriteNumber("frauds"u8, count.Frauds);
        to.WriteEndObject();
    }
}
