using Akka.Actor;
using Lambda.Cluster.Actors.Messages;

namespace Lambda.Cluster.Actors.Sources;

/// <summary>
/// The one reader of a source in the cluster: a sharded entity, so that sources spread over the nodes and a lost node's are read by others. Every node asks it
/// how it is about once a second, which wakes it wherever it is to be.
/// </summary>
internal sealed class SourceActor<TStatus> : ReceiveActor where TStatus : class
{
    private readonly string _source;
    private readonly SourceParts<TStatus> _parts;
    private readonly ISourceRun<TStatus>? _run;
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private string? _stopped;

    public SourceActor(string source, SourceParts<TStatus> parts)
    {
        (_source, _parts) = (source, parts);
        _run = parts.Names.Contains(source) ? parts.Open(source, Context.System) : null;
        Receive<IReportAsked>(_ => Sender.Tell(parts.Kind.Report(Status())));
        Receive<Ended>(OnEnded);
        ReceiveAsync<IResetAsked>(_ => ResetAsync());
        ReceiveAsync<HandOff>(async _ =>
        {
            await StopAsync();
            Context.Stop(Self);
        });
    }

    protected override void PreStart() => Start();

    protected override void PostStop() => _stop.Cancel();

    private void Start()
    {
        if (_run is null)
        {
            _stopped = $"the list of {_parts.Kind.Name}s of node {_parts.Node} lacks it: every node needs the same list";
            return;
        }
        (_stop, _stopped) = (new CancellationTokenSource(), null);
        var (token, run) = (_stop.Token, _run);
        var running = _running = Task.Run(() => run.RunAsync(token), CancellationToken.None);
        _running.PipeTo(Self, success: () => new Ended(running, null), failure: e => new Ended(running, e));
    }

    private void OnEnded(Ended ended)
    {
        if (ended.Of != _running || ended.Why is null || _stop.IsCancellationRequested) return;
        _stopped = ended.Why.Message;
        _parts.OnError($"{_parts.Kind.Name} {_source}", ended.Why);
    }

    private async Task ResetAsync()
    {
        try
        {
            await StopAsync();
            if (_run is { } run) await Task.Run(run.Forget);
            Start();
            Sender.Tell(_parts.Kind.Report(Status()));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Start();
            Sender.Tell(new RunRefused($"{_parts.Kind.Name} {_source}: {e.Message}"));
        }
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    private TStatus Status()
    {
        var now = _run?.Status;
        return now is null || _stopped is not null ? _parts.Kind.Stopped(now, _source, _parts.Node, _stopped ?? "it is not read here") : now;
    }

    private sealed record Ended(Task Of, Exception? Why) : INoSerializationVerificationNeeded;
}
