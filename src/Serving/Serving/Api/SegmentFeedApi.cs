using System.Globalization;
using System.Text;
using System.Text.Json;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Search;
using Lambda.Serving.Security;
using Lambda.SpeedLayer.Ports;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Lambda.Serving.Api;

/// <summary>Who enters and leaves segments, as it happens: server-sent events.</summary>
internal static class SegmentFeedApi
{
    private const string EventStream = "text/event-stream", LastEventId = "Last-Event-ID";

    private static int _following;

    public static readonly Operation Get = new("GET", "/v1/segments/feed", "followSegments", "Who enters and leaves segments, as server-sent events", FollowAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Fraud | Roles.Finance),
        Audited = Audited.Read,
        Detail = "Within two seconds of an event. Each message's `id` is the change's number in the feed and its data one `SegmentChange`; who comes back with `Last-Event-ID` (or `after`) gets what came behind it. "
            + "A change may come twice, then with the same `id` in its data. Without either the stream begins with what comes next. A comment comes every 15 s when nothing else does. "
            + "The stream ends when its key is revoked.",
        Parameters =
        [
            new Parameter("segment", ParameterPlace.Query, "string", "Only these segments, separated by commas."),
            new Parameter("purpose", ParameterPlace.Query, "string", "What it is followed for, such as `marketing`: only customers who agree to it are told of, and who agrees no more leaves (cause `consent`). Without it nobody's consent is asked."),
            new Parameter("after", ParameterPlace.Query, "integer", "Number of the last change that was seen; 0 for all that are kept. The header goes first."),
        ],
        Replies =
        [
            new Reply(200, "The stream.", "SegmentChange", EventStream), Reply.Problem(400, "A parameter is wrong."),
            Reply.Problem(410, "What comes behind this number is not kept any more: read the members, then follow without it."), Reply.Problem(503, "Too many follow already."),
        ],
    };

    private static async Task FollowAsync(HttpContext context, ApiState state)
    {
        var query = new Query(context, "segment", "after", "purpose");
        var segments = query.Text("segment")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ToHashSet();
        var purpose = ConsentPurpose.Of(query.Text("purpose"), state.Parts.Definitions.Current);
        var (feed, ends) = (state.Parts.Segments.Feed, state.Parts.Segments.Feed.Ends());
        var after = Resumed(context) ?? query.Parse<long?>("after", null, "a number", TryParse) ?? ends.Last;
        if (after > ends.Last) throw new ProblemException(Problem.BadParameter("after", after.ToString(CultureInfo.InvariantCulture), $"a number of this feed, which ends at {ends.Last}"));
        if (after != 0 && after < ends.First - 1)
            throw new ProblemException(new Problem(StatusCodes.Status410Gone, "feed-gone", $"changes behind {after} are not kept, the first is {ends.First}: read the members, then follow without Last-Event-ID"));
        if (Interlocked.Increment(ref _following) > Limits.FeedFollowers)
        {
            Interlocked.Decrement(ref _following);
            throw new EngineUnavailableException($"{Limits.FeedFollowers} follow the feed of this node already", TimeSpan.FromSeconds(10));
        }
        try
        {
            await StreamAsync(context, state, new Followed(feed, segments, purpose), after);
        }
        finally
        {
            Interlocked.Decrement(ref _following);
        }
    }

    private sealed record Followed(ISegmentFeed Feed, HashSet<string>? Segments, string? Purpose)
    {
        /// <summary>One page, and the number up to which everything of concern is in it.</summary>
        public (string Messages, long Upto) Next(long after)
        {
            var last = Feed.Ends().Last; // before the page is read: what comes meanwhile is in the next
            var changes = Feed.After(after, Limits.FeedPage, Purpose);
            var upto = changes.Count == Limits.FeedPage ? changes[^1].Number : Math.Max(last, changes.Count > 0 ? changes[^1].Number : after);
            var text = new StringBuilder();
            foreach (var change in changes)
                if (Segments is null || Segments.Contains(change.Change.Segment))
                    text.Append(CultureInfo.InvariantCulture, $"id: {change.Number}\nevent: {(change.Change.Entered ? SegmentJson.Entered : SegmentJson.Left)}\ndata: {Json(change, Purpose)}\n\n");
            return (text.ToString(), upto);
        }
    }

    private static async Task StreamAsync(HttpContext context, ApiState state, Followed followed, long after)
    {
        var stopping = context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping; // else an open stream would hold the server's end up
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        context.AuditDetail($"from {after}{(followed.Segments is null ? "" : $", {string.Join(", ", followed.Segments)}")}{(followed.Purpose is null ? "" : $", for {followed.Purpose}")}");
        await context.AuditBeforeAnswerAsync();
        context.Response.ContentType = EventStream;
        context.Response.Headers.CacheControl = "no-store";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        try
        {
            await SendAsync(context, ": follow\n\n", either.Token);
            for (var sentAt = Environment.TickCount64; StillMay(context, state);)
            {
                await state.Parts.Segments.Tail.WaitAsync(after, Limits.FeedLook, either.Token);
                (var text, after) = followed.Next(after);
                if (text.Length == 0 && Environment.TickCount64 - sentAt < Limits.FeedHeartbeat.TotalMilliseconds) continue;
                await SendAsync(context, text.Length > 0 ? text : ": still here\n\n", either.Token);
                sentAt = Environment.TickCount64;
            }
        }
        catch (OperationCanceledException)
        {
            // The follower went away, or this server does.
        }
        catch (StorageException)
        {
            // The follower comes back with what it saw last, and is told then.
        }
    }

    /// <summary>A key may be revoked, or expire, while its stream is open.</summary>
    private static bool StillMay(HttpContext context, ApiState state) =>
        RequestScope.Of(context) is null || state.GuardOrNull?.Keys.Check(context.Request.Headers.Authorization[0]).State == KeyState.Good;

    private static string Json(NumberedChange change, string? purpose)
    {
        using var bytes = new MemoryStream();
        using (var to = new Utf8JsonWriter(bytes)) SegmentJson.Write(to, change, purpose); // escapes line breaks, which would end the message
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static async Task SendAsync(HttpContext context, string text, CancellationToken cancel)
    {
        await context.Response.WriteAsync(text, cancel);
        await context.Response.Body.FlushAsync(cancel);
    }

    private static long? Resumed(HttpContext context) => context.Request.Headers[LastEventId] is not [{ Length: > 0 } text] ? null
        : TryParse(text, out var number) ? number : throw new ProblemException(Problem.BadParameter(LastEventId, text, "the id of a message of this feed"));

    private static bool TryParse(string text, out long? number)
    {
        var good = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed);
        number = parsed;
        return good;
    }
}
