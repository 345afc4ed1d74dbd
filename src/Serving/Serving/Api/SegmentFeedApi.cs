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

namespace Lambda.Serving.Api;

/// <summary>Who enters and leaves segments, as it happens: server-sent events.</summary>
internal static class SegmentFeedApi
{
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
            new Reply(200, "The stream.", "SegmentChange", EventStream.MediaType), Reply.Problem(400, "A parameter is wrong."),
            Reply.Problem(410, "What comes behind this number is not kept any more: read the members, then follow without it."), Reply.Problem(503, "Too many follow already."),
        ],
    };

    private static async Task FollowAsync(HttpContext context, ApiState state)
    {
        var query = new Query(context, "segment", "after", "purpose");
        var segments = query.Text("segment")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ToHashSet();
        var purpose = ConsentPurpose.Of(query.Text("purpose"), state.Parts.Definitions.Current);
        var (feed, ends) = (state.Parts.Segments.Feed, state.Parts.Segments.Feed.Ends());
        var after = EventStream.Resumed(context) ?? query.Parse<long?>("after", null, "a number", EventStream.TryParse) ?? ends.Last;
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

    private static Task StreamAsync(HttpContext context, ApiState state, Followed followed, long after)
    {
        context.AuditDetail($"from {after}{(followed.Segments is null ? "" : $", {string.Join(", ", followed.Segments)}")}{(followed.Purpose is null ? "" : $", for {followed.Purpose}")}");
        return new EventStream { Wait = (number, cancel) => state.Parts.Segments.Tail.WaitAsync(number, Limits.FeedLook, cancel), Next = followed.Next }.SendAsync(context, state, after);
    }

    private static string Json(NumberedChange change, string? purpose)
    {
        using var bytes = new MemoryStream();
        using (var to = new Utf8JsonWriter(bytes)) SegmentJson.Write(to, change, purpose); // escapes line breaks, which would end the message
        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
