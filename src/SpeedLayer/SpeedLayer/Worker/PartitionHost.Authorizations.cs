using System.Collections.Concurrent;
using Lambda.SpeedLayer.Authorizations;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Worker;

/// <summary>The partition's desk. Its gate is taken before the entities', never the other way round.</summary>
public sealed partial class PartitionHost
{
    private readonly Lock _deskGate = new();
    private readonly AuthorizationDesk _desk;
    private readonly ConcurrentQueue<(Asked Asked, long Offset)> _appended = new(); // told by the log's thread, which waits for no gate
    private readonly FoldedFacts _facts;

    /// <summary>Authorizations under way and waiting.</summary>
    public int PendingAuthorizations
    {
        get { lock (_deskGate) return _desk.Pending; }
    }

    /// <summary>Decides a transaction of one of the partition's customers. Answers through <paramref name="asked"/>, now or later, from any thread.</summary>
    public void Authorize(Asked asked)
    {
        lock (_deskGate) _desk.Submit(asked);
    }

    private void AuthorizationsApplied()
    {
        lock (_deskGate)
        {
            while (_appended.TryDequeue(out var it)) _desk.Appended(it.Asked, it.Offset);
            _desk.Applied();
        }
    }

    private void RefuseAuthorizations()
    {
        lock (_deskGate)
        {
            while (_appended.TryDequeue(out var it)) it.Asked.Offset = it.Offset; // they stand in the log
            _desk.RefuseAll($"partition {Partition} has stopped");
        }
    }

    private void Appended(Asked asked, long offset)
    {
        _appended.Enqueue((asked, offset));
        if (Applied > offset) AuthorizationsApplied(); // else whoever applies it finds it in the queue
    }

    private void NotAppended(Asked asked, string why)
    {
        lock (_deskGate) _desk.NotAppended(asked, why, NowMs());
    }

    private sealed class Ground(PartitionHost host) : IDeskGround
    {
        public long Applied => host.Applied;

        public void Look(Asked asked, bool decide)
        {
            if (host.LookAt(asked, decide) is { } look) host._desk.Looked(asked, look, host.NowMs());
            else host._desk.NotAppended(asked, $"partition {host.Partition} cannot answer now", host.NowMs());
        }

        public void Append(Asked asked, byte[] record)
        {
            var batch = new AppendBatch(host._ports.Log.Partitions);
            batch.Add(host.Partition, record);
            host._ports.Log.Append(batch, positions => host.Appended(asked, positions[0].Offset), e => host.NotAppended(asked, e.Message));
        }

        public void Read(Asked asked, long offset) => host._desk.ReadBack(asked, offset, LoggedEvents.BodyAt(host._ports.Log, host.Partition, offset), host.NowMs());
    }

    /// <returns>Null when the partition cannot answer.</returns>
    private Look? LookAt(Asked asked, bool decide)
    {
        Interlocked.Increment(ref _readersWaiting);
        lock (_gate)
        {
            Interlocked.Decrement(ref _readersWaiting);
            if (Fault is not null || _worker is null || !_worker.CanAnswer) return null;
            try
            {
                return Authorizations.Look.At(asked, LoadOne(asked.Request.Customer), _settings, _ports.Basis(), Applied, LastAppendedAtMs, NowMs(), decide);
            }
            catch (Exception e) when (e is CheckpointCorruptException or InvalidDataException)
            {
                Fault = e; // damaged storage is not this customer's affair
                return null;
            }
        }
    }
}
