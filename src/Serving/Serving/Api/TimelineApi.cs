using System.Globalization;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Serving.Customer;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>What happened with a customer, to be read by people.</summary>
internal static class TimelineApi
{
    public static readonly Operation Get = new("GET", "/v1/customers/{id}/timeline", "getCustomerTimeline", "What happened, newest first, in words", HandleAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud | Roles.Finance),
        Audited = Audited.Read,
        Detail = "One entry an event; what happened in the app on one day without anything else between is one entry. Of a merged person it is the history of all members, each entry naming whose it is. Names no personal data.",
        Parameters =
        [
            new Parameter("id", ParameterPlace.Path, "string", "Customer id, percent-encoded."),
            new Parameter("type", ParameterPlace.Query, "string", "Only these event types, separated by commas."),
            new Parameter("from", ParameterPlace.Query, "date", "Not before this UTC day."),
            new Parameter("to", ParameterPlace.Query, "date", "Not after this UTC day."),
            new Parameter("limit", ParameterPlace.Query, "integer", $"1..{Limits.HistoryPageMax}; default {Limits.HistoryPageDefault}."),
            new Parameter("cursor", ParameterPlace.Query, "string", "`next` of the page before."),
        ],
        Replies =
        [
            new Reply(200, "A page; `next` is null on the last. A page may hold fewer entries than asked for and still have a next one.", "Timeline"),
            Reply.Problem(400, "A parameter is wrong."),
            Reply.Problem(404, "No event of this customer is known."),
            Reply.Problem(503, "The warehouse does not answer; see Retry-After."),
        ],
    };

    private sealed record Entry(long AtMicros, string Type, string Title, (long Minor, string Currency)? Amount, int Count, Position Position, CustomerId? Member);

    private static async Task HandleAsync(HttpContext context, ApiState state)
    {
        var customer = RawPath.CustomerId(context);
        context.AuditPerson(state, customer);
        var query = new Query(context, "type", "from", "to", "limit", "cursor");
        var types = query.Parse<HashSet<string>?>("type", null, $"some of {string.Join(", ", EventCatalog.Types)}", TryParseTypes);
        var from = query.Parse<int?>("from", null, "a day as YYYY-MM-DD", TryParseDay);
        var to = query.Parse<int?>("to", null, "a day as YYYY-MM-DD", TryParseDay);
        var limit = query.Int("limit", Limits.HistoryPageDefault, 1, Limits.HistoryPageMax);
        var cursor = query.Parse<EventCursor?>("cursor", null, "`next` of the page before", CustomersApi.TryParseCursor)
            ?? (to is { } last ? new EventCursor((last + 1) * Clock.MicrosPerDay, 0) : null);

        var entries = new List<Entry>();
        EventCursor? before = null; // the one that a page ends with must not cut a group short of its first event
        var history = new History(state.Parts.Reads, customer);
        var next = await history.WalkAsync(cursor, from is { } first ? first * Clock.MicrosPerDay : long.MinValue, (stored, row) =>
        {
            if (types is not null && !types.Contains(row.Type.Name)) return true;
            var joined = entries.Count > 0 ? Joined(entries[^1], stored, row) : null;
            if (joined is not null) entries[^1] = joined;
            else if (entries.Count == limit) return false;
            else entries.Add(new Entry(row.OccurredAtMicros, row.Type.Name, Titles.Of(row), Titles.AmountOf(row), 1, new Position(stored.Partition, stored.Offset), stored.Member));
            before = stored.Cursor;
            return true;
        }, context.RequestAborted);
        if (history.IsEmpty) await CustomersApi.Unknown(customer).WriteAsync(context);
        else await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, JsonResponse.Json, (customer, entries, next: next is null ? null : entries.Count == limit ? before : next), Write);
    }

    /// <summary>The entry with one more event, if the event belongs to it.</summary>
    private static Entry? Joined(Entry entry, CustomerEventRow stored, EventRow row)
    {
        if (entry.Type != EventCatalog.AppEvent.Name || row.Type != EventCatalog.AppEvent || Clock.DayOf(entry.AtMicros) != Clock.DayOf(stored.OccurredAtMicros) || !Nullable.Equals(entry.Member, stored.Member)) return null;
        var count = entry.Count + 1;
        return entry with { Count = count, Title = string.Create(CultureInfo.InvariantCulture, $"App: {count} events") };
    }

    private static void Write(Utf8JsonWriter to, (CustomerId Customer, List<Entry> Entries, EventCursor? Next) page)
    {
        to.WriteStartObject();
        to.WriteString("customer_id", page.Customer.Utf8);
        to.WriteStartArray("entries");
        foreach (var entry in page.Entries)
        {
            to.WriteStartObject();
            to.WritePropertyName("at");
            JsonValues.WriteInstant(to, entry.AtMicros);
            to.WriteString("type", entry.Type);
            to.WriteString("title", entry.Title);
            to.WritePropertyName("amount");
            if (entry.Amount is var (minor, currency))
            {
                to.WriteStartObject();
                to.WriteNumber("minor", minor);
                to.WriteString("currency", currency);
                to.WriteEndObject();
            }
            else to.WriteNullValue();
            to.WriteNumber("count", entry.Count);
            to.WriteString("position", entry.Position.ToString());
            if (entry.Member is { } member) to.WriteString("member", member.Utf8);
            to.WriteEndObject();
        }
        to.WriteEndArray();
        to.WriteString("next", page.Next is { } next ? CustomersApi.TextOf(next) : null);
        to.WriteEndObject();
    }

    private static bool TryParseTypes(string text, out HashSet<string>? types)
    {
        types = [.. text.Split(',')];
        return types.All(t => EventCatalog.TypeNamed(t) is not null);
    }

    private static bool TryParseDay(string text, out int? day)
    {
        var good = JsonValues.TryParseDay(text, out var parsed);
        day = good ? parsed : null;
        return good;
    }
}
