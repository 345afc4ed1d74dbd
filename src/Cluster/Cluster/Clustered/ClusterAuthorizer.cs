#if CLUSTER_RUNTIME && KAFKA
using Akka.Actor;
using Lambda.Cluster.Actors.Messages;
using Lambda.Cluster.Actors.Node;
using Lambda.Domain.Fraud.Decisions;
using Lambda.SpeedLayer.Authorizations;

namespace Lambda.Cluster.Clustered;

/// <summary>Asks the desk of a partition on whatever node it is. Who decides answers ahead of the deadline; an owner that says nothing is not waited for.</summary>
internal sealed class ClusterAuthorizer(ClusterNode node, Func<bool> stopping) : IAuthorizer
{
    public int Partitions => node.Partitions.Partitions;

    public async ValueTask<AuthorizationOutcome> AskAsync(int partition, AuthorizationRequest request, CancellationToken cancel)
    {
        if (stopping()) return new AuthorizationOutcome.Failed(Failing.Storage, "this node is stopping");
        try
        {
            return (await node.Partitions.AskAsync<Authorized>(new Authorize(partition, request), TimeSpan.FromMilliseconds(Math.Max(1, request.PatienceMs)), cancel)).Outcome();
        }
        catch (AskTimeoutException)
        {
            return new AuthorizationOutcome.Failed(Failing.Deadline, $"partition {partition} did not answer in time");
        }
    }
}
#endif
