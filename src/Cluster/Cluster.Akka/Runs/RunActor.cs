using Akka.Actor;
using Akka.Persistence;
using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Runs;
using Lambda.Cluster.Actors.Messages;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Actors.Runs;

/// <summary>Takes the steps of runs; what they are is the batch layer's.</summary>
public interface IRunDriver
{
    Publication Served { get; }

    IReadOnlyList<RunReport> List(int limit);

    /// <exception cref="EngineUnavailableException">A run cannot be started now.</exception>
    ValueTask<RunStart> StartAsync(CancellationToken cancel);

    /// <returns>Null when no run has this name.</returns>
    ValueTask<RunAbandon?> AbandonAsync(string run, CancellationToken cancel);

    /// <summary>One step of the active run; gives the pause before the next.</summary>
    Task<TimeSpan> StepAsync(CancellationToken cancel);
}

/// <summary>
/// The batch runs of the cluster: one persistent actor, a singleton, whose journal is the journal of runs. It recovers wherever it is started again and goes
/// on with the step that the last one did not finish. Two of them, should a network part the cluster, write the same sequence numbers: one is refused. The first
/// thing that each writes is that it is there: one that read the journal before the other's last word would wait for ever for what is long past.
/// </summary>
public sealed class RunActor : ReceivePersistentActor
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);

    private readonly List<RunEvent> _recovered = [];
    private readonly Func<IRunJournal, IRunDriver> _drive;
    private readonly Action<string, Exception> _onError;
    private readonly TimeProvider _time;
    private readonly TaskScheduler _background;
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<TaskCompletionSource> _persisting = [];
    private readonly List<IActorRef> _askServed = [];
    private IRunDriver? _driver;

    /// <param name="drive">Makes the driver over the recovered journal.</param>
    /// <param name="background">Where the driver works.</param>
    public RunActor(Func<IRunJournal, IRunDriver> drive, Action<string, Exception> onError, TimeProvider time, TaskScheduler background)
    {
        (_drive, _onError, _time, _background) = (drive, onError, time, background);
        Recover<RunEvent>(_recovered.Add);
        Recover<RunsTaken>(_ => { });
        Recover<RecoveryCompleted>(_ => Persist(new RunsTaken(), _ => Begin()));
        Command<Append>(append =>
        {
            _persisting.Add(append.Done);
            Persist(append.Happened, _ =>
            {
                _persisting.Remove(append.Done);
                append.Done.TrySetResult();
            });
        });
        Command<GetRuns>(get => Sender.Tell(new RunList(_driver!.List(get.Limit), _driver.Served)));
        Command<GetServed>(_ =>
        {
            if (_askServed.Count == 0) Self.Tell(Confirm.Instance); // one for all who ask meanwhile
            _askServed.Add(Sender);
        });
        Command<Confirm>(_ => Persist(new RunsTaken(), _ =>
        {
            foreach (var asker in _askServed) asker.Tell(new RunList([], _driver!.Served));
            _askServed.Clear();
        }));
        Command<BeginRun>(_ => Outside(async () => await _driver!.StartAsync(_stop.Token) is var start ? new RunAnswer(start.Started, start.Run) : null!));
        Command<AbandonRun>(abandon => Outside(async () => await _driver!.AbandonAsync(abandon.Run, _stop.Token) is { } ended
            ? new RunAnswer(ended.Taken, ended.Run)
            : new RunAnswer(false, null)));
    }

    public override string PersistenceId => "lambda-runs";

    protected override void PostStop()
    {
        _stop.Cancel();
        foreach (var waiting in _persisting) waiting.TrySetException(new InvalidOperationException("the run's journal has moved to another node"));
        base.PostStop();
    }

    private void Begin()
    {
        _driver = _drive(new ActorJournal(_recovered, Self, _time, _stop.Token));
        _ = _background.Run(DriveAsync);
    }

    private async Task DriveAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var pause = RetryPause;
            try
            {
                pause = await _driver!.StepAsync(_stop.Token);
            }
            catch (Exception e) when (!_stop.IsCancellationRequested)
            {
                _onError("batch run", e);
            }
            catch (Exception)
            {
                return; // asked to end
            }
            if (pause > TimeSpan.Zero) await Task.Delay(pause, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    /// <summary>The driver waits for the journal, which is this actor: so not in it.</summary>
    private void Outside(Func<Task<object>> work)
    {
        var asker = Sender;
        _ = _background.Run(async () =>
        {
            try
            {
                asker.Tell(await work());
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                asker.Tell(new RunRefused("who drives the runs is being replaced; ask again"));
            }
            catch (Exception e)
            {
                asker.Tell(new RunRefused(e.Message));
            }
        });
    }

    private sealed class Confirm : INoSerializationVerificationNeeded { public static readonly Confirm Instance = new(); }

    private sealed record Append(RunEvent Happened, TaskCompletionSource Done) : INoSerializationVerificationNeeded;

    /// <summary>The actor's journal as the batch layer sees it.</summary>
    private sealed class ActorJournal(IReadOnlyList<RunEvent> recovered, IActorRef actor, TimeProvider time, CancellationToken stop) : IRunJournal
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

        public IReadOnlyList<RunEvent> Load() => recovered;

        public async Task AppendAsync(RunEvent happened)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var patience = new CancellationTokenSource(Patience, time);
            using var late = patience.Token.Register(() =>
            {
                actor.Tell(PoisonPill.Instance); // it may have been written all the same: only recovery knows
                done.TrySetException(new TimeoutException("the run's journal was not written in time"));
            });
            using var stopped = stop.Register(() => done.TrySetCanceled(stop));
            actor.Tell(new Append(happened, done));
            await done.Task;
        }
    }
}
