#if CLUSTER_RUNTIME && KAFKA
using Akka.Actor;
using Lambda.Cluster.Actors.Messages;
using Lambda.Cluster.Actors.Node;
using Lambda.Cluster.Actors.Runs;
using Lambda.Cluster.Embedded;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Clustered;

/// <summary>Runs as any node sees them: what the run actor said a moment ago; commands go to it.</summary>
internal sealed class ClusterRuns(ClusterNode node, Publication initial) : IBatchRuns
{
    private const int Remembered = 100;
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private volatile RunList _last = new([], initial);

    /// <summary>The publication that is served, as far as this node knows.</summary>
    public Publication Served => _last.Served;

    public async ValueTask<RunStart> StartAsync(CancellationToken cancel)
    {
        var answer = await AskAsync<RunAnswer>(new BeginRun(), cancel);
        await RefreshAsync(cancel);
        return new RunStart(answer.Taken, answer.Run!);
    }

    public async ValueTask<RunAbandon?> AbandonAsync(string run, CancellationToken cancel)
    {
        var answer = await AskAsync<RunAnswer>(new AbandonRun(run), cancel);
        await RefreshAsync(cancel);
        return answer.Run is { } report ? new RunAbandon(answer.Taken, report) : null;
    }

    public RunReport? Get(string run) => _last.Runs.FirstOrDefault(r => r.Run == run);

    public IReadOnlyList<RunReport> List(int limit) => [.. _last.Runs.Take(limit)];

    public async Task<TimeSpan> RefreshAsync(CancellationToken cancel)
    {
        try
        {
            if (await node.AskRunsAsync(new GetRuns(Remembered), cancel) is RunList list && list.Served.Epoch >= _last.Served.Epoch) _last = list;
        }
        catch (AskTimeoutException)
        {
            // The singleton is moving: what was said last stands.
        }
        return Every;
    }

    private async Task<T> AskAsync<T>(object message, CancellationToken cancel)
    {
        try
        {
            return await node.AskRunsAsync(message, cancel) switch
            {
                T answer => answer,
                RunRefused refused => throw new EngineUnavailableException(refused.Reason, RetryAfter),
                var other => throw new InvalidOperationException($"the run actor answered {other}"),
            };
        }
        catch (AskTimeoutException)
        {
            throw new EngineUnavailableException("the node that drives runs does not answer; it may just be moving", RetryAfter);
        }
    }
}

/// <summary>The engine's run driver, where the singleton lives.</summary>
internal sealed class ClusterRunDriver(PopulationSwitch population, EngineRuns runs) : IRunDriver
{
    public Publication Served => runs.Served;

    public IReadOnlyList<RunReport> List(int limit) => runs.List(limit);

    public ValueTask<RunStart> StartAsync(CancellationToken cancel) => runs.StartAsync(cancel);

    public ValueTask<RunAbandon?> AbandonAsync(string run, CancellationToken cancel) => runs.AbandonAsync(run, cancel);

    public async Task<TimeSpan> StepAsync(CancellationToken cancel)
    {
        await population.StepAsync(cancel);
        return await runs.StepAsync(cancel);
    }
}
#endif
