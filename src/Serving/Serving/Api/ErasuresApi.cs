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
            + "behind the next published batch run; see /v1/erasures. Asked for again without any event since, it answers with the erasure that there is.",
        Parameters =
        [
            new Parameter("id", ParameterPlace.Path, "string", "Customer id, percent-encoded."),
            new Parameter("even_if_unknown", ParameterPlace.Query, "boolean", "Also when no answer knows the customer: lines of it may be in quarantine. Default false."),
        ],
        Replies =
        [
            new Reply(202, "It is honoured, and its data is being removed.", "Erasure"), Reply.Problem(400, "A parameter is wrong."),
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
        var evenIfUnknown = new Query(context, "even_if_unknown").Flag("even_if_unknown");
        if (await Of(state).EraseAsync(customer, evenIfUnknown, context.RequestAborted) is not { } erasure)
        {
            await new Problem(StatusCodes.Status404NotFound, "unknown-customer", $"no event of customer `{customer}` is known; even_if_unknown=true erases what may be in quarantine").WriteAsync(context);
            return;
        }
        context.AuditDetail($"erasure {erasure.Request}");
        await JsonResponse.WriteAsync(context, StatusCodes.Status202Accepted, to =>
        {
            to.WriteStartObject();
            ErasureWriter.Write(to, erasure);
            to.WriteEndObject();
        });
    }

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
