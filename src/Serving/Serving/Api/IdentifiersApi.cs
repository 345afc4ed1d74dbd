using System.Text;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>Whose an identifier is, and which are several persons'.</summary>
internal static class IdentifiersApi
{
    public static readonly Operation Find = new("GET", "/v1/identity/by-identifier", "findByIdentifier", "Who has an identifier", FindAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud | Roles.Finance),
        Audited = Audited.Read,
        Detail = "By the newest `identify` event of each customer on it; the newest second or two may be missing. `is_conflict`: customers have it that are not one person. Nobody is merged for it: that is for people to decide.",
        Parameters =
        [
            new Parameter("kind", ParameterPlace.Query, "string", "email, device, crm or card."),
            new Parameter("value", ParameterPlace.Query, "string", "As it was sent, or as it is kept: of an address of e-mail that is its SHA-256 in hex."),
        ],
        Replies = [new Reply(200, "Whose it is.", "IdentifierOwners"), Reply.Problem(400, "A parameter is wrong."), Reply.Problem(404, "Nobody has it."), Reply.Problem(503, "The warehouse does not answer; see Retry-After.")],
    };

    public static readonly Operation Conflicts = new("GET", "/v1/identity/conflicts", "listIdentifierConflicts", "Identifiers that several persons have", ConflictsAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud | Roles.Finance),
        Audited = Audited.Read,
        Detail = "Two ids of one person, a device of a household, or a mistake: merge them, have the identifier taken away by an `identify` event, or leave them. A page may be empty and still have a next one. "
            + "Without the right to see personal data `value` is null.",
        Parameters =
        [
            new Parameter("limit", ParameterPlace.Query, "integer", $"Identifiers a page looks at, 1..{Limits.EventsPageMax}; default {Limits.EventsPageDefault}."),
            new Parameter("cursor", ParameterPlace.Query, "string", "`next` of the page before."),
        ],
        Replies = [new Reply(200, "A page; `next` is null on the last.", "IdentifierConflicts"), Reply.Problem(400, "A parameter is wrong."), Reply.Problem(503, "The warehouse does not answer; see Retry-After.")],
    };

    private static async Task FindAsync(HttpContext context, ApiState state)
    {
        var query = new Query(context, "kind", "value");
        var kind = query.Text("kind") is { } named && EventCatalog.IdentifierKind.Vocabulary!.Contains(named)
            ? named
            : throw new ProblemException(Problem.BadParameter("kind", query.Text("kind"), $"one of {string.Join(", ", EventCatalog.IdentifierKind.Vocabulary!)}"));
        var value = query.Text("value") is { Length: > 0 } given ? given : throw new ProblemException(Problem.BadParameter("value", "", "an identifier"));
        if (Identifiers.Normalised(Encoding.UTF8.GetBytes(kind), Encoding.UTF8.GetBytes(value), out var normalised) is { } wrong)
            throw new ProblemException(new Problem(StatusCodes.Status400BadRequest, "bad-parameter", $"value: found {wrong}", Extensions: to => to.WriteString("parameter", "value")));
        if (normalised is not null) value = Encoding.UTF8.GetString(normalised);
        var owners = await Of(state).OfAsync(kind, value, context.RequestAborted);
        if (owners.Count == 0)
        {
            await new Problem(StatusCodes.Status404NotFound, "unknown-identifier", $"nobody has this identifier of kind {kind}").WriteAsync(context);
            return;
        }
        context.AuditCustomers(owners.Select(o => o.Customer));
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => Write(to, state, owners, showsValue: true));
    }

    private static async Task ConflictsAsync(HttpContext context, ApiState state)
    {
        var query = new Query(context, "limit", "cursor");
        var limit = query.Int("limit", Limits.EventsPageDefault, 1, Limits.EventsPageMax);
        var after = query.Parse<(string, string)?>("cursor", null, "`next` of the page before", TryParseCursor);
        var shared = await Of(state).SharedAsync(after, limit + 1, context.RequestAborted); // one more tells whether there is a next page
        var conflicts = shared.Take(limit).Where(owners => Persons(state, owners) > 1).ToList();
        context.AuditCustomers(conflicts.SelectMany(c => c).Select(o => o.Customer));
        var shows = context.Caller().SeesPersonalData;
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to =>
        {
            to.WriteStartObject();
            to.WriteStartArray("conflicts");
            foreach (var owners in conflicts) Write(to, state, owners, shows);
            to.WriteEndArray();
            to.WriteString("next", shared.Count > limit ? CursorOf(shared[limit - 1][0]) : null);
            to.WriteEndObject();
        });
    }

    /// <summary>The identifiers of a person's members, for its own page.</summary>
    public static void WriteOwn(Utf8JsonWriter to, IReadOnlyList<KnownIdentifier> identifiers, bool showsValue)
    {
        to.WriteStartArray("identifiers");
        foreach (var identifier in identifiers)
        {
            to.WriteStartObject();
            WriteIdentifier(to, identifier, showsValue);
            to.WriteString("customer_id", identifier.Customer.Utf8);
            WriteSince(to, identifier);
            to.WriteEndObject();
        }
        to.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter to, ApiState state, IReadOnlyList<KnownIdentifier> owners, bool showsValue)
    {
        to.WriteStartObject();
        WriteIdentifier(to, owners[0], showsValue);
        to.WriteBoolean("is_conflict", Persons(state, owners) > 1);
        to.WriteStartArray("customers");
        foreach (var owner in owners)
        {
            to.WriteStartObject();
            to.WriteString("customer_id", owner.Customer.Utf8);
            to.WriteString("canonical", CanonicalOf(state, owner.Customer).Utf8);
            WriteSince(to, owner);
            to.WriteEndObject();
        }
        to.WriteEndArray();
        to.WriteEndObject();
    }

    private static void WriteIdentifier(Utf8JsonWriter to, KnownIdentifier identifier, bool showsValue)
    {
        to.WriteString("kind", identifier.Kind);
        to.WriteString("value", showsValue ? identifier.Value : null);
    }

    private static void WriteSince(Utf8JsonWriter to, KnownIdentifier identifier)
    {
        to.WritePropertyName("since");
        JsonValues.WriteInstant(to, identifier.SinceMicros);
    }

    private static int Persons(ApiState state, IReadOnlyList<KnownIdentifier> owners) => owners.Select(o => CanonicalOf(state, o.Customer)).Distinct(CustomerId.ByBytes.Comparer).Count();

    private static CustomerId CanonicalOf(ApiState state, CustomerId customer) => state.Parts.Identity?.MergedOf(customer)?.Canonical ?? customer;

    private static string CursorOf(KnownIdentifier last) => Convert.ToHexStringLower(Encoding.UTF8.GetBytes($"{last.Kind}:{last.Value}"));

    private static bool TryParseCursor(string text, out (string, string)? after)
    {
        after = null;
        if (text.Length % 2 != 0 || !text.All(char.IsAsciiHexDigit)) return false;
        if (Encoding.UTF8.GetString(Convert.FromHexString(text)).Split(':', 2) is not [var kind, var value]) return false;
        after = (kind, value);
        return true;
    }

    internal static IIdentifiers Of(ApiState state) =>
        state.Parts.Identifiers ?? throw new ProblemException(new Problem(StatusCodes.Status503ServiceUnavailable, "no-identifiers", "this host knows no identifiers"));
}
