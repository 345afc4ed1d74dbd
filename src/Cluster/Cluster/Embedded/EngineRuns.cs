using Lambda.BatchLayer.Runs;
using Lambda.Cluster.Options;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;
using RunState = Lambda.Serving.Ports.RunState;

namespace Lambda.Cluster.Embedded;

/// <summary>Drives the batch runner: one step after another, a run when asked for or at the daily time; publication is told to <c>published</c>.</summary>
internal sealed class EngineRuns : IBatchRuns
{
    private const int StepTries = 40; // half a second apart, and the client itself waits for a server that is away
    private static readonly TimeSpan Waiting = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AbandonWait = TimeSpan.FromSeconds(2);

    private readonly BatchRunner _runner;
    private readonly BackgroundThread _background;
    private readonly Func<string> _definition;
    private readonly Func<Publication, CancellationToken, Task> _published;
    private readonly TimeProvider _time;
    private readonly DailyTimes? _dailyAt;
    private readonly SemaphoreSlim _starting = new(1);
    private readonly Lock _abandoning = new();
    private volatile Run[] _runs;
    private DateTimeOffset? _nextDaily;
    private volatile Abandonment? _abandon;
    private long _adopted;
    private int _failures;

    public EngineRuns(
        BatchRunner runner, BackgroundThread background, Func<string> definition, Func<Publication, CancellationToken, Task> published, TimeProvider time, DailyTimes? dailyAt)
    {
        (_runner, _background, _definition, _published, _time, _dailyAt) = (runner, background, definition, published, time, dailyAt);
        _runs = [.. runner.History.Runs];
        Served = runner.History.Served;
        _adopted = Served.Epoch; // the hosts recovered with it
        _nextDaily = dailyAt?.After(time.GetUtcNow());
    }

    /// <summary>Newest epoch that every partition is known to serve: of this process, what it recovered with; in a cluster none, so it is told to all again.</summary>
    public long Adopted
    {
        init => _adopted = value;
    }

    /// <summary>Everybody serves the last publication, and what older ones named is deleted.</summary>
    public bool IsAdopted => Interlocked.Read(ref _adopted) == Served.Epoch;

    /// <summary>The publication that is served.</summary>
    public Publication Served { get; private set; }

    public async ValueTask<RunStart> StartAsync(CancellationToken cancel)
    {
        await _starting.WaitAsync(cancel);
        try
        {
            if (ActiveRun is { } active) return new RunStart(false, Report(active));
            var id = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"run-{_time.GetUtcNow():yyyyMMdd-HHmmss}-e{_runner.History.NextEpoch}");
            var run = await _runner.StartAsync(id, _definition())
                ?? throw new EngineUnavailableException("a partition does not yet serve the last published epoch; see the status", TimeSpan.FromSeconds(1));
            _runs = [.. _runner.History.Runs];
            return new RunStart(true, Report(run));
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>The driver ends the run between two steps; the step that is taken now is cancelled, so that nobody waits for a long statement.</summary>
    public async ValueTask<RunAbandon?> AbandonAsync(string run, CancellationToken cancel)
    {
        Abandonment asked;
        lock (_abandoning)
        {
            if (Get(run) is not { } now) return null;
            if (now.IsFinal) return new RunAbandon(false, now);
            asked = _abandon is { } before && before.Run == run ? before : _abandon = new Abandonment(run);
        }
        asked.Ask();
        await Task.WhenAny(asked.Ended, Task.Delay(AbandonWait, cancel));
        var then = Get(run)!;
        return new RunAbandon(!then.IsFinal || then.State == RunState.Abandoned, then);
    }

    public RunReport? Get(string run) => Array.Find(_runs, r => r.Id == run) is { } found ? Report(found) : null;

    public IReadOnlyList<RunReport> List(int limit) => [.. _runs.Reverse().Take(limit).Select(Report)];

    /// <summary>One step of the active run, if there is one.</summary>
    public async Task<TimeSpan> StepAsync(CancellationToken cancel)
    {
        await AdoptAsync(cancel); // again and again until it succeeds: no run starts before
        await StartDailyAsync(cancel);
        if (ActiveRun is not { } active) return Idle;
        var moved = await TryStepAsync(active.Id, cancel);
        Served = _runner.History.Served;
        try
        {
            await AdoptAsync(cancel);
        }
        finally
        {
            _runs = [.. _runner.History.Runs]; // not sooner: who reads that a run is published finds it in the answers
            if (ActiveRun is null) EndAbandonment();
        }
        return moved ? TimeSpan.Zero : Waiting;
    }

    private async Task AdoptAsync(CancellationToken cancel)
    {
        if (_adopted == Served.Epoch) return;
        await _published(Served, cancel);
        _adopted = Served.Epoch;
    }

    /// <summary>A step that fails is taken again by the loop; one that keeps failing ends the run with its reason, so that nobody waits for ever.</summary>
    private async Task<bool> TryStepAsync(string run, CancellationToken cancel)
    {
        try
        {
            var moved = await StepOrAbandonAsync(run, cancel);
            _failures = 0;
            return moved;
        }
        catch (Exception e) when (e is not OperationCanceledException && ++_failures >= StepTries)
        {
            _failures = 0;
            await _runner.FailAsync($"a step failed {StepTries} times, last with {e.GetType().Name}: {e.Message}", cancel);
            return true;
        }
    }

    private async Task<bool> StepOrAbandonAsync(string run, CancellationToken cancel)
    {
        Abandonment abandonment;
        lock (_abandoning) abandonment = _abandon is { } asked && asked.Run == run ? asked : _abandon = new Abandonment(run);
        if (!abandonment.IsAsked)
        {
            using var step = CancellationTokenSource.CreateLinkedTokenSource(cancel, abandonment.Asked);
            try
            {
                return await _background.RunAsync(() => _runner.StepAsync(step.Token));
            }
            catch (Exception) when (abandonment.IsAsked && !cancel.IsCancellationRequested)
            {
                // Whatever the step broke off with: its run ends now.
            }
        }
        await _runner.AbandonAsync("somebody asked for it", cancel);
        return true;
    }

    private void EndAbandonment()
    {
        lock (_abandoning)
        {
            _abandon?.End();
            _abandon = null;
        }
    }

    /// <summary>Somebody may ask for the end of this run; who asked is told when it has ended.</summary>
    private sealed class Abandonment(string run)
    {
        private readonly CancellationTokenSource _asked = new(); // no timer in it: nothing to dispose of
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Run => run;
        public CancellationToken Asked => _asked.Token;
        public bool IsAsked => _asked.IsCancellationRequested;
        public Task Ended => _ended.Task;

        public void Ask() => _asked.Cancel();

        public void End() => _ended.TrySetResult();
    }

    /// <summary>
    /// Epoch of the newest served base under which somebody's answers may be others than before: it brought another definition, or differences that late
    /// repeats explain. Every other base was found equal to base ⊕ closed, customer by customer.
    /// </summary>
    public long AnswersChangedAt
    {
        get
        {
            var published = _runs.Where(r => r.Stage == RunStage.Published && r.Epoch <= Served.Epoch).ToList();
            for (var i = published.Count - 1; i >= 0; i--)
                if (published[i].Checks?.Explained > 0 || (i > 0 && published[i].DefinitionHash != published[i - 1].DefinitionHash)) return published[i].Epoch;
            return 0;
        }
    }

    /// <summary>True while the active run waits for the sink.</summary>
    public bool IsSinking => ActiveRun is { Stage: RunStage.Sinking };

    private Run? ActiveRun => _runs is [.., { IsFinal: false } last] ? last : null;

    private async Task StartDailyAsync(CancellationToken cancel)
    {
        var now = _time.GetUtcNow();
        if (_nextDaily is not { } due || now < due || ActiveRun is not null) return;
        _nextDaily = _dailyAt!.After(now);
        await StartAsync(cancel);
    }

    private static RunReport Report(Run run)
    {
        var counts = new Dictionary<string, long> { ["events"] = run.Events, ["customers"] = run.Customers.Sum(c => c ?? 0) };
        if (run.Checks is { } checks)
        {
            counts["compared"] = checks.Compared;
            counts["late_repeats"] = checks.LateRepeats;
            counts["explained_differences"] = checks.Explained;
        }
        return new RunReport(
            run.Id, run.Epoch, (RunState)run.Stage, run.DefinitionHash, run.StartedAtMs, run.EndedAtMs, run.Reasons, counts, StepsMs(run));
    }

    private static List<(RunState State, long Ms)> StepsMs(Run run)
    {
        var steps = new List<(RunState, long)>();
        for (var i = 1; i < run.Entered.Count; i++)
            steps.Add(((RunState)run.Entered[i - 1].Stage, run.Entered[i].AtMs - run.Entered[i - 1].AtMs));
        return steps;
    }
}
