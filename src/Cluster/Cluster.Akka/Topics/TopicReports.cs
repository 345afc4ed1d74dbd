using Akka.Actor;
using Akka.Cluster.Sharding;
using Lambda.Cluster.Actors.Messages;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Actors.Topics;

/// <summary>What every topic's reader last said of itself, wherever it lives. Asking also wakes it.</summary>
public sealed class TopicReports(IActorRef region, IReadOnlyList<string> topics, TimeProvider time)
{
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ResetTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan TooOld = TimeSpan.FromSeconds(5);

    private readonly (TopicStatus Status, long At)?[] _last = new (TopicStatus, long)?[topics.Count];

    /// <summary>In the order of the list of topics.</summary>
    public IReadOnlyList<TopicStatus> All => [.. topics.Select((topic, i) => _last[i] is { } last && time.GetElapsedTime(last.At) < TooOld
        ? last.Status
        : new TopicStatus(topic, TopicStatus.Waiting, "its reader does not answer: it is moving, or its node is lost", null, "", 0, 0, []))];

    public Task RefreshAsync(CancellationToken cancel) => Task.WhenAll(Enumerable.Range(0, topics.Count).Select(i => AskAsync(i, new GetTopicReport(topics[i]), AskTimeout, cancel)));

    /// <returns>Null when no such topic is read.</returns>
    /// <exception cref="AskTimeoutException">It is moving.</exception>
    public async Task<TopicStatus?> ResetAsync(string topic, CancellationToken cancel)
    {
        var at = topics.ToList().IndexOf(topic);
        if (at < 0) return null;
        await AskAsync(at, new ResetTopic(topic), ResetTimeout, cancel, tellSilence: true);
        return All[at];
    }

    private async Task AskAsync(int index, ITopicMessage message, TimeSpan timeout, CancellationToken cancel, bool tellSilence = false)
    {
        var at = time.GetTimestamp();
        try
        {
            var answer = await region.Ask<object>(message, timeout, cancel);
            if (answer is RunRefused refused) throw new EngineUnavailableException(refused.Reason, TimeSpan.FromSeconds(1));
            _last[index] = (((TopicReport)answer).Status, at);
        }
        catch (AskTimeoutException) when (!tellSilence)
        {
            // What it said last stands until it is too old.
        }
    }
}

/// <summary>A topic is an entity and a shard of its own: what moves between nodes is topics.</summary>
public sealed class TopicExtractor : IMessageExtractor
{
    public string? EntityId(object message) => (message as ITopicMessage)?.Topic;

    public object? EntityMessage(object message) => message;

    public string? ShardId(object message) => EntityId(message);

    public string ShardId(string entityId, object? messageHint = null) => entityId;
}

/// <summary>Key of the topics' region in the actor registry.</summary>
public sealed class TopicRegion;
