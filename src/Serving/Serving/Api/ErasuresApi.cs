using System.Text.Json;
using Lambda.BatchLayer.Privacy;
using Lambda.Domain.Events;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>Erasing a customer, and how far its data is removed.</summary>
internal static class ErasuresApi
{
    public static readonly Operation Erase = new("DELETE", "/v1/customers/{id}", "eraseCustomer", "Erase a customer", EraseAsync)
    {
        Access = Access.AdminOnly,
        Audited = Audited.Change,
        Detail = "Cannot be undone. When it answers, every answer honours it: the customer is unknown, and events that come later are a new customer's. The data is then taken out of all stores in the background, "
            + "behind the next published batch run; see /v1/erasures. Asked for again without any event since, it answers with the erasure that there is. "
            + "A customer that is merged with others is one person with them: all of them are erased, and `members=all` says that this is meant. Where the merge was wrong, take it back first (/v1/identity/unmerges).",
        Parameters =
        [
            new Parameter("id", ParameterPlace.Path, "string", "Customer id, percent-encoded."),
            new Parameter("members", ParameterPlace.Query, "string", "`all`: with every customer that this one is merged with. Needed when there is one."),
            new Parameter("even_if_unknown", ParameterPlace.Query, "boolean", "Also when no answer knows the customer: lines of it may be in quarantine. Default false."),
        ],
        Replies =
        [
            new Reply(202, "It is honoured, and its data is being removed. `members` has those of the others, each with a certificate of its own.", "Erasure"), Reply.Problem(400, "A parameter is wrong."),
            Reply.Problem(409, "It is merged with others, and `members=all` was not said."),
            Reply.Problem(404, "No event of this customer is known, and it was never erased."), Reply.Problem(503, "It cannot be taken now; nothing was erased."),
        ],
    };

    public static readonly Operation List = new("GET", "/v1/erasures", "listErasures", "Erasures and how far they are", ListAsync)
    {
        Access = Access.For(Roles.Finance),
        Audited = Audited.Behind,
        Replies = [new Reply(200, "All erasures, oldest first.", "Erasures")],
    };

    public static readonly Operation Get = new("GET", "/v1/erasures/{erasure}", "getErasure", "One erasure; when it is `removed`, the certificate", GetAsync)
    {
        Access = Access.For(Roles.Finance),
        Audited = Audited.Behind,
        Detail = "It says what was removed where and when, under the customer's pseudonym, and is kept. Totals over all customers that were published before stay as they were.",
        Parameters = [new Parameter("erasure", ParameterPlace.Path, "string", "Its id.")],
        Replies = [new Reply(200, "The erasure.", "Erasure"), Reply.Problem(404, "No such erasure.")],
    };

    private static async Task EraseAsync(HttpContext context, ApiState state)
    {
        var customer = RawPath.CustomerId(context);
        var query = new Query(context, "even_if_unknown", "members");
        var evenIfUnknown = query.Flag("even_if_unknown");
        var all = query.Parse("members", false, "all", (string text, out bool said) => said = text == "all");
        var members = state.Parts.Identity?.Find(customer)?.Person.Members ?? [customer];
        if (members.Count > 1 && !all) throw new ProblemException(Merged(customer, members));
        context.AuditPerson(state, customer);
        var erasures = new List<Erasure>();
        foreach (var member in members.OrderBy(m => !m.Equals(customer)))
            if (await Of(state).EraseAsync(member, evenIfUnknown, context.RequestAborted) is { } erasure) erasures.Add(erasure);
        state.Parts.Identity?.ForgetLinksOf(members); // behind the erasures: who asks again after a crash still finds them all
        if (erasures.Count == 0)
        {
            await new Problem(StatusCodes.Status404NotFound, "unknown-customer", $"no event of customer `{customer}` is known; even_if_unknown=true erases what may be in quarantine").WriteAsync(context);
            return;
        }
        context.AuditDetail($"erasure {string.Join(", ", erasures.Select(e => e.Request))}");
        await JsonResponse.WriteAsync(context, StatusCodes.Status202Accepted, to => Write(to, erasures));
    }

    private static void Write(Utf8JsonWriter to, List<Erasure> erasures)
    {
        to.WriteStartObject();
        ErasureWriter.Write(to, erasures[0]);
        if (erasures.Count > 1)
        {
            to.WriteStartArray("members");
            foreach (var erasure in erasures.Skip(1))
            {
                to.WriteStartObject();
                ErasureWriter.Write(to, erasure);
                to.WriteEndObject();
            }
            to.WriteEndArray();
        }
        to.WriteEndObject();
    }

    private static Problem Merged(CustomerId customer, IReadOnlyList<CustomerId> members) => new(StatusCodes.Status409Conflict, "merged-customer",
        $"`{customer}` is one person with {string.Join(", ", members.Where(m => !m.Equals(customer)).Select(m => $"`{m}`"))}: members=all erases them all; if the merge was wrong, take it back first", Extensions: to =>
        {
            to.WriteStartArray("members");
            foreach (var member in members) to.WriteStringValue(member.Utf8);
            to.WriteEndArray();
        });

    private static Task ListAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var erasures = Of(state).List();
        return JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to =>
        {
            to.WriteStartObject();
            to.WriteStartArray("erasures");
            foreach (var erasure in erasures)
            {
                to.WriteStartObject();
                ErasureWriter.Write(to, erasure);
                to.WriteEndObject();
            }
            to.WriteEndArray();
            to.WriteEndObject();
        });
    }

    private static Task GetAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        if (!Guid.TryParse((string)context.Request.RouteValues["erasure"]!, out var request) || Of(state).Find(request) is not { } erasure)
            return new Problem(StatusCodes.Status404NotFound, "unknown-erasure", "no erasure has this id; see GET /v1/erasures").WriteAsync(context);
        return JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to =>
        {
            to.WriteStartObject();
            ErasureWriter.Write(to, erasure);
            to.WriteEndObject();
        });
    }

    private static IErasures Of(ApiState state) =>
        state.Parts.Erasures ?? throw new ProblemException(new Problem(StatusCodes.Status503ServiceUnavailable, "no-erasures", "this host erases nobody"));
}
