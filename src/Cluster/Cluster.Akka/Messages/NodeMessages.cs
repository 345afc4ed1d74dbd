namespace Lambda.Cluster.Actors.Messages;

// To the process of a node, and back.

/// <summary>Hand over your partitions and leave. Answered by <see cref="Leaving"/> at once: the partitions' reports say when others own them.</summary>
public sealed record LeaveCluster : IClusterMessage;

public sealed record Leaving : IClusterMessage;
