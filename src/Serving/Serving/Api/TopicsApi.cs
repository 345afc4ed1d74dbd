using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>Topics of others that are read as sources of events.</summary>
internal static class TopicsApi
{
    public static readonly Operation List = new("GET", "/v1/admin/topics", "listTopics", "The topics that are read: where, how far, how far behind", ListAsync)
    {
        Access = Access.For(Roles.Sre),
        Audited = Audited.No,
        Replies = [new Reply(200, "The topics.", "Topics")],
    };

    public static readonly Operation Reset = new("POST", "/v1/admin/topics/{topic}/reset", "resetTopic", "Forget where reading a topic stood, and begin anew", ResetAsync)
    {
        Access = Access.For(Roles.Sre),
        Audited = Audited.Change,
        Detail = "Reading begins at the beginning or the end of the topic, as the list of topics says. Messages that come again count once, as long as their event ids are remembered.",
        Parameters = [new Parameter("topic", ParameterPlace.Path, "string", "Its name.")],
        Replies = [new Reply(200, "It begins anew.", "Topics"), Reply.Problem(404, "No such topic."), Reply.Problem(503, "It is moving to another node.")],
    };

    private static Task ListAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var topics = state.Parts.Operations.Topics;
        return JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => TopicsJson.Write(to, topics));
    }

    private static async Task ResetAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var (operations, topic) = (state.Parts.Operations, (string)context.Request.RouteValues["topic"]!);
        if (await operations.ResetTopicAsync(topic, context.RequestAborted) is { } begun)
        {
            await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => TopicsJson.Write(to, [begun]));
            return;
        }
        var known = operations.Topics.Count == 0 ? "no topics are read here" : string.Join(", ", operations.Topics.Select(t => t.Topic));
        await new Problem(StatusCodes.Status404NotFound, "unknown-topic", $"no topic `{topic}` is read; there are: {known}").WriteAsync(context);
    }
}
