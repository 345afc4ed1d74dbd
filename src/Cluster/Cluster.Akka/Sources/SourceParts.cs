using Akka.Actor;
using Akka.Configuration;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Actors.Sources;

/// <summary>What a node needs to read sources of one kind.</summary>
/// <param name="Names">The sources, the same on every node.</param>
/// <param name="Open">Reads one of them, in the actor system of this node.</param>
public sealed record SourceParts<TStatus>(
    SourceKind<TStatus> Kind, IReadOnlyList<string> Names, Func<string, ActorSystem, ISourceRun<TStatus>> Open, string Node, Action<string, Exception> OnError) where TStatus : class;

/// <summary>All that a node reads.</summary>
/// <param name="Fallback">What the actor system's configuration must have for it.</param>
public sealed record NodeSources(SourceParts<TopicStatus> Topics, SourceParts<SourceStatus> Polled, Config Fallback);

/// <summary>One source being read on this node.</summary>
public interface ISourceRun<out TStatus>
{
    /// <summary>Reads until it is cancelled; fails when it must not go on without a person.</summary>
    Task RunAsync(CancellationToken cancel);

    /// <summary>How it is while it runs.</summary>
    TStatus Status { get; }

    /// <summary>Forgets how far it has come. Not while it runs.</summary>
    void Forget();
}
