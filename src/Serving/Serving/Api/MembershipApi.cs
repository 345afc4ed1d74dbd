using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Lambda.SpeedLayer.Ports;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>Which segments a customer is in, and why.</summary>
internal static class MembershipApi
{
    public static readonly Operation Get = new("GET", "/v1/customers/{id}/segments", "getCustomerSegments", "Which segments a customer is in, why, and since when", HandleAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud | Roles.Finance),
        Audited = Audited.Read,
        Detail = "Every segment of the definition with its rule and the values that the rule reads, judged now on the merged answer. `since` is the change by which the customer entered, as the feed told it: "
            + "it stays over batch runs and over new definitions under which the customer stays. It is null for up to two seconds, until the change is noted. "
            + "Values that are personal data are left out for keys without the right to see them.",
        Parameters = [new Parameter("id", ParameterPlace.Path, "string", "Customer id, percent-encoded.")],
        Replies =
        [
            new Reply(200, "The segments.", "CustomerSegments"), Reply.Problem(404, "No event of this customer is known."),
            Reply.Problem(503, "The partition cannot answer now; see Retry-After."),
        ],
    };

    private sealed record Judged(CustomerId Customer, CustomerRead.Found Found, IReadOnlyList<SegmentChange> Since, bool SeesPersonalData);

    private static async Task HandleAsync(HttpContext context, ApiState state)
    {
        var customer = RawPath.CustomerId(context);
        context.AuditPerson(state, customer);
        _ = new Query(context);
        var read = await state.Parts.Reads.ReadAsync(customer, null, null, TimeSpan.Zero, context.RequestAborted);
        if (read is not CustomerRead.Found found)
        {
            await CustomersApi.AnswerAsync(context, customer, read);
            return;
        }
        var person = found.Person?.Canonical ?? customer; // memberships are the person's
        var since = state.Parts.Segments.Journal.MembershipsOf([person]).GetValueOrDefault(person) ?? [];
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, JsonResponse.Json, new Judged(customer, found, since, context.Caller().SeesPersonalData), Write);
    }

    private static void Write(Utf8JsonWriter to, Judged judged)
    {
        var answer = judged.Found.Answer;
        to.WriteStartObject();
        to.WriteString("customer_id", judged.Customer.Utf8);
        to.WriteStartArray("segments");
        for (var i = 0; i < answer.Segments.Length; i++) Write(to, judged, answer.Definition.Segments[i], answer.Segments[i]);
        to.WriteEndArray();
        to.WritePropertyName("meta");
        CustomerJson.WriteMeta(to, judged.Found);
        to.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter to, Judged judged, Segment segment, bool isMember)
    {
        to.WriteStartObject();
        to.WriteString("segment", segment.Name);
        to.WriteBoolean("member", isMember);
        to.WriteString("rule", ExprProse.Print(segment.Rule));
        to.WriteStartObject("values");
        foreach (var index in ExprTree.Outputs(segment.Rule))
        {
            var column = judged.Found.Answer.Definition.Outputs[index];
            if (!column.Pii || judged.SeesPersonalData) new ColumnJson(column).Write(to, judged.Found.Answer.Scalars[index], judged.Found.Answer.Maps[index]);
        }
        to.WriteEndObject();
        to.WritePropertyName("since");
        if (isMember && judged.Since.FirstOrDefault(s => s.Segment == segment.Name) is { } entered)
        {
            to.WriteStartObject();
            SegmentJson.WriteOrigin(to, entered);
            to.WriteEndObject();
        }
        else to.WriteNullValue();
        to.WriteEndObject();
    }
}
