using System.Globalization;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Serving.Cases;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lambda.Serving.Api;

/// <summary>Transactions that somebody should look at.</summary>
internal static class CasesApi
{
    public static readonly Parameter Number = new("case", ParameterPlace.Path, "integer", "Its number.");
    public static readonly Reply Unknown = Reply.Problem(404, "There is no case of this number.");

    public static readonly Operation List = new("GET", "/v1/fraud/cases", "listFraudCases", "The queue of cases", ListAsync)
    {
        Access = Access.For(Roles.Fraud),
        Audited = Audited.Read,
        Detail = "Newest first. There is a case for each transaction that was decided to be reviewed or declined.",
        Parameters =
        [
            new Parameter("state", ParameterPlace.Query, "string", $"Only these states, separated by commas: {string.Join(", ", CaseDesk.StateNames)}."),
            new Parameter("assignee", ParameterPlace.Query, "string", "Only whose cases; `me` for one's own."),
            new Parameter("customer_id", ParameterPlace.Query, "string", "Only this customer's."),
            new Parameter("before", ParameterPlace.Query, "integer", "`next` of the page before."),
            new Parameter("limit", ParameterPlace.Query, "integer", $"1..{Limits.CasesPageMax}, default 50."),
        ],
        Replies = [new Reply(200, "The cases.", "FraudCases"), Reply.Problem(400, "A parameter is wrong.")],
    };

    public static readonly Operation Get = new("GET", "/v1/fraud/cases/{case}", "getFraudCase", "One case: what the decision rests on, and what was done", GetAsync)
    {
        Access = Access.For(Roles.Fraud),
        Audited = Audited.Read,
        Parameters = [Number],
        Replies = [new Reply(200, "The case.", "FraudCase"), Unknown],
    };

    public static IFraudCases Cases(ApiState state) => PartsOf(state).Cases;

    public static CaseParts PartsOf(ApiState state) => state.Parts.Cases ?? throw new ProblemException(new Problem(StatusCodes.Status503ServiceUnavailable, "no-cases", "this node keeps no cases"));

    /// <exception cref="ProblemException">404.</exception>
    public static FraudCase Named(HttpContext context, ApiState state)
    {
        var text = context.GetRouteValue("case")?.ToString() ?? "";
        var it = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Cases(state).Get(number) : null;
        return it ?? throw new ProblemException(new Problem(StatusCodes.Status404NotFound, "unknown-case", $"there is no case `{text}`"));
    }

    public static Task AnswerAsync(HttpContext context, ApiState state, FraudCase it)
    {
        context.AuditCustomers([it.Alert.Customer]);
        var (entries, shows) = (Cases(state).EntriesOf(it.Number), context.Caller().SeesPersonalData);
        return JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => CaseJson.Write(to, it, entries, shows));
    }

    private static Task GetAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        return AnswerAsync(context, state, Named(context, state));
    }

    private static Task ListAsync(HttpContext context, ApiState state)
    {
        var query = new Query(context, "state", "assignee", "customer_id", "before", "limit");
        var limit = query.Int("limit", 50, 1, Limits.CasesPageMax);
        var assignee = query.Text("assignee") is "me" ? context.Caller().Name : query.Text("assignee");
        var customer = query.Text("customer_id") is { Length: > 0 } id ? CustomerId.From(id) : (CustomerId?)null;
        var cases = Cases(state).List(new CaseFilter(StatesOf(query.Text("state")), assignee, customer, query.Long("before", long.MaxValue, 1, long.MaxValue), limit));
        context.AuditCustomers(cases.Select(c => c.Alert.Customer).Distinct());
        var counts = Cases(state).Counts();
        return JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => Write(to, cases, cases.Count == limit ? cases[^1].Number : null, counts));
    }

    private static IReadOnlyList<CaseState> StatesOf(string? names) => names is null ? [] :
        [.. names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(name => CaseDesk.StateOf(name)
            ?? throw new ProblemException(Problem.BadParameter("state", name, $"one of {string.Join(", ", CaseDesk.StateNames)}")))];

    private static void Write(Utf8JsonWriter to, IReadOnlyList<FraudCase> cases, long? next, IReadOnlyDictionary<CaseState, long> counts)
    {
        to.WriteStartObject();
        to.WriteStartArray("cases"u8);
        foreach (var it in cases) CaseJson.Write(to, it);
        to.WriteEndArray();
        if (next is { } number) to.WriteNumber("next"u8, number);
        else to.WriteNull("next"u8);
        to.WriteStartObject("counts"u8);
        foreach (var state in Enum.GetValues<CaseState>()) to.WriteNumber(CaseDesk.NameOf(state), counts.GetValueOrDefault(state));
        to.WriteEndObject();
        to.WriteEndObject();
    }
}
