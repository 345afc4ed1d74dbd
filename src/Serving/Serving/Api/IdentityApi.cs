using System.Text;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Identity;
using Lambda.Serving.Http;
using Lambda.Serving.Identity;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>Which customers are one person: said, taken back, and shown.</summary>
internal static class IdentityApi
{
    public static readonly Operation Merge = new("POST", "/v1/identity/merges", "mergeCustomers", "Merge two customers into one person", MergeAsync)
    {
        Access = Access.For(Roles.Fraud | Roles.Finance),
        Audited = Audited.Change,
        Detail = "From now on either id answers for both: metrics, segments and events are those of all that either did, and searches, segments and exports know one person by the id of `into`, or of whom that was merged into. "
            + "Nothing is copied, so taking the link away gives both back as they are. `id` is yours, a UUID: asking again with it does nothing twice. Without it each request is a new one.",
        Request = new Body("MergeRequest", "Who joins whose person.", [JsonResponse.Json]) { IsOne = true },
        Replies =
        [
            new Reply(201, "They are merged.", "Merged"), new Reply(200, "They had been merged by this id.", "Merged"), Reply.Problem(400, "The body is wrong, or both are the same customer."),
            Reply.Problem(404, "No event of one of them is known."), new Reply(409, "They are one person already (`links` names how), the id was used, or the person would have too many members.", "MergeConflict", JsonResponse.ProblemJson),
            Reply.Problem(503, "A partition cannot answer now; see Retry-After."),
        ],
    };

    public static readonly Operation Unmerge = new("POST", "/v1/identity/unmerges", "unmergeCustomers", "Take a merge back", UnmergeAsync)
    {
        Access = Access.For(Roles.Fraud | Roles.Finance),
        Audited = Audited.Change,
        Detail = "Removes that link and nothing else: everything is as if it had never been there, in whatever order merges are taken back. Asking again does nothing.",
        Request = new Body("UnmergeRequest", "Which link.", [JsonResponse.Json]) { IsOne = true },
        Replies = [new Reply(200, "It is taken back.", "Unmerged"), Reply.Problem(400, "The body is wrong."), Reply.Problem(404, "There is no such link.")],
    };

    public static readonly Operation Get = new("GET", "/v1/identity/customers/{id}", "getIdentity", "The person that a customer is part of", GetAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud | Roles.Finance),
        Audited = Audited.Read,
        Detail = "Who is one person with the customer, every link that ever joined one of them to somebody, also those that were taken back, and the identifiers that `identify` events gave them. A customer that was never merged is a "
            + "person of its own. Without the right to see personal data, identifiers' `value` is null.",
        Parameters = [new Parameter("id", ParameterPlace.Path, "string", "Customer id, percent-encoded.")],
        Replies = [new Reply(200, "The person.", "Identity"), Reply.Problem(404, "No event of this customer is known."), Reply.Problem(503, "The partition cannot answer now; see Retry-After.")],
    };

    private const string LinkId = "a UUID";

    private static async Task MergeAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        using var body = (await JsonBody.ReadAsync(context, Limits.IdentityBytes)).Only("id", "into", "customer", "reason");
        var request = new MergeRequest(body.OptionalText("id") is { } id ? GuidOf("id", id) : Guid.NewGuid(), CustomerOf(body, "into"), CustomerOf(body, "customer"), context.Caller().Name, ReasonOf(body));
        if (request.Into.Equals(request.Customer)) throw JsonBody.Bad("customer", "is the same as `into`; expected another customer");
        context.AuditDetail($"link {request.Id}");
        context.AuditCustomers([request.Into, request.Customer]);
        var outcome = await Of(state).MergeAsync(request, context.RequestAborted);
        await (outcome switch
        {
            MergeOutcome.Merged merged => JsonResponse.WriteAsync(context, merged.IsNew ? StatusCodes.Status201Created : StatusCodes.Status200OK, to =>
            {
                to.WriteStartObject();
                to.WritePropertyName("link");
                PersonJson.Write(to, merged.Link, undone: null);
                PersonJson.Write(to, "person", merged.Person);
                to.WriteNumber("identity", merged.Number);
                to.WriteEndObject();
            }),
            MergeOutcome.Unknown unknown => CustomersApi.Unknown(unknown.Customer).WriteAsync(context),
            MergeOutcome.Unavailable no => CustomersApi.AnswerAsync(context, request.Into, no.Why),
            MergeOutcome.Refused refused => Conflict(request, refused.Why).WriteAsync(context),
            _ => throw new InvalidOperationException($"unknown outcome {outcome}"),
        });
    }

    private static Problem Conflict(MergeRequest request, MergeDecision why) => why switch
    {
        MergeDecision.SamePerson same => new(StatusCodes.Status409Conflict, "same-person",
            $"`{request.Into}` and `{request.Customer}` are one person already, `{same.Person.Canonical}`, by {(same.Links.Count == 1 ? "the link" : "the links")} {string.Join(", ", same.Links.Select(l => l.Id))}", Extensions: to =>
            {
                to.WriteStartArray("links");
                foreach (var link in same.Links) PersonJson.Write(to, link, undone: null);
                to.WriteEndArray();
            }),
        MergeDecision.Undone => new(StatusCodes.Status409Conflict, "merge-undone", $"the merge {request.Id} was done and taken back since; to merge again, ask with another id"),
        MergeDecision.IdTaken => new(StatusCodes.Status409Conflict, "link-id-taken", $"id: `{request.Id}` is the id of another merge"),
        MergeDecision.TooMany many => new(StatusCodes.Status409Conflict, "too-many-members", $"the person would have {many.Members} members, at most {IdentityState.MembersMax} are possible"),
        _ => throw new InvalidOperationException($"{why} is no refusal"),
    };

    private static async Task UnmergeAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        using var body = (await JsonBody.ReadAsync(context, Limits.IdentityBytes)).Only("link", "reason");
        var id = GuidOf("link", body.Text("link"));
        context.AuditDetail($"link {id}");
        if (Of(state).Unmerge(id, context.Caller().Name, ReasonOf(body)) is not var (decision, link, into, customer, number))
        {
            await new Problem(StatusCodes.Status404NotFound, "unknown-link", $"no merge has the id {id}; see GET /v1/identity/customers/{{id}}").WriteAsync(context);
            return;
        }
        context.AuditCustomers([link.Into, link.Customer]);
        var undone = decision switch
        {
            UnmergeDecision.Append { Record: IdentityRecord.Unlinked now } => now,
            UnmergeDecision.Repeated before => before.By,
            _ => throw new InvalidOperationException($"unknown decision {decision}"),
        };
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to =>
        {
            to.WriteStartObject();
            to.WritePropertyName("link");
            PersonJson.Write(to, link, undone);
            PersonJson.Write(to, "into", into);
            PersonJson.Write(to, "customer", customer);
            to.WriteNumber("identity", number);
            to.WriteEndObject();
        });
    }

    private static async Task GetAsync(HttpContext context, ApiState state)
    {
        var customer = RawPath.CustomerId(context, RawPath.IdentityPrefix);
        _ = new Query(context);
        context.AuditPerson(state, customer);
        var found = Of(state).Find(customer);
        if (found is null)
        {
            var read = await state.Parts.Reads.ReadAsync(customer, null, null, TimeSpan.Zero, context.RequestAborted);
            if (read is not (CustomerRead.Found or CustomerRead.Overflow))
            {
                await CustomersApi.AnswerAsync(context, customer, read);
                return;
            }
        }
        var identifiers = await IdentifiersApi.Of(state).OfAsync(found?.Person.Members ?? [customer], context.RequestAborted);
        var shows = context.Caller().SeesPersonalData;
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => Write(to, customer, found, identifiers, shows));
    }

    private static void Write(Utf8JsonWriter to, CustomerId customer, (Person Person, IReadOnlyList<LinkState> Links, long Number)? found, IReadOnlyList<KnownIdentifier> identifiers, bool shows)
    {
        to.WriteStartObject();
        to.WriteString("customer_id", customer.Utf8);
        PersonJson.WriteMembers(to, found?.Person.Members ?? [customer]);
        to.WriteStartArray("links");
        foreach (var link in found?.Links ?? []) PersonJson.Write(to, link.Link!, link.Undone);
        to.WriteEndArray();
        IdentifiersApi.WriteOwn(to, identifiers, shows);
        to.WriteEndObject();
    }

    private static CustomerId CustomerOf(JsonBody body, string name)
    {
        var text = body.Text(name);
        var bytes = Encoding.UTF8.GetByteCount(text);
        return bytes is > 0 and <= CustomerId.MaxBytes ? CustomerId.From(text) : throw JsonBody.Bad(name, $"found {bytes} bytes, expected a customer id of 1..{CustomerId.MaxBytes} bytes");
    }

    private static Guid GuidOf(string name, string text) => Guid.TryParseExact(text, "D", out var id) ? id : throw JsonBody.Bad(name, $"found `{text}`, expected {LinkId}");

    private static string ReasonOf(JsonBody body)
    {
        var reason = body.OptionalText("reason") ?? "";
        return reason.Length <= Limits.ReasonCharacters ? reason : throw JsonBody.Bad("reason", $"found {reason.Length} characters, expected at most {Limits.ReasonCharacters}");
    }

    internal static IdentityDesk Of(ApiState state) =>
        state.Parts.Identity ?? throw new ProblemException(new Problem(StatusCodes.Status503ServiceUnavailable, "no-identity", "this host merges nobody"));
}
