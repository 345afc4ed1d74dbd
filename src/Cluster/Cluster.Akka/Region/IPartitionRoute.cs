using Akka.Actor;
using Lambda.Cluster.Actors.Messages;

namespace Lambda.Cluster.Actors.Region;

/// <summary>The way to the actor of a partition, wherever it lives now.</summary>
public interface IPartitionRoute
{
    /// <exception cref="AskTimeoutException">No answer in time.</exception>
    Task<T> AskAsync<T>(IPartitionMessage message, TimeSpan timeout, CancellationToken cancel);

    /// <summary>It may get lost on its way.</summary>
    void Tell(IPartitionMessage message);
}

/// <summary>Through the shard region, or its proxy.</summary>
internal sealed class RegionRoute(IActorRef region) : IPartitionRoute
{
    public Task<T> AskAsync<T>(IPartitionMessage message, TimeSpan timeout, CancellationToken cancel) => region.Ask<T>(message, timeout, cancel);

    public void Tell(IPartitionMessage message) => region.Tell(message);
}
