using Akka.Actor;
using Lambda.Cluster.Actors.Customers;
using Lambda.Cluster.Actors.Messages;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Authorizations;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Actors.Partitions;

/// <summary>
/// One partition of the log, hosted by this node: reads on, tells each customer its events, checkpoints by barrier, answers reads, hands records to the
/// warehouse. It never waits: what takes time runs as a task and comes back as a message. The single writer of its partition as long as it holds its lease;
/// everything it stores carries the lease's generation.
/// </summary>
/// <remarks>starting → running → leaving; from each to stopped, which keeps the reason and refuses reads until somebody restarts the partition.</remarks>
internal sealed partial class PartitionActor : UntypedActor, IWithTimers
{
    private enum Phase { Starting, Running, Leaving, Stopped }

    private readonly PartitionParts _parts;
    private readonly PartitionLimits _limits;
    private readonly WorkerSettings _settings;
    private readonly CancellationTokenSource _stop = new();
    private readonly int _partition;
    private Phase _phase = Phase.Starting;
    private Exception? _fault;
    private IPartitionLease? _lease;
    private volatile IPartitionLease? _granted; // also before the actor has heard of it: the keeper renews it until it is given back
    private PartitionStand _stand = null!;
    private IBaseView? _base;
    private PartitionSink? _sink;
    private long _endAtStart;

    public PartitionActor(int partition, PartitionParts parts)
    {
        (_partition, _parts, _limits, _settings) = (partition, parts, parts.Limits, parts.Settings(partition));
        _customerProps = CustomerActor.Props(_settings);
        _desk = new AuthorizationDesk(partition, new Ground(this), SpeedLayer.Limits.AuthorizationsPending);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private TimeProvider Time => _parts.Speed.Time;

    // --- life -----------------------------------------------------------------------------------------------------------------

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer("tick", Tick.Instance, _limits.Tick);
        BeginStart();
    }

    protected override void PostStop()
    {
        _stop.Cancel();
        if (!_sweepReading) _sweep?.Dispose();
        if (_base is not null) _parts.Bases.Retire(_base);
        if (_phase != Phase.Leaving && _sink is not null) _ = _sink.DisposeAsync().AsTask();
        if (_granted is { } lease) _ = _parts.Background.Run(lease.Release); // stopped without a hand-off: what it still writes is fenced by the next owner
    }

    /// <summary>A customer never fails by itself: its state cannot be trusted any more, nor the position that counts it.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(e =>
    {
        Self.Tell(new Failed(e));
        return Directive.Stop;
    });

    protected override void OnReceive(object message)
    {
        try
        {
            Handle(message);
        }
        catch (Exception e)
        {
            Stop(e); // a bug or damage: restarting would meet it again
        }
    }

    private void Handle(object message)
    {
        switch (message)
        {
            case FoldSlice folded: OnFolded(folded); break;
            case ReadMany read: OnRead(read, Sender); break;
            case Snapshots states: OnSnapshots(states); break;
            case GoOn: TellSnapshots(_limits.SnapshotsAtATime); break;
            case FramesRead read: OnFrames(read); break;
            case SliceLoaded loaded: OnSliceLoaded(loaded); break;
            case ReadsLoaded loaded: OnReadsLoaded(loaded); break;
            case Tick: OnTick(); break;
            case GetReport: Sender.Tell(Report()); break;
            case Recovered recovered: OnRecovered(recovered); break;
            case CheckpointWritten written: OnWritten(written); break;
            case Failed failed: Stop(failed.Why); break;
            case StartFailed failed: OnStartFailed(failed); break;
            case Restart: BeginStart(); break;
            case WriteAgain: Write(); break;
            case HandOff: Leave(); break;
            case Left: Context.Stop(Self); break;
            case CardsPut put: OnCardsPut(put); break;
            case AlertsPut put: OnAlertsPut(put); break;
            default:
                if (!HandleAuthorization(message)) OnRunMessage(message);
                break;
        }
    }

    private void BeginStart()
    {
        _phase = Phase.Starting;
        Background(async () =>
        {
            var lease = _lease ?? await AcquireAsync();
            try
            {
                return await RecoverAsync(lease);
            }
            catch (Exception e)
            {
                return new StartFailed(e) { Lease = lease };
            }
        }, e => new StartFailed(e));
    }

    private async Task<IPartitionLease> AcquireAsync()
    {
        var lease = _granted = await _parts.Leases.AcquireAsync(_partition, _stop.Token);
        if (!_stop.IsCancellationRequested) return lease;
        lease.Release(); // stopped meanwhile: nobody else would
        throw new OperationCanceledException(_stop.Token);
    }

    private async Task<object> RecoverAsync(IPartitionLease lease)
    {
        if (lease.IsOvertaken) return new StartFailed(new LeaseLostException(_partition));
        var published = await _parts.Served(_stop.Token);
        var stored = PartitionStand.Usable(_settings, _parts.Speed.Checkpoints) ?? await RebuildMemoriesAsync(lease, published);
        var stand = PartitionStand.Recover(_settings, published, stored, _parts.Speed.Log, _parts.Speed.Views);
        if (stand.Epochs.Published > published.Epoch) // its deltas would be merged with a base that they do not belong to
            throw new InvalidOperationException($"the checkpoint is of epoch {stand.Epochs.Published}, who drives the runs says that {published.Epoch} is served: it has not heard yet");
        var sink = new PartitionSink(_partition, _parts, lease.Generation);
        var end = _parts.Speed.Log.EndOffset(_partition);
        var view = await BaseOfAsync(published, _stop.Token); // last: nobody would give it up if something failed behind it
        return new Recovered(lease, published, view, stand, stored?.Applied ?? stand.Applied, sink, end);
    }

    private async Task<Checkpoint?> RebuildMemoriesAsync(IPartitionLease lease, Publication published)
    {
        if (_parts.Speed.Memories is null || await BaseOfAsync(published, _stop.Token) is not { } view) return null;
        try
        {
            return MemoryRebuild.Run(_settings, _parts.Speed, published, view, lease.Generation);
        }
        finally
        {
            _parts.Bases.Retire(view);
        }
    }

    private void OnRecovered(Recovered recovered)
    {
        if (_phase != Phase.Starting)
        {
            if (recovered.Base is not null) _parts.Bases.Retire(recovered.Base);
            _ = _parts.Background.Run(recovered.Lease.Release);
            return;
        }
        (_lease, _stand, _base, _sink, _served) = (recovered.Lease, recovered.Stand, recovered.Base, recovered.Sink, recovered.Published);
        (_storedAtOffset, _storedAt, _readTo) = (recovered.StoredAt, Time.GetTimestamp(), _stand.Applied);
        _endAtStart = recovered.LogEnd;
        _phase = Phase.Running;
        _sink.Start(Self);
        BeginPopulation();
        ReadOn();
    }

    private void OnStartFailed(StartFailed failed)
    {
        if (_phase == Phase.Leaving && failed.Lease is { } late)
        {
            _ = _parts.Background.Run(late.Release);
            return;
        }
        _lease = failed.Lease ?? _lease;
        _parts.OnError($"partition {_partition}: start", failed.Why);
        if (failed.Why is LeaseLostException) _lease = null;
        if (failed.Why is CheckpointCorruptException or LogCorruptException or LogTruncatedException or InvalidDataException or BaseCorruptException) Stop(failed.Why);
        else if (_phase == Phase.Starting) Timers.StartSingleTimer("restart", Restart.Instance, _limits.RetryPause);
    }

    /// <summary>Stops loudly: nothing is skipped, reads are refused. One who lost the partition leaves it, so that it can be started anew with a lease.</summary>
    private void Stop(Exception why)
    {
        if (_phase == Phase.Stopped) return;
        _parts.OnError($"partition {_partition}", why);
        _fault = why;
        _phase = Phase.Stopped;
        RefuseWaiting();
        foreach (var resident in _residents.Values) resident.Actor?.Tell(PoisonPill.Instance);
        _residents.Clear();
        if (_sink is not null) _ = _sink.DisposeAsync().AsTask();
        if (why is FencedException or LeaseLostException) Context.Stop(Self);
    }

    // --- lease ----------------------------------------------------------------------------------------------------------------

    /// <summary>
    /// True when this owner may not speak for the partition now: its lease or its log was not heard of for too long. By the monotonic clock, which goes on
    /// while a process is frozen.
    /// </summary>
    private bool IsSilent => !_lease!.IsHeld || (_phase == Phase.Running && SinceLogRead > _limits.Silence);

    /// <summary>Endless before the first look: who begins where the log cannot be reached knows where it ended, not where it ends.</summary>
    private TimeSpan SinceLogRead => _logReadAt is { } at ? Time.GetElapsedTime(at) : TimeSpan.MaxValue;

    private void OnTick()
    {
        if (_phase is not (Phase.Running or Phase.Leaving)) return;
        if (_lease is { IsOvertaken: true })
        {
            Stop(new LeaseLostException(_partition));
            return;
        }
        ExpireWaiting();
        Pump();
        AdvanceCheckpoint();
        AdvancePopulation();
        PassivateReaders();
        AdvanceRetention();
    }

    // --- hand over ------------------------------------------------------------------------------------------------------------

    /// <summary>Reads no more; when everything told is folded and stored, gives the lease back and stops. Reads are answered to the end.</summary>
    private void Leave()
    {
        if (_phase == Phase.Leaving) return;
        var running = _phase == Phase.Running;
        _phase = Phase.Leaving;
        _frames.Clear();
        (_head, _queued) = (null, 0);
        if (!running) EndLeave();
        else AdvanceCheckpoint();
    }

    private void EndLeave()
    {
        var (lease, sink) = (_lease, _sink);
        _lease = null;
        RefuseWaiting();
        Background(async () =>
        {
            if (sink is not null) await sink.DisposeAsync();
            if (lease is null) return Left.Instance;
            lease.Release();
            _granted = null;
            return Left.Instance;
        }, _ => Left.Instance);
    }

    // --- messages to itself -----------------------------------------------------------------------------------------------------

    /// <summary>Runs outside the actor; its result, or what is made of its failure, comes back as a message.</summary>
    private void Background(Func<Task<object>> work, Func<Exception, object> failed)
    {
        var self = Self;
        _ = _parts.Background.Run(async () =>
        {
            try
            {
                self.Tell(await work());
            }
            catch (Exception e)
            {
                if (!_stop.IsCancellationRequested) self.Tell(failed(e));
            }
        });
    }

    private sealed class Tick : INoSerializationVerificationNeeded { public static readonly Tick Instance = new(); }

    private sealed class Restart : INoSerializationVerificationNeeded { public static readonly Restart Instance = new(); }

    private sealed class Left : INoSerializationVerificationNeeded { public static readonly Left Instance = new(); }

    private sealed record Recovered(
        IPartitionLease Lease, Publication Published, IBaseView? Base, PartitionStand Stand, long StoredAt, PartitionSink Sink, long LogEnd);

    private sealed record StartFailed(Exception Why)
    {
        public IPartitionLease? Lease { get; init; }
    }

    internal sealed record Failed(Exception Why);
}

/// <summary>The lease is somebody else's: this owner must stop.</summary>
public sealed class LeaseLostException(int partition) : Exception($"partition {partition}: the lease was lost; another node may own the partition now");
