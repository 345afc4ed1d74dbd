using Lambda.Domain.Events;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Worker;

public enum ReadOutcome { Found, Unknown, NeedsRawEvents, Unavailable }

/// <summary>One customer's merged answer and what it rests on: one epoch, one position.</summary>
/// <param name="Applied">Records below this offset are in the answer.</param>
public readonly record struct Readout(ReadOutcome Outcome, Answer? Answer, long Epoch, long Applied, bool FromBase, bool FromSpeed);

/// <param name="Batch">Encoded, null where there is none; so are the deltas.</param>
/// <param name="Applied">Records below this offset are in them.</param>
public sealed record CustomerStates(CompiledView View, byte[]? Batch, byte[]? Closed, byte[]? Open, long Epoch, long Applied);

public sealed partial class PartitionHost
{
    /// <summary>finish(base ⊕ closed ⊕ open, as_of) of this moment. Never touches the warehouse.</summary>
    /// <exception cref="MetricOverflowException">A sum of this customer does not fit its type.</exception>
    public Readout Read(CustomerId customer, int asOfDay)
    {
        Interlocked.Increment(ref _readersWaiting);
        lock (_gate)
        {
            Interlocked.Decrement(ref _readersWaiting);
            return Refused(asOfDay) ?? MergedOrStopped(customer, asOfDay, isLoaded: false);
        }
    }

    /// <summary>Several customers at one moment, in their order: those that are not in memory come in one query.</summary>
    /// <param name="overflows">Gets the metric of each customer (by index) that has a sum which does not fit; its readout then has no answer.</param>
    public Readout[] ReadMany(IReadOnlyList<CustomerId> customers, int asOfDay, IDictionary<int, string> overflows)
    {
        var readouts = new Readout[customers.Count];
        Interlocked.Increment(ref _readersWaiting);
        lock (_gate)
        {
            Interlocked.Decrement(ref _readersWaiting);
            if (Refused(asOfDay) is { } refused)
            {
                Array.Fill(readouts, refused);
                return readouts;
            }
            var isLoaded = TrySupply(customers);
            for (var i = 0; i < readouts.Length; i++)
            {
                try
                {
                    readouts[i] = MergedOrStopped(customers[i], asOfDay, isLoaded);
                }
                catch (MetricOverflowException e)
                {
                    overflows[i] = e.Metric;
                }
            }
        }
        return readouts;
    }

    /// <summary>The parts of one customer's answer, unmerged, each a copy of its own.</summary>
    /// <returns>Null when the partition cannot answer; nothing in it when the customer is unknown.</returns>
    public CustomerStates? Parts(CustomerId customer)
    {
        Interlocked.Increment(ref _readersWaiting);
        lock (_gate)
        {
            Interlocked.Decrement(ref _readersWaiting);
            if (Fault is not null || _worker is null || !_worker.CanAnswer) return null;
            var entity = LoadOne(customer);
            entity.Settle(Epochs);
            var held = _base is not null && _base.TryAcquire() ? _base : null;
            try
            {
                var batch = held is not null && !entity.IsErasedFromBase && held.TryFind(customer.Utf8, out var found) ? found.ToArray() : null;
                return new CustomerStates(Epochs.Active, batch, entity.Closed?.Encoded.ToArray(), entity.Open?.Encoded.ToArray(), Epochs.Published, Applied);
            }
            finally
            {
                held?.Release();
            }
        }
    }

    /// <summary>Why nobody is answered for this day, or null.</summary>
    private Readout? Refused(int asOfDay)
    {
        if (Fault is not null || _worker is null || !_worker.CanAnswer) return new Readout(ReadOutcome.Unavailable, null, 0, 0, false, false);
        return Epochs.Active.TilesCover(asOfDay, Clock.DayOfMs(LastAppendedAtMs)) ? null : new Readout(ReadOutcome.NeedsRawEvents, null, Epochs.Published, Applied, false, false);
    }

    /// <param name="isLoaded">True: it is in memory or nowhere.</param>
    private Readout MergedOrStopped(CustomerId customer, int asOfDay, bool isLoaded)
    {
        try
        {
            return Merged(isLoaded ? _worker.Resident(customer.Utf8) ?? new CustomerEntity(customer) : LoadOne(customer), customer, asOfDay);
        }
        catch (Exception e) when (e is CheckpointCorruptException or BaseCorruptException or InvalidDataException)
        {
            Fault = e; // damaged storage is not this customer's affair: the partition stops and says what to do
            return new Readout(ReadOutcome.Unavailable, null, 0, 0, false, false);
        }
    }

    /// <returns>False when one of them cannot be read: each is then loaded alone, and the one stops the partition.</returns>
    private bool TrySupply(IReadOnlyList<CustomerId> customers)
    {
        try
        {
            CustomerId[] missing = [.. customers.Where(c => _worker.Resident(c.Utf8) is null).Distinct()];
            if (missing.Length > 0) _ports.Checkpoints.LoadEntities(Partition, missing, (id, state) => _worker.Supply(id, state));
            return true;
        }
        catch (Exception e) when (e is CheckpointCorruptException or InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>
    /// Age of the oldest record at or after <paramref name="applied"/> at <paramref name="nowMs"/>; 0 when there is none. Folding knows the frame that it
    /// is at; only between two of them one is looked up, once for all who ask.
    /// </summary>
    public long FreshnessMs(long applied, long nowMs)
    {
        if (applied >= _ports.Log.EndOffset(Partition)) return 0;
        if (_folding is not { } at || applied < at.First || applied >= at.End)
        {
            if (_ports.Log.Read(Partition, applied, 1) is not [var next, ..]) return 0;
            _folding = at = FrameTime.Of(next);
        }
        return Math.Max(0, nowMs - at.AppendedAtMs);
    }

    private sealed record FrameTime(long First, long End, long AppendedAtMs)
    {
        public static FrameTime Of(LogFrame frame) => new(frame.FirstOffset, frame.EndOffset, frame.AppendedAtMs);
    }

    /// <summary>The frame that was begun last, or looked up for somebody who asked.</summary>
    private volatile FrameTime? _folding;

    /// <summary>Up to <paramref name="max"/> customers that changed since they were last taken: their rows are to be written.</summary>
    /// <param name="completeBelow">When none is left behind: every change below this offset is of a customer taken by now; else -1.</param>
    public List<CustomerId> TakeChanged(int max, out long completeBelow)
    {
        var changed = new List<CustomerEntity>();
        lock (_gate)
        {
            _worker.TakeChanged(max, changed);
            completeBelow = _worker.ChangedForPopulation == 0 && _worker.CanAnswer ? Applied : -1;
        }
        return changed.ConvertAll(e => e.Id);
    }

    /// <summary>Finished rows of these customers, each computed when it is asked for.</summary>
    public IEnumerable<PopulationRow> RowsOf(IReadOnlyList<CustomerId> customers, int asOfDay)
    {
        foreach (var customer in customers)
            if (RowOf(customer, asOfDay) is { } row)
                yield return row;
    }

    /// <summary>Puts customers whose rows could not be written back in the queue.</summary>
    public void ReturnChanged(IEnumerable<CustomerId> customers)
    {
        foreach (var customer in customers) MarkChanged(customer);
    }

    /// <summary>
    /// Everybody, for a sweep, which holds the base until it ends: first whoever no checkpoint names yet, then the customers of the base and of the stored entities, ascending; some
    /// are named twice. Who comes later has changed and is written anyway.
    /// </summary>
    public IEnumerable<CustomerId> Customers()
    {
        CustomerId[] unstored;
        lock (_gate) unstored = [.. _worker.Unstored()];
        foreach (var customer in unstored) yield return customer;
        foreach (var customer in CustomerScan.Of(HoldBase, _ports.Checkpoints.Scan(Partition))) yield return customer;

        IBaseView? HoldBase()
        {
            lock (_gate) return _base is not null && _base.TryAcquire() ? _base : null;
        }
    }

    private PopulationRow? RowOf(CustomerId customer, int asOfDay)
    {
        Interlocked.Increment(ref _readersWaiting);
        lock (_gate)
        {
            Interlocked.Decrement(ref _readersWaiting);
            if (!_worker.CanAnswer)
            {
                _worker.MarkChanged(LoadOne(customer)); // later
                return null;
            }
            try
            {
                var read = Merged(LoadOne(customer, keep: false), customer, asOfDay);
                var answer = read.Answer ?? PopulationRow.Nobody(Epochs.Active, asOfDay);
                return new PopulationRow(customer, Partition, read.Epoch, read.Applied, answer) { IsGone = read.Answer is null };
            }
            catch (MetricOverflowException)
            {
                // The API names the metric to who asks for this customer; the population keeps the last row that could be computed.
                OverflowedRows++;
                return null;
            }
        }
    }

    /// <summary>Population rows left out because a metric of theirs does not fit its type.</summary>
    public long OverflowedRows { get; private set; }

    private Readout Merged(CustomerEntity entity, CustomerId customer, int asOfDay)
    {
        entity.Settle(Epochs);
        var fromSpeed = entity.Closed is not null || entity.Open is not null;
        var held = _base is not null && _base.TryAcquire() ? _base : null;
        if (held is null && Epochs.Published > 0) throw new InvalidOperationException($"partition {Partition}: base {Epochs.Published} is not open");
        try
        {
            ReadOnlySpan<byte> batch = default;
            var fromBase = held is not null && !entity.IsErasedFromBase && held.TryFind(customer.Utf8, out batch);
            if (!fromBase && !fromSpeed) return new Readout(ReadOutcome.Unknown, null, Epochs.Published, Applied, false, false);
            var answer = Epochs.Active.Finish(batch, entity.Closed, entity.Open, asOfDay);
            return new Readout(ReadOutcome.Found, answer, Epochs.Published, Applied, fromBase, fromSpeed);
        }
        finally
        {
            held?.Release();
        }
    }

    /// <param name="keep">False for who goes through all customers: that must not push out those who are asked for.</param>
    private CustomerEntity LoadOne(CustomerId customer, bool keep = true)
    {
        if (_worker.Resident(customer.Utf8) is { } resident) return resident;
        CustomerEntity? loaded = null;
        _ports.Checkpoints.LoadEntities(Partition, [customer], (id, state) => loaded = keep ? _worker.Supply(id, state) : CustomerEntity.Decode(id, state, _ports.Views));
        // An unknown customer is not kept: a scan of made-up ids must not fill the memory.
        return loaded ?? new CustomerEntity(customer);
    }
}
