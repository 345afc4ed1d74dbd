using Akka.Actor;
using Lambda.Cluster.Actors.Messages;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Actors.Topics;

/// <summary>
/// The one reader of a topic in the cluster: a sharded entity, so that topics spread over the nodes and a lost node's topics are read by others. Every node asks it
/// how it is about once a second, which wakes it wherever it is to be.
/// </summary>
internal sealed class TopicActor : ReceiveActor
{
    private readonly string _topic;
    private readonly TopicParts _parts;
    private readonly ITopicRun? _run;
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private string? _stopped;

    public TopicActor(string topic, TopicParts parts)
    {
        (_topic, _parts) = (topic, parts);
        _run = parts.Names.Contains(topic) ? parts.Open(topic, Context.System) : null;
        Receive<GetTopicReport>(_ => Sender.Tell(new TopicReport(Status())));
        Receive<Ended>(OnEnded);
        ReceiveAsync<ResetTopic>(_ => ResetAsync());
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
            _stopped = $"the list of topics of node {_parts.Node} lacks it: every node needs the same list";
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
        _parts.OnError($"topic {_topic}", ended.Why);
    }

    private async Task ResetAsync()
    {
        try
        {
            await StopAsync();
            if (_run is { } run) await Task.Run(run.Forget);
            Start();
            Sender.Tell(new TopicReport(Status()));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Start();
            Sender.Tell(new RunRefused($"topic {_topic}: {e.Message}"));
        }
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    private TopicStatus Status()
    {
        var now = _run?.Status ?? new TopicStatus(_topic, TopicStatus.Stopped, null, _parts.Node, "", 0, 0, []);
        return _stopped is { } why ? now with { State = TopicStatus.Stopped, Reason = why } : now;
    }

    private sealed record Ended(Task Of, Exception? Why) : INoSerializationVerificationNeeded;
}
