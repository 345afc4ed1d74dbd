namespace Lambda.Cluster.Actors.Node;

/// <summary>What makes a process a node of the cluster.</summary>
/// <param name="Host">Name or address that the others reach it by.</param>
/// <param name="Port">Of remoting; 0 takes a free one.</param>
/// <param name="Seeds">`host:port` of nodes to join by; the first of them, when it is this node, may found the cluster. None: <see cref="Bootstrap"/> joins.</param>
/// <param name="Roles">speed (hosts partitions), serving, batch (may host the run).</param>
/// <param name="Postgres">Connection string of the run's journal.</param>
public sealed record NodeOptions(string Host, int Port, IReadOnlyList<string> Seeds, IReadOnlyList<string> Roles, string Postgres)
{
    public const string Speed = "speed", Serving = "serving", Batch = "batch";

    public static readonly IReadOnlyList<string> AllRoles = [Speed, Serving, Batch];
}
