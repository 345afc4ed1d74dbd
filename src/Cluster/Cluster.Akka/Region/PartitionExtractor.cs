using System.Globalization;
using Akka.Cluster.Sharding;
using Lambda.Cluster.Actors.Messages;

namespace Lambda.Cluster.Actors.Region;

/// <summary>A partition is an entity and a shard of its own: what moves between nodes is partitions.</summary>
public sealed class PartitionExtractor : IMessageExtractor
{
    public string? EntityId(object message) => message is IPartitionMessage m ? Name(m.Partition) : null;

    public object? EntityMessage(object message) => message;

    public string? ShardId(object message) => EntityId(message);

    public string ShardId(string entityId, object? messageHint = null) => entityId;

    private static string Name(int partition) => partition.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Key of the partition region in the actor registry.</summary>
public sealed class PartitionRegion;

/// <summary>Key of the way to the partitions that stays when this node has handed over its own.</summary>
public sealed class PartitionProxy;

/// <summary>Key of the run singleton's proxy in the actor registry.</summary>
public sealed class RunSingleton;
