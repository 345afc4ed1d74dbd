using Akka.Actor;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sink;

namespace Lambda.Cluster.Actors.Partitions;

/// <summary>Hands one partition's records to the warehouse as long as this node owns it; progress carries the owner's generation.</summary>
internal sealed class PartitionSink(int partition, PartitionParts parts, long generation) : IAsyncDisposable
{
    private const long GlanceMs = 50; // how late it may notice that somebody is in a hurry
    private static readonly TimeSpan HurryFor = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stop = new();
    private readonly SinkPump _pump = new(
        parts.Speed.Log, parts.Raw, parts.SinkProgress(partition, generation), parts.Speed.Time, [partition], parts.Sink);
    private Task? _task;
    private long? _hurriedAt;

    /// <summary>Next offset to hand over.</summary>
    public long Next => _pump.Progress(partition).Next;

    /// <summary>Why it stopped for good; null while it runs.</summary>
    public Exception? Stopped => _pump.Stopped(partition);

    /// <summary>Age of the oldest record that it knows of and has not handed over, milliseconds.</summary>
    public long WaitsMs => _pump.WaitingSinceMs is { } since ? Math.Max(0, NowMs - since) : 0;

    /// <summary>Inserts what is there, however little, for the next seconds: somebody waits.</summary>
    public void Hurry() => _hurriedAt = Time.GetTimestamp();

    /// <param name="owner">Told when another owner has written since.</param>
    public void Start(IActorRef owner) => _task = parts.Background.Run(() => RunAsync(owner));

    public async ValueTask DisposeAsync()
    {
        _stop.Cancel(); // not later, and not by another thread
        if (_task is not null) await _task;
    }

    private TimeProvider Time => parts.Speed.Time;

    private long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();

    private bool IsHurried => _hurriedAt is { } at && Time.GetElapsedTime(at) < HurryFor;

    private async Task RunAsync(IActorRef owner)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (await _pump.StepAsync(IsHurried, _stop.Token) == 0) await WaitAsync();
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (FencedException e)
            {
                owner.Tell(new PartitionActor.Failed(e));
                return;
            }
            catch (Exception e)
            {
                parts.OnError($"partition {partition}: sink", e);
                await Task.Delay(parts.Limits.RetryPause, Time, CancellationToken.None);
            }
        }
    }

    /// <summary>Until there is something, and then until it is due or somebody is in a hurry.</summary>
    private async Task WaitAsync()
    {
        if (_pump.WaitingSinceMs is not { } since)
        {
            await parts.Speed.Log.WaitAsync(partition, _pump.Stopped(partition) is null ? Next : long.MaxValue, _stop.Token);
            return;
        }
        var dueMs = since + parts.Sink.DelayMs;
        do await Task.Delay(TimeSpan.FromMilliseconds(Math.Clamp(dueMs - NowMs, GlanceMs / 10, GlanceMs)), Time, _stop.Token);
        while (!IsHurried && NowMs < dueMs);
    }
}
