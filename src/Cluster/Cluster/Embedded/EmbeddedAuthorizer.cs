using Lambda.Domain.Fraud.Decisions;
using Lambda.SpeedLayer.Authorizations;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Embedded;

/// <summary>Asks the desks of this process. What is decided but not durable in time is answered as decided: its record is on its way.</summary>
internal sealed class EmbeddedAuthorizer(IReadOnlyList<PartitionHost> hosts, Func<bool> stopping, TimeProvider time) : IAuthorizer
{
    public int Partitions => hosts.Count;

    public async ValueTask<AuthorizationOutcome> AskAsync(int partition, AuthorizationRequest request, CancellationToken cancel)
    {
        if (stopping()) return new AuthorizationOutcome.Failed(Failing.Storage, "Lambda is stopping");
        var answer = new TaskCompletionSource<AuthorizationOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = new Asked(request, time.GetUtcNow().ToUnixTimeMilliseconds() + request.PatienceMs, answer.SetResult);
        hosts[partition].Authorize(asked);
        if (answer.Task.IsCompleted) return await answer.Task;
        try
        {
            return await answer.Task.WaitAsync(TimeSpan.FromMilliseconds(request.PatienceMs), time, cancel);
        }
        catch (TimeoutException)
        {
            return asked.Tentative is { } decided ? decided : new AuthorizationOutcome.Failed(Failing.Deadline, $"partition {partition} did not decide in time");
        }
    }
}
