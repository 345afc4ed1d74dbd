using Akka.Actor;
using Akka.Cluster.Sharding;
using Lambda.Cluster.Actors.Messages;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Actors.Sources;

/// <summary>What the reader of every source of a kind last said of itself, wherever it lives. Asking also wakes it.</summary>
public sealed class SourceReports<TStatus>(IActorRef region, SourceKind<TStatus> kind, IReadOnlyList<string> sources, TimeProvider time) where TStatus : class
{
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ResetTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan TooOld = TimeSpan.FromSeconds(5);

    private readonly (TStatus Status, long At)?[] _last = new (TStatus, long)?[sources.Count];

    /// <summary>In the order of their list.</summary>
    public IReadOnlyList<TStatus> All => [.. sources.Select((source, i) => _last[i] is { } last && time.GetElapsedTime(last.At) < TooOld
        ? last.Status
        : kind.Silent(source, "its reader does not answer: it is moving, or its node is lost"))];

    public Task RefreshAsync(CancellationToken cancel) => Task.WhenAll(Enumerable.Range(0, sources.Count).Select(i => AskAsync(i, kind.Ask(sources[i]), AskTimeout, cancel)));

    /// <returns>Null when no such source is read.</returns>
    /// <exception cref="AskTimeoutException">It is moving.</exception>
    public async Task<TStatus?> ResetAsync(string source, CancellationToken cancel)
    {
        var at = sources.ToList().IndexOf(source);
        if (at < 0) return null;
        await AskAsync(at, kind.Reset(source), ResetTimeout, cancel, tellSilence: true);
        return All[at];
    }

    private async Task AskAsync(int index, ISourceMessage message, TimeSpan timeout, CancellationToken cancel, bool tellSilence = false)
    {
        var at = time.GetTimestamp();
        try
        {
            var answer = await region.Ask<object>(message, timeout, cancel);
            if (answer is RunRefused refused) throw new EngineUnavailableException(refused.Reason, TimeSpan.FromSeconds(1));
            _last[index] = (kind.StatusOf(answer), at);
        }
        catch (AskTimeoutException) when (!tellSilence)
        {
            // What it said last stands until it is too old.
        }
    }
}

/// <summary>A source is an entity and a shard of its own: what moves between nodes is sources.</summary>
public sealed class SourceExtractor : IMessageExtractor
{
    public string? EntityId(object message) => (message as ISourceMessage)?.Source;

    public object? EntityMessage(object message) => message;

    public string? ShardId(object message) => EntityId(message);

    public string ShardId(string entityId, object? messageHint = null) => entityId;
}

/// <summary>Key of a kind's region in the actor registry.</summary>
public sealed class SourceRegion<TStatus>;
