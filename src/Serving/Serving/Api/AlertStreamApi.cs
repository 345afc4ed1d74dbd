using System.Globalization;
using System.Text;
using System.Text.Json;
using Lambda.Serving.Cases;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>Alerts as they come: server-sent events.</summary>
internal static class AlertStreamApi
{
    private static int _following;

    public static readonly Operation Get = new("GET", "/v1/fraud/alerts/stream", "followFraudAlerts", "Alerts as server-sent events", FollowAsync)
    {
        Access = Access.For(Roles.Fraud),
        Audited = Audited.Read,
        Detail = "Each message (`event: alert`) is one case as it is then, its `id` the case's number: who comes back with `Last-Event-ID` (or `after`) misses none. Without either the stream begins with what comes next. "
            + "A comment comes every 15 s when nothing else does. The stream ends when its key is revoked.",
        Parameters = [new Parameter("after", ParameterPlace.Query, "integer", "Number of the last alert that was seen; 0 for all. The header goes first.")],
        Replies = [new Reply(200, "The stream.", "FraudAlert", EventStream.MediaType), Reply.Problem(400, "A parameter is wrong."), Reply.Problem(503, "Too many follow already.")],
    };

    private static async Task FollowAsync(HttpContext context, ApiState state)
    {
        var query = new Query(context, "after");
        var (parts, last) = (CasesApi.PartsOf(state), CasesApi.Cases(state).Last());
        var after = EventStream.Resumed(context) ?? query.Parse<long?>("after", null, "a number", EventStream.TryParse) ?? last;
        if (after > last) throw new ProblemException(Problem.BadParameter("after", after.ToString(CultureInfo.InvariantCulture), $"a number of this feed, which ends at {last}"));
        if (Interlocked.Increment(ref _following) > Limits.FeedFollowers)
        {
            Interlocked.Decrement(ref _following);
            throw new EngineUnavailableException($"{Limits.FeedFollowers} follow the alerts of this node already", TimeSpan.FromSeconds(10));
        }
        try
        {
            context.AuditDetail($"from {after}");
            await new EventStream { Wait = (number, cancel) => parts.Tail.WaitAsync(number, Limits.FeedLook, cancel), Next = number => Next(parts.Cases, number) }.SendAsync(context, state, after);
        }
        finally
        {
            Interlocked.Decrement(ref _following);
        }
    }

    private static (string Text, long Upto) Next(IFraudCases cases, long after)
    {
        var text = new StringBuilder();
        foreach (var it in cases.After(after, Limits.CasesPageMax))
        {
            text.Append(CultureInfo.InvariantCulture, $"id: {it.Number}\nevent: alert\ndata: {Json(it)}\n\n");
            after = it.Number;
        }
        return (text.ToString(), after);
    }

    private static string Json(FraudCase it)
    {
        using var bytes = new MemoryStream();
        using (var to = new Utf8JsonWriter(bytes)) CaseJson.Write(to, it); // escapes line breaks, which would end the message
        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
