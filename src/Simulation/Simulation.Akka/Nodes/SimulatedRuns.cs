using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Runs;
using Lambda.Cluster.Actors.Runs;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;
using Lambda.Simulation.Actors.Ground;
using RunState = Lambda.Serving.Ports.RunState;

namespace Lambda.Simulation.Actors.Nodes;

/// <summary>The steps of runs where the run actor lives: as the host's driver, without a thread, a daily time and reports for people.</summary>
internal sealed class SimulatedRuns(BatchRunner runner, RegionSpeedSide side, Installation ground) : IRunDriver
{
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Waiting = TimeSpan.FromMilliseconds(20);

    private readonly SemaphoreSlim _starting = new(1);
    private long _adopted = -1;
    private string? _abandon;

    public Publication Served => runner.History.Served;

    public IReadOnlyList<RunReport> List(int limit) => [];

    public async ValueTask<RunStart> StartAsync(CancellationToken cancel)
    {
        await _starting.WaitAsync(CancellationToken.None); // with another token it would go on in the thread pool
        try
        {
            if (runner.History.Active is { } active) return new RunStart(false, Report(active));
            var run = await runner.StartAsync($"run-{runner.History.NextEpoch}", ground.WantedDefinition)
                ?? throw new EngineUnavailableException("not adopted everywhere yet", Idle);
            return new RunStart(true, Report(run));
        }
        finally
        {
            _starting.Release();
        }
    }

    public ValueTask<RunAbandon?> AbandonAsync(string run, CancellationToken cancel)
    {
        _abandon = run;
        return new((RunAbandon?)null);
    }

    public async Task<TimeSpan> StepAsync(CancellationToken cancel)
    {
        await AdoptAsync(cancel);
        if (runner.History.Active is not { } active) return Idle;
        var moved = true;
        if (_abandon == active.Id) await runner.AbandonAsync("the scenario says so", cancel);
        else moved = await runner.StepAsync(cancel);
        await AdoptAsync(cancel);
        return moved ? TimeSpan.Zero : Waiting;
    }

    private async Task AdoptAsync(CancellationToken cancel)
    {
        if (_adopted == Served.Epoch) return;
        var publication = Served;
        await side.AdoptAsync(publication, cancel);
        await runner.CleanUpAsync(cancel);
        _adopted = publication.Epoch;
    }

    private static RunReport Report(Run run) =>
        new(run.Id, run.Epoch, (RunState)run.Stage, run.DefinitionHash, run.StartedAtMs, run.EndedAtMs, run.Reasons, new Dictionary<string, long>(), []);
}
