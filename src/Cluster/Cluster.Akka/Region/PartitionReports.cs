using Akka.Actor;
using Lambda.Cluster.Actors.Messages;

namespace Lambda.Cluster.Actors.Region;

/// <summary>What every partition last said of itself, asked for a few times a second: status, backpressure and runs look here. Asking also wakes partitions.</summary>
public sealed class PartitionReports(PartitionClient client, TimeProvider time)
{
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TooOld = TimeSpan.FromSeconds(3);

    private readonly (PartitionReport Report, long At)?[] _last = new (PartitionReport, long)?[client.Partitions];

    /// <summary>The last report; null when there is none, or it is too old to say anything.</summary>
    public PartitionReport? Of(int partition) => _last[partition] is { } last && time.GetElapsedTime(last.At) < TooOld ? last.Report : null;

    public int Partitions => client.Partitions;

    public IEnumerable<PartitionReport?> All => Enumerable.Range(0, client.Partitions).Select(Of);

    /// <summary>Asks all partitions at the same time; one that does not answer keeps its last report until that is too old.</summary>
    public Task RefreshAsync(CancellationToken cancel) => Task.WhenAll(Enumerable.Range(0, client.Partitions).Select(p => AskAsync(p, cancel)));

    /// <param name="atMost">How long to wait for the answer: who waits for a partition to move asks again soon, a question that was under way to its old owner is lost.</param>
    public async Task<PartitionReport?> AskAsync(int partition, CancellationToken cancel, TimeSpan? atMost = null)
    {
        var at = time.GetTimestamp();
        try
        {
            var report = await client.AskAsync<PartitionReport>(new GetReport(partition), atMost ?? AskTimeout, cancel);
            _last[partition] = (report, at);
            return report;
        }
        catch (AskTimeoutException)
        {
            return null;
        }
    }
}
