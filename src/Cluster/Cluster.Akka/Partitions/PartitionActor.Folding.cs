using Akka.Actor;
using Lambda.Cluster.Actors.Customers;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Actors.Partitions;

/// <summary>From the log to the customers: read ahead, make up slices, load who is missing in one query, tell.</summary>
internal sealed partial class PartitionActor
{
    private readonly Props _customerProps;
    private readonly Dictionary<CustomerId, Resident> _residents = new(CustomerId.ByBytes.Comparer);
    private readonly Queue<LogFrame> _frames = new();
    private LogFrame? _head;   // taken from them, partly used
    private int _queued;       // records in both
    private long _readTo;      // next offset to read from the log
    private bool _reading;
    private long? _logReadAt;
    private long _logEnd;      // as of then
    private int _inFlight;     // records told and not yet folded
    private readonly Queue<FoldSlice> _told = new(); // the slices they are in, in order
    private Slice? _loading;   // waits for its entities; nothing behind it is made up meanwhile
    private readonly Stack<Fold> _idleFolds = new();

    /// <summary>Every record before it is folded, and who changed by it is marked.</summary>
    private long FoldedBelow => _told.TryPeek(out var oldest) ? oldest.From : _stand.Applied;

    private sealed class Slice
    {
        public readonly List<Fold> Folds = [];
        public readonly List<Resident> Missing = [];
        public int Records;
        public (long Offset, long AppendedAtMs)? Last;
        public (long Offset, EpochBarrier Barrier)? Barrier;
    }

    // --- the log ----------------------------------------------------------------------------------------------------------------

    private void ReadOn()
    {
        if (_reading || _phase != Phase.Running || _queued >= _limits.RecordsQueued) return;
        _reading = true;
        var (from, log, wait) = (_readTo, _parts.Speed.Log, _logReadAt is not null);
        Background(async () =>
        {
            if (wait && log.EndOffset(_partition) <= from) await WaitForNewsAsync(log, from);
            var (at, end) = (Time.GetTimestamp(), log.EndOffset(_partition));
            return new FramesRead(at, end, log.Read(_partition, from, _limits.ReadBytes));
        }, e => e is LogTruncatedException or LogCorruptException or InvalidDataException ? new Failed(e) : new FramesRead(0, 0, []) { Why = e });
    }

    private async Task WaitForNewsAsync(IEventLog log, long from)
    {
        using var timeout = new CancellationTokenSource(_limits.LogWait, Time);
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, timeout.Token);
        try
        {
            await log.WaitAsync(_partition, from, wait.Token);
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            // No news.
        }
    }

    private void OnFrames(FramesRead read)
    {
        _reading = false;
        if (_phase != Phase.Running) return;
        if (read.Why is { } why)
        {
            _parts.OnError($"partition {_partition}: reading the log", why);
            return; // the next tick tries again
        }
        (_logReadAt, _logEnd) = (read.At, read.End);
        foreach (var frame in read.Frames)
        {
            if (frame.FirstOffset > _readTo) throw new InvalidOperationException($"partition {_partition}: frame begins at {frame.FirstOffset}, next to read is {_readTo}");
            var rest = frame.From(_readTo);
            _frames.Enqueue(rest);
            _queued += rest.Count;
            _readTo = rest.EndOffset;
        }
        Pump();
    }

    // --- slices -----------------------------------------------------------------------------------------------------------------

    private void Pump()
    {
        while (_phase == Phase.Running && _loading is null && _inFlight < _limits.RecordsInFlight && _queued > 0)
        {
            var slice = NextSlice();
            if (slice.Missing.Count > 0) Load(slice);
            else TellSlice(slice);
        }
        ReadOn();
    }

    /// <summary>The next records of the queue, by customer, up to a barrier: behind it other epochs hold.</summary>
    private Slice NextSlice()
    {
        var slice = new Slice();
        while (slice.Records < _limits.SliceRecords && slice.Barrier is null && Head() is { } frame)
        {
            var taken = 0;
            foreach (var (offset, record) in frame)
            {
                if (slice.Records + taken >= _limits.SliceRecords || slice.Barrier is not null) break;
                taken++;
                slice.Last = (offset, frame.AppendedAtMs);
                if (RecordCodec.IsOfCustomer(record.Span)) Collect(slice, new LoggedRecord(offset, frame.AppendedAtMs, record));
                else if (RecordCodec.KindOf(record.Span) == RecordKind.EpochBarrier) slice.Barrier = (offset, RecordCodec.ReadBarrier(record.Span));
            }
            slice.Records += taken;
            _queued -= taken;
            _head = taken == frame.Count ? null : frame.From(frame.FirstOffset + taken);
        }
        return slice;
    }

    /// <summary>What is left of the frame that is being taken from, or the next one; null when nothing is queued.</summary>
    private LogFrame? Head() => _head ??= _frames.TryDequeue(out var next) ? next : null;

    private void Collect(Slice slice, LoggedRecord record)
    {
        var id = RecordCodec.CustomerIdOf(record.Record.Span);
        if (!_residents.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(id, out var resident))
        {
            resident = new Resident(new CustomerId(id));
            _residents.Add(resident.Id, resident);
        }
        if (resident.Next is { } next)
        {
            next.Add(record);
            return;
        }
        var fold = resident.Next = _idleFolds.TryPop(out var idle) ? idle : new Fold();
        fold.Begin(resident);
        fold.Add(record);
        slice.Folds.Add(fold);
        if (resident.Actor is null) slice.Missing.Add(resident);
    }

    private void Load(Slice slice)
    {
        _loading = slice;
        CustomerId[] missing = [.. slice.Missing.Select(r => r.Id)];
        Background(
            () => Task.FromResult<object>(new SliceLoaded(slice, LoadEntities(missing))),
            e => e is CheckpointCorruptException or InvalidDataException or UnknownDefinitionException ? new Failed(e) : new SliceLoaded(slice, null) { Why = e });
    }

    /// <summary>Decoded outside the actor.</summary>
    private Dictionary<CustomerId, CustomerEntity> LoadEntities(IReadOnlyList<CustomerId> customers)
    {
        var loaded = new Dictionary<CustomerId, CustomerEntity>(CustomerId.ByBytes.Comparer);
        _parts.Speed.Checkpoints.LoadEntities(_partition, customers, (id, state) => loaded[id] = CustomerEntity.Decode(id, state, _parts.Speed.Views));
        return loaded;
    }

    private void OnSliceLoaded(SliceLoaded loaded)
    {
        if (!ReferenceEquals(loaded.Slice, _loading)) return;
        _loading = null;
        if (_phase is not (Phase.Running or Phase.Leaving)) return;
        if (loaded.Entities is null)
        {
            _parts.OnError($"partition {_partition}: loading entities", loaded.Why!);
            Load(loaded.Slice);
            return;
        }
        foreach (var resident in loaded.Slice.Missing)
            if (resident.Actor is null) Create(resident, loaded.Entities.GetValueOrDefault(resident.Id) ?? new CustomerEntity(resident.Id));
        TellSlice(loaded.Slice);
        Pump();
    }

    private void Create(Resident resident, CustomerEntity entity)
    {
        resident.Actor = Context.ActorOf(_customerProps);
        resident.TouchedAt = _images;
        resident.Actor.Tell(new Own(entity));
    }

    private void TellSlice(Slice slice)
    {
        var told = new FoldSlice(Self, slice.Folds, slice.Folds.Sum(f => f.Records.Length), _stand.Epochs, _stand.RememberOnlyBelow, _images) { From = _stand.Applied };
        _inFlight += told.Records;
        if (slice.Folds.Count > 0) _told.Enqueue(told);
        foreach (var fold in slice.Folds)
        {
            var resident = fold.Customer;
            (resident.Next, fold.Slice) = (null, told);
            BeforeChange(resident);
            resident.Actor!.Tell(fold, Self);
        }
        if (slice.Barrier is { } barrier)
        {
            TellSnapshots(int.MaxValue);
            _stand.Barrier(barrier.Offset, barrier.Barrier, _parts.Speed.Views);
        }
        if (slice.Last is { } last) _stand.Advance(last.Offset, last.AppendedAtMs);
        foreach (var resident in slice.Missing) ServeWaiting(resident);
        ServePositions();
        _desk.Applied();
        AdvanceCheckpoint();
    }

    private void BeforeChange(Resident resident)
    {
        if (resident.InImage) TellSnapshot(resident);
        resident.TouchedAt = _images;
        if (resident.Dirty) return;
        resident.Dirty = true;
        _dirty.Add(resident);
    }

    private void OnFolded(FoldSlice slice)
    {
        _inFlight -= slice.Records;
        slice.IsFolded = true;
        while (_told.TryPeek(out var oldest) && oldest.IsFolded) _told.Dequeue();
        _stand.Counters = _stand.Counters.Plus(slice.Counts);
        if (_image is not null && slice.Image < _image.Id) _image.Counters = _image.Counters.Plus(slice.Counts);
        _conflicts.AddRange(slice.Conflicts);
        if (slice.Cards.Count > 0 && _parts.Speed.Cards is not null) _cards.AddRange(slice.Cards);
        PutCards();
        if (slice.Alerts.Count > 0 && _parts.Speed.Cases is not null) _alerts.AddRange(slice.Alerts);
        PutAlerts();
        foreach (var fold in slice.Folds)
        {
            if (fold.HasNews) MarkChanged(fold.Customer);
            fold.End();
            _idleFolds.Push(fold);
        }
        Pump();
        if (_inFlight == 0) AdvanceCheckpoint();
    }

    /// <param name="At">Before the log was looked at: what it says may have been long on its way.</param>
    /// <param name="End">Of the log then.</param>
    private sealed record FramesRead(long At, long End, IReadOnlyList<LogFrame> Frames)
    {
        public Exception? Why { get; init; }
    }

    private sealed record SliceLoaded(Slice Slice, Dictionary<CustomerId, CustomerEntity>? Entities)
    {
        public Exception? Why { get; init; }
    }
}
