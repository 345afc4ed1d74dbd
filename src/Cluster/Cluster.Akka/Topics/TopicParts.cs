using Akka.Actor;
using Akka.Configuration;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Actors.Topics;

/// <summary>What a node needs to read topics of others.</summary>
/// <param name="Names">The topics, the same on every node.</param>
/// <param name="Open">Reads one of them, in the actor system of this node.</param>
/// <param name="Fallback">What the actor system's configuration must have for it.</param>
public sealed record TopicParts(IReadOnlyList<string> Names, Func<string, ActorSystem, ITopicRun> Open, Config Fallback, string Node, Action<string, Exception> OnError);

/// <summary>One topic being read on this node.</summary>
public interface ITopicRun
{
    /// <summary>Reads until it is cancelled; fails when it must not go on without a person.</summary>
    Task RunAsync(CancellationToken cancel);

    /// <summary>How it is while it runs.</summary>
    TopicStatus Status { get; }

    /// <summary>Forgets how far it has come. Not while it runs.</summary>
    void Forget();
}
