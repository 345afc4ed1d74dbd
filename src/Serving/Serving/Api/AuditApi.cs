using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Serving.Audit;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>The audit log: read, where it ends, whether it holds.</summary>
internal static class AuditApi
{
    private static readonly Parameter Chain = new("chain", ParameterPlace.Query, "string", "Of which node; default the one that answers. `/v1/admin/audit/heads` names them.");

    public static readonly Operation List = new("GET", "/v1/admin/audit", "listAudit", "Entries of the audit log, oldest first", ListAsync)
    {
        Access = Access.AdminOnly,
        Audited = Audited.Behind,
        Detail = "A customer is called by a pseudonym; `customer` finds the entries of one whose id is known. A page may be short, or empty, and have a `next` all the same.",
        Parameters =
        [
            Chain,
            new Parameter("after", ParameterPlace.Query, "integer", "Only entries with a greater number: `next` of the page before."),
            new Parameter("limit", ParameterPlace.Query, "integer", $"1..{Limits.AuditPageMax}; default {Limits.AuditPageDefault}."),
            new Parameter("customer", ParameterPlace.Query, "string", "Only what was done to this customer."),
            new Parameter("key", ParameterPlace.Query, "string", "Only what was done with the key of this id."),
            new Parameter("operation", ParameterPlace.Query, "string", "Only this operation."),
        ],
        Replies = [new Reply(200, "A page; `next` is null on the last.", "AuditPage"), Reply.Problem(400, "A parameter is wrong."), Reply.Problem(404, "No such chain.")],
    };

    public static readonly Operation Heads = new("GET", "/v1/admin/audit/heads", "listAuditHeads", "Where each chain of the audit log ends", HeadsAsync)
    {
        Access = Access.AdminOnly,
        Audited = Audited.No,
        Detail = "`anchor` is what to keep elsewhere: as long as it is, nothing up to it can be changed, written anew or cut off unnoticed. Entries taken before the request are in it.",
        Replies = [new Reply(200, "The ends.", "AuditHeads")],
    };

    public static readonly Operation Verify = new("GET", "/v1/admin/audit/verification", "verifyAudit", "Read the audit log from its beginning and check that it holds", VerifyAsync)
    {
        Access = Access.AdminOnly,
        Audited = Audited.Behind,
        Detail = "The node checks itself here; `./lambda audit verify --data` checks the files without it.",
        Parameters = [new Parameter("anchor", ParameterPlace.Query, "string", "An end noted earlier that must still be there; may stand several times.")],
        Replies = [new Reply(200, "The verdict on each chain.", "AuditVerdicts"), Reply.Problem(400, "A parameter is wrong.")],
    };

    private static async Task ListAsync(HttpContext context, ApiState state)
    {
        var query = new Query(context, "chain", "after", "limit", "customer", "key", "operation");
        var guard = GuardOf(state);
        var (after, limit) = (query.Long("after", 0, 0, long.MaxValue - 1), query.Int("limit", Limits.AuditPageDefault, 1, Limits.AuditPageMax));
        var subject = query.Text("customer") is { } id ? guard.Pseudonyms.Of(Customer(id)) : null;
        var (key, operation) = (query.Text("key"), query.Text("operation"));
        var chain = query.Text("chain") ?? guard.Audit.Store.Chain;
        await guard.Audit.FlushAsync();
        if (!guard.Audit.Store.Chains().Contains(chain)) throw new ProblemException(new Problem(StatusCodes.Status404NotFound, "unknown-chain", "there is no such chain; see /v1/admin/audit/heads"));

        var page = await Task.Run(() => AuditPage.Read(guard.Audit.Store, chain, after, limit, e =>
            (subject is null || e.What.Subject == subject) && (key is null || e.What.KeyId == key) && (operation is null || e.What.Operation == operation)), context.RequestAborted);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to =>
        {
            to.WriteStartObject();
            to.WriteString("chain", chain);
            to.WriteStartArray("entries");
            foreach (var entry in page.Entries) Write(to, entry);
            to.WriteEndArray();
            if (page.Next is { } next) to.WriteNumber("next", next);
            else to.WriteNull("next");
            to.WriteEndObject();
        });
    }

    private static async Task HeadsAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var store = GuardOf(state).Audit.Store;
        await GuardOf(state).Audit.FlushAsync();
        var heads = await Task.Run(() => store.Chains().Select(c => AuditPage.HeadOf(store, c)).OfType<AuditAnchor>().ToList(), context.RequestAborted);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => OperationsJson.List(to, "heads", heads, static (to, head) =>
        {
            to.WriteString("chain", head.Chain);
            to.WriteNumber("entries", head.Number);
            to.WriteString("anchor", head.ToString());
        }));
    }

    private static async Task VerifyAsync(HttpContext context, ApiState state)
    {
        var anchors = new List<AuditAnchor>();
        foreach (var text in new Query(context, "anchor").All("anchor"))
            anchors.Add(AuditAnchor.Parse(text ?? "") ?? throw new ProblemException(Problem.BadParameter("anchor", text, "CHAIN@NUMBER:HASH, as /v1/admin/audit/heads gives it")));
        var audit = GuardOf(state).Audit;
        await audit.FlushAsync();
        var verdicts = await Task.Run(() => AuditPage.VerifyAll(audit.Store, audit.Key, anchors, context.RequestAborted), context.RequestAborted);
        context.AuditDetail($"{(verdicts.All(v => v.Fault is null) ? "holds" : "does not hold")}");
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => OperationsJson.List(to, "chains", verdicts, AuditJson.Write));
    }

    private static Guard GuardOf(ApiState state) =>
        state.GuardOrNull ?? throw new ProblemException(new Problem(StatusCodes.Status503ServiceUnavailable, "no-keys", "this host has no audit log"));

    private static CustomerId Customer(string text)
    {
        var customer = CustomerId.From(text);
        return customer.Utf8.Length is >= 1 and <= CustomerId.MaxBytes ? customer : throw new ProblemException(Problem.BadParameter("customer", text, $"1..{CustomerId.MaxBytes} bytes of UTF-8"));
    }

    private static void Write(Utf8JsonWriter to, AuditEntry entry)
    {
        to.WriteStartObject();
        AuditJson.Write(to, entry);
        to.WriteEndObject();
    }
}
