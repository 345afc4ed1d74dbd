using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Authorizations;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Worker;

/// <summary>What the speed layer stands on.</summary>
public sealed record SpeedPorts(IEventLog Log, ICheckpointStore Checkpoints, IQuarantine Quarantine, IViewCatalog Views, TimeProvider Time)
{
    /// <summary>What authorizations are decided by at this moment.</summary>
    public Func<DecisionBasis> Basis { get; init; } = () => DecisionBasis.Nothing;

    /// <summary>Where fraud memories come from when checkpoints were lost; null: they begin anew.</summary>
    public FraudMemories? Memories { get; init; }

    /// <summary>Told of every `card` event; null where nobody asks for cards.</summary>
    public ICardDirectory? Cards { get; init; }

    /// <summary>Told of every transaction that was decided on and not just approved; null where nobody looks at cases.</summary>
    public ICaseStore? Cases { get; init; }
}

/// <summary>How checkpoint images and alerts are written: in the background by the embedded runtime, in place by the simulation.</summary>
public delegate Task BackgroundWork(Action work);

/// <summary>
/// A partition worker with its log, checkpoints and base: recovery, loading, folding in slices, checkpoints, reads. One thread calls
/// <see cref="Step"/>; reads come from any thread. A fault stops the partition loudly: nothing is skipped, reads are refused.
/// </summary>
public sealed partial class PartitionHost : IWorkerEffects
{
    private readonly SpeedPorts _ports;
    private readonly WorkerSettings _settings;
    private readonly BackgroundWork _background;
    private readonly long _generation;
    private readonly Lock _gate = new();
    private readonly HashSet<CustomerId> _missing = new(CustomerId.ByBytes.Comparer);
    private readonly List<QuarantineEntry> _conflicts = [];
    private int _readersWaiting;
    private PartitionWorker _worker = null!;
    private IBaseView? _base;

    public PartitionHost(SpeedPorts ports, WorkerSettings settings, BackgroundWork background, long generation)
    {
        (_ports, _settings, _background, _generation) = (ports, settings, background, generation);
        _desk = new AuthorizationDesk(settings.Partition, new Ground(this), Limits.AuthorizationsPending);
        _facts = new FoldedFacts(settings.Partition, ports, background);
    }

    public int Partition => _settings.Partition;

    /// <summary>Why the partition stopped; null while it runs.</summary>
    public Exception? Fault { get; private set; }

    public void Stop(Exception fault)
    {
        lock (_gate) Fault ??= fault;
        RefuseAuthorizations();
    }

    /// <summary>
    /// The one path of recovery and rebuild: checkpoint, or base with the seen ids of the horizon before its cut, and the log from there.
    /// <see cref="Step"/> then replays like it reads on.
    /// </summary>
    public void Recover(Publication published, IBaseView? view)
    {
        var definition = _ports.Views.ByHash(published.DefinitionHash);
        // What cannot be recovered still says where it stands, and refuses reads.
        _worker = new PartitionWorker(_settings, _ports.Views, this, new PartitionStand(new Epochs(published.Epoch, published.Epoch, definition, null), 0));
        var stored = PartitionStand.Usable(_settings, _ports.Checkpoints) ?? MemoryRebuild.Run(_settings, _ports, published, view, _generation);
        lock (_gate)
        {
            _base = view;
            _worker = new PartitionWorker(_settings, _ports.Views, this, PartitionStand.Recover(_settings, published, stored, _ports.Log, _ports.Views));
        }
        _storedAtOffset = stored?.Applied ?? _worker.Applied;
        _storedAtMs = _ports.Time.GetUtcNow().ToUnixTimeMilliseconds();
    }

    // --- reading on -----------------------------------------------------------------------------------------------------------

    public long Applied => _worker.Applied;
    public Epochs Epochs => _worker.Epochs;
    public WorkerCounters Counters => _worker.Counters;
    public long LastAppendedAtMs => _worker.LastAppendedAtMs;
    public int ResidentEntities => _worker.ResidentEntities;
    public int ChangedForPopulation => _worker.ChangedForPopulation;
    public long StoredAtOffset => _storedAtOffset;
    public IBaseView? Base => _base;

    public long ApproximateBytes()
    {
        lock (_gate) return _worker.ApproximateBytes(1000);
    }

    /// <summary>Applies what the log holds, up to about <paramref name="maxBytes"/> of it, and moves a due checkpoint on.</summary>
    /// <returns>False when there was nothing to apply.</returns>
    public bool Step(int maxBytes)
    {
        var frames = _ports.Log.Read(Partition, _worker.Applied, maxBytes);
        if (frames.Count > 1) LoadAll(frames);
        foreach (var frame in frames)
        {
            _folding = FrameTime.Of(frame);
            while (!ApplySlice(frame)) AdvanceCheckpoint();
        }
        _facts.TryFlushAlerts(NowMs());
        AdvanceCheckpoint();
        return frames.Count > 0;
    }

    /// <summary>
    /// Behind, and above all at replay after a start, the customers of many frames are loaded at once: in the order of their ids they share pages, which a slice
    /// at a time would read again and again.
    /// </summary>
    private void LoadAll(IReadOnlyList<LogFrame> frames)
    {
        _missing.Clear();
        lock (_gate)
            foreach (var frame in frames) _worker.CollectMissing(frame, int.MaxValue, _missing);
        foreach (var loaded in Load(_missing).Chunk(Limits.FoldSliceRecords))
            lock (_gate)
                foreach (var (customer, state) in loaded) _worker.Supply(customer, state.Span);
    }

    private bool ApplySlice(LogFrame frame)
    {
        const int records = Limits.FoldSliceRecords;
        _missing.Clear();
        lock (_gate) _worker.CollectMissing(frame, records, _missing);
        var loaded = Load(_missing);
        bool used;
        lock (_gate)
        {
            foreach (var (customer, state) in loaded) _worker.Supply(customer, state.Span);
            foreach (var customer in _missing) _worker.Supply(customer, default);
            used = _worker.Apply(frame, records);
            _facts.TryFlushCards(NowMs()); // before anybody reads at this position: who saw a `card` event applied may count on it
        }
        FlushConflicts();
        AuthorizationsApplied();
        // The gate is not fair: without this a busy fold would starve reads.
        if (Volatile.Read(ref _readersWaiting) > 0) Thread.Yield();
        return used;
    }

    /// <summary>
    /// Marks the customers of records from <paramref name="offset"/> to here as changed: after a restart, those whose rows were not yet written.
    /// </summary>
    public void MarkChangedFrom(long offset)
    {
        for (var next = Math.Max(offset, _ports.Log.StartOffset(Partition)); next < Applied;)
        {
            foreach (var frame in _ports.Log.Read(Partition, next, Limits.SinkReadBytes))
            {
                foreach (var (at, record) in frame)
                    if (at >= next && at < Applied && RecordCodec.IsOfCustomer(record.Span))
                        MarkChanged(new CustomerId(RecordCodec.CustomerIdOf(record.Span)));
                next = frame.EndOffset;
            }
        }
    }

    private void MarkChanged(CustomerId customer)
    {
        lock (_gate) _worker.MarkChanged(LoadOne(customer));
    }

    private List<StoredEntity> Load(HashSet<CustomerId> customers)
    {
        var loaded = new List<StoredEntity>();
        if (customers.Count > 0)
            _ports.Checkpoints.LoadEntities(Partition, [.. customers], (id, state) => loaded.Add(new StoredEntity(id, state.ToArray())));
        return loaded;
    }

    void IWorkerEffects.ConflictingDuplicate(int partition, EventRow row) => _conflicts.Add(ConflictingDuplicate.Entry(partition, row));

    void IWorkerEffects.Folded(int partition, EventRow row) => _facts.Add(row);

    private void FlushConflicts()
    {
        if (_conflicts.Count == 0) return;
        _ports.Quarantine.Add(_conflicts, once: true); // replay after a crash meets them again
        _conflicts.Clear();
    }

    // --- publication ----------------------------------------------------------------------------------------------------------

    /// <summary>Serves the published base from now on. Reads in progress keep the old one until they end.</summary>
    /// <returns>The base served before, for its owner to dispose of.</returns>
    public IBaseView? Adopt(Publication published, IBaseView? view)
    {
        var definition = _ports.Views.ByHash(published.DefinitionHash);
        lock (_gate)
        {
            if (published.Epoch <= _worker.Epochs.Published) return view;
            _worker.Adopt(published.Epoch, definition);
            (var old, _base) = (_base, view);
            return old;
        }
    }
}
