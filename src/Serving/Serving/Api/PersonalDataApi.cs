using System.Text.Encodings.Web;
using System.Text.Json;
using Lambda.BatchLayer.Privacy;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Lambda.SpeedLayer.Ports;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>Everything that is known of one person, for that person: streamed, page by page.</summary>
internal static class PersonalDataApi
{
    private const int QuarantinePage = 1_000;

    public static readonly Operation Get = new("GET", "/v1/customers/{id}/personal-data", "getPersonalData", "All data of one person", GetAsync)
    {
        Access = Access.For(Roles.None, needsPersonalData: true),
        Audited = Audited.Read,
        Detail = "For an access request: the answer of today, consents, every event as it was sent, lines in quarantine, and where it is stored. Streamed; events newest first.",
        Parameters = [new Parameter("id", ParameterPlace.Path, "string", "Customer id, percent-encoded.")],
        Replies = [new Reply(200, "The data.", "PersonalData"), Reply.Problem(404, "Nothing is known of this customer."), Reply.Problem(503, "It cannot be read now.")],
    };

    private static readonly (string Store, string What)[] Stores =
    [
        ("log", "every event of the time that the log is kept, in order of arrival"), ("warehouse", "every event; the newest batch view; the row of the population table"),
        ("base files", "the customer's state in the newest batch view"), ("checkpoints", "what came since, and keyed hashes of event ids"), ("quarantine", "lines that were not taken"), ("cases", "transactions that were reviewed or declined, and what analysts did"),
        ("cards", "whose cards are, their tokens, first and last digits of their numbers, encrypted"), ("audit log", "who read or changed what, under the pseudonym; kept when the customer is erased"),
    ];

    private static async Task GetAsync(HttpContext context, ApiState state)
    {
        var customer = RawPath.CustomerId(context);
        context.AuditPerson(state, customer);
        _ = new Query(context);
        var (reads, cancel) = (state.Parts.Reads, context.RequestAborted);
        var read = await reads.ReadAsync(customer, null, null, TimeSpan.Zero, cancel);
        if (read is CustomerRead.Unavailable no) throw new ProblemException(new Problem(StatusCodes.Status503ServiceUnavailable, "unavailable", no.Reason, no.RetryAfter));
        var first = await reads.EventsAsync(customer, null, Limits.EventsPageMax, cancel);
        var quarantined = Quarantined(state.Parts.Quarantine, customer);
        if (read is CustomerRead.Unknown && first.Count == 0 && quarantined.Count == 0)
        {
            await new Problem(StatusCodes.Status404NotFound, "unknown-customer", $"nothing of customer `{customer}` is known").WriteAsync(context);
            return;
        }
        await context.AuditBeforeAnswerAsync();
        (context.Response.StatusCode, context.Response.ContentType) = (StatusCodes.Status200OK, JsonResponse.Json);
        await using var to = new Utf8JsonWriter(context.Response.BodyWriter, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
        to.WriteStartObject();
        to.WriteString("customer_id", customer.Utf8);
        to.WriteString("pseudonym", state.GuardOrNull?.Pseudonyms.Of(customer));
        if (read is CustomerRead.Found found)
        {
            to.WritePropertyName("answer");
            CustomerJson.Write(to, customer, found, true, state.Parts.Models?.Lifetime);
        }
        await WriteEventsAsync(context, to, reads, customer, first);
        WriteQuarantined(to, quarantined);
        WriteStores(to);
        to.WriteEndObject();
        await to.FlushAsync(cancel);
    }

    private static async Task WriteEventsAsync(HttpContext context, Utf8JsonWriter to, ICustomerReads reads, CustomerId customer, IReadOnlyList<CustomerEventRow> page)
    {
        var consents = new Dictionary<string, (bool Granted, long SinceMicros)>();
        to.WriteStartArray("events");
        while (true)
        {
            foreach (var row in page)
            {
                CustomersApi.WriteEvent(to, row, mask: null);
                NoteConsent(consents, row);
            }
            await to.FlushAsync(context.RequestAborted);
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
            if (page.Count < Limits.EventsPageMax) break;
            page = await reads.EventsAsync(customer, page[^1].Cursor, Limits.EventsPageMax, context.RequestAborted);
        }
        to.WriteEndArray();
        to.WriteStartArray("consents");
        foreach (var (purpose, (granted, since)) in consents.OrderBy(c => c.Key, StringComparer.Ordinal))
        {
            to.WriteStartObject();
            to.WriteString("purpose", purpose);
            to.WriteBoolean("granted", granted);
            to.WritePropertyName("since");
            JsonValues.WriteInstant(to, since);
            to.WriteEndObject();
        }
        to.WriteEndArray();
    }

    /// <summary>Events come newest first: the first of a purpose is what holds.</summary>
    private static void NoteConsent(Dictionary<string, (bool, long)> consents, CustomerEventRow row)
    {
        if (row.Body.Span.IndexOf("\"consent\""u8) < 0) return;
        using var json = JsonDocument.Parse(row.Body);
        var body = json.RootElement;
        if (body.GetProperty("type").GetString() != EventCatalog.Consent.Name || !body.TryGetProperty(EventCatalog.Purpose.Name, out var purpose) || !body.TryGetProperty(EventCatalog.Granted.Name, out var granted)) return;
        if (purpose.GetString() is { } name) consents.TryAdd(name, (granted.ValueKind == JsonValueKind.True, row.OccurredAtMicros));
    }

    private static List<QuarantineEntry> Quarantined(IQuarantine quarantine, CustomerId customer)
    {
        var own = new List<QuarantineEntry>();
        for (long after = 0; ;)
        {
            var page = quarantine.List(after, QuarantinePage, null, includeReplayed: true);
            own.AddRange(page.Where(e => QuarantineErasure.IsOf(customer, e)));
            if (page.Count < QuarantinePage) return own;
            after = page[^1].Id;
        }
    }

    private static void WriteQuarantined(Utf8JsonWriter to, List<QuarantineEntry> entries)
    {
        to.WriteStartArray("quarantined");
        foreach (var entry in entries)
        {
            to.WriteStartObject();
            to.WritePropertyName("at");
            JsonValues.WriteInstant(to, entry.AtMs * Clock.MicrosPerMs);
            to.WriteString("source", entry.Source);
            to.WriteString("reason", entry.Reason);
            to.WriteString("detail", entry.Detail);
            to.WriteString("line", System.Text.Encoding.UTF8.GetString(entry.Raw.Span)); // what is no UTF-8 shows as such
            to.WriteEndObject();
        }
        to.WriteEndArray();
    }

    private static void WriteStores(Utf8JsonWriter to)
    {
        to.WriteStartArray("stored_in");
        foreach (var (store, what) in Stores)
        {
            to.WriteStartObject();
            to.WriteString("store", store);
            to.WriteString("what", what);
            to.WriteEndObject();
        }
        to.WriteEndArray();
    }
}
