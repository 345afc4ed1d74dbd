using Akka.Actor;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sink;

namespace Lambda.Cluster.Actors.Partitions;

/// <summary>Hands one partition's records to the warehouse as long as this node owns it; progress carries the owner's generation.</summary>
internal sealed class PartitionSink(int partition, PartitionParts parts, long generation) : IAsyncDisposable
{
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(20);
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

    private bool IsHurried => _hurriedAt is { } at && Time.GetElapsedTime(at) < HurryFor;

    private async Task RunAsync(IActorRef owner)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var rows = await _pump.StepAsync(IsHurried, _stop.Token);
                if (rows == 0) await Task.Delay(Idle, Time, _stop.Token);
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
}
