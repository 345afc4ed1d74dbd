using Lambda.Domain.Bytes;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Worker;

/// <summary>What a worker is told once; equal at every start of an installation.</summary>
/// <param name="HorizonMs">Dedup horizon in append time, whole seconds.</param>
/// <param name="IdKey0">Key of the event-id hashes.</param>
public sealed record WorkerSettings(int Partition, long HorizonMs, ulong IdKey0, ulong IdKey1)
{
    /// <summary>Records behind the last checkpoint at which the next is written.</summary>
    public long CheckpointRecords { get; init; } = Limits.CheckpointRecordsDefault;

    /// <summary>Age at which a checkpoint is written however little happened.</summary>
    public long CheckpointIntervalMs { get; init; } = Limits.CheckpointIntervalMsDefault;

    /// <summary>Entities above this number leave memory when they may.</summary>
    public int ResidentEntities { get; init; } = Limits.ResidentEntitiesPerPartition;

    /// <summary>As entities count it.</summary>
    public uint HorizonSeconds => (uint)(HorizonMs / 1000);
}

/// <summary>What folding wants done outside. The worker never waits for it.</summary>
public interface IWorkerEffects
{
    /// <summary>A later copy of a known event says something else. The row is valid during the call only.</summary>
    void ConflictingDuplicate(int partition, EventRow row);

    /// <summary>A distinct event of those that others are told of (<see cref="FoldedFacts.IsOne"/>). Replay after a crash brings it again. The row is valid during the call only.</summary>
    void Folded(int partition, EventRow row);
}

/// <summary>
/// The single writer of one partition's customers: a pure state machine over logged records, commands and loaded entities. It reads no clock,
/// does no I/O, and two workers fed the same records are equal. The host loads the entities that a batch needs before it applies it.
/// </summary>
public sealed class PartitionWorker
{
    private readonly WorkerSettings _settings;
    private readonly IViewCatalog _views;
    private readonly IWorkerEffects _effects;
    private readonly Dictionary<CustomerId, CustomerEntity> _entities = new(CustomerId.ByBytes.Comparer);
    private readonly Dictionary<CustomerId, CustomerEntity>.AlternateLookup<ReadOnlySpan<byte>> _byId;
    private readonly List<CustomerEntity> _ring = []; // the same entities, for the hand of eviction to go round
    private int _hand;
    private readonly EventRow _row = new();
    private readonly PartitionStand _stand;
    private List<CustomerEntity> _dirty = [];
    private readonly List<CustomerEntity> _changed = [];
    private CheckpointImage? _image;
    private long _images;

    public PartitionWorker(WorkerSettings settings, IViewCatalog views, IWorkerEffects effects, PartitionStand stand)
    {
        (_settings, _views, _effects, _stand) = (settings, views, effects, stand);
        _byId = _entities.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    public Epochs Epochs => _stand.Epochs;

    /// <summary>Next offset to read: everything before it is in the entities.</summary>
    public long Applied => _stand.Applied;

    /// <summary>Append time of the newest applied record, ms since 1970; 0 before the first.</summary>
    public long LastAppendedAtMs => _stand.LastAppendedAtMs;

    public WorkerCounters Counters => _stand.Counters;
    public int ResidentEntities => _entities.Count;
    public int DirtyEntities => _dirty.Count;
    public int ChangedForPopulation => _changed.Count;

    // --- loading ----------------------------------------------------------------------------------------------------------

    public bool IsResident(ReadOnlySpan<byte> customerId) => _byId.ContainsKey(customerId);

    public CustomerEntity? Resident(ReadOnlySpan<byte> customerId) => _byId.TryGetValue(customerId, out var entity) ? entity : null;

    /// <summary>The customers of the next <paramref name="maxRecords"/> records that must be supplied before <see cref="Apply"/>; each once.</summary>
    public void CollectMissing(LogFrame frame, int maxRecords, HashSet<CustomerId> missing)
    {
        var seen = missing.GetAlternateLookup<ReadOnlySpan<byte>>();
        foreach (var (offset, record) in frame)
        {
            if (offset < Applied) continue;
            if (offset >= Applied + maxRecords) return;
            if (!RecordCodec.IsOfCustomer(record.Span)) continue;
            var id = RecordCodec.CustomerIdOf(record.Span);
            if (!_byId.ContainsKey(id)) seen.Add(id);
        }
    }

    /// <summary>Makes a stored entity resident; a newer resident one stays.</summary>
    public CustomerEntity Supply(CustomerId id, ReadOnlySpan<byte> stored)
    {
        if (_entities.TryGetValue(id, out var resident)) return resident;
        var entity = stored.IsEmpty ? new CustomerEntity(id) : CustomerEntity.Decode(id, stored, _views);
        entity.TouchedAt = (int)_images;
        _entities.Add(id, entity);
        _ring.Add(entity);
        return entity;
    }

    // --- the log ------------------------------------------------------------------------------------------------------------

    /// <summary>Applies up to <paramref name="maxRecords"/> records of the frame, from <see cref="Applied"/> on. Their customers are resident.</summary>
    /// <returns>True when the frame is used up.</returns>
    /// <exception cref="InvalidOperationException">The frame begins behind the next record: a gap, which must stop the partition.</exception>
    public bool Apply(LogFrame frame, int maxRecords)
    {
        if (frame.FirstOffset > Applied)
            throw new InvalidOperationException($"partition {_settings.Partition}: frame begins at {frame.FirstOffset}, next to apply is {Applied}");
        var end = Applied + maxRecords;
        foreach (var (offset, record) in frame)
        {
            if (offset < Applied) continue;
            if (offset >= end) return false;
            ApplyRecord(offset, frame.AppendedAtMs, record);
            _stand.Advance(offset, frame.AppendedAtMs);
        }
        return true;
    }

    private void ApplyRecord(long offset, long appendedAtMs, ReadOnlyMemory<byte> record)
    {
        switch (RecordCodec.KindOf(record.Span))
        {
            case RecordKind.Event: ApplyEvent(offset, appendedAtMs, record); break;
            case RecordKind.EpochBarrier: _stand.Barrier(offset, RecordCodec.ReadBarrier(record.Span), _views); break;
            case RecordKind.Erasure: ApplyErasure(offset, record.Span); break;
            case RecordKind.Void: break; // its customer was erased behind it
            case var kind: throw new InvalidOperationException($"unknown record kind {kind}");
        }
    }

    private void ApplyErasure(long offset, ReadOnlySpan<byte> record)
    {
        var entity = Loaded(RecordCodec.CustomerIdOf(record), offset);
        BeforeChange(entity);
        var rememberOnly = offset < _stand.RememberOnlyBelow;
        entity.Erase(Epochs, rememberOnly);
        if (rememberOnly) return;
        _stand.Counters = _stand.Counters.PlusErasure();
        MarkChanged(entity);
    }

    private CustomerEntity Loaded(ReadOnlySpan<byte> customer, long offset) => _byId.TryGetValue(customer, out var entity)
        ? entity
        : throw new InvalidOperationException($"partition {_settings.Partition}, offset {offset}: customer was not loaded");

    private void ApplyEvent(long offset, long appendedAtMs, ReadOnlyMemory<byte> record)
    {
        RecordCodec.Read(record, _row);
        (_row.Offset, _row.AppendedAtMs) = (offset, appendedAtMs);
        var entity = Loaded(_row.CustomerId, offset);
        BeforeChange(entity);
        var rememberOnly = offset < _stand.RememberOnlyBelow;
        var sighting = entity.Take(_row, Epochs, _settings, rememberOnly);
        if (rememberOnly) return;
        _stand.Counters = _stand.Counters.Plus(sighting);
        if (sighting == Sighting.Conflict) _effects.ConflictingDuplicate(_settings.Partition, _row);
        if (sighting != Sighting.First) return;
        MarkChanged(entity);
        if (FoldedFacts.IsOne(_row)) _effects.Folded(_settings.Partition, _row);
    }

    private void BeforeChange(CustomerEntity entity)
    {
        if (entity.InCheckpoint) _image!.Take(entity, Epochs, _settings.HorizonSeconds);
        entity.TouchedAt = (int)_images;
        if (entity.Dirty) return;
        entity.Dirty = true;
        _dirty.Add(entity);
    }

    // --- publication --------------------------------------------------------------------------------------------------------

    /// <summary>Serves the base of this epoch from now on: see <see cref="PartitionStand.Adopt"/>.</summary>
    public void Adopt(long epoch, CompiledView definition) => _stand.Adopt(epoch, definition);

    /// <summary>False until replay has reached the barrier of the published base.</summary>
    public bool CanAnswer => _stand.CanAnswer;

    // --- population -----------------------------------------------------------------------------------------------------------

    public void MarkChanged(CustomerEntity entity)
    {
        if (entity.ChangedForPopulation) return;
        entity.ChangedForPopulation = true;
        _changed.Add(entity);
    }

    /// <summary>Customers that differ from what is stored: also those of the image that is being written.</summary>
    public IEnumerable<CustomerId> Unstored() => _dirty.Concat(_image?.Entities ?? []).Select(e => e.Id);

    /// <summary>Hands out up to <paramref name="max"/> customers whose finished row may have changed.</summary>
    public void TakeChanged(int max, List<CustomerEntity> to)
    {
        var count = Math.Min(max, _changed.Count);
        for (var i = _changed.Count - count; i < _changed.Count; i++)
        {
            _changed[i].ChangedForPopulation = false;
            to.Add(_changed[i]);
        }
        _changed.RemoveRange(_changed.Count - count, count);
    }

    // --- checkpoints ----------------------------------------------------------------------------------------------------------

    /// <summary>Begins a checkpoint of this moment. Only one at a time; encode it with <see cref="CheckpointImage.Slice"/>, store it, then <see cref="Stored"/>.</summary>
    public CheckpointImage BeginCheckpoint(long generation)
    {
        if (_image is not null) throw new InvalidOperationException("a checkpoint is being written");
        _image = new CheckpointImage(++_images, new Checkpoint(Applied, generation, _stand.Header().Encode()), LastAppendedAtMs, _dirty);
        foreach (var entity in _dirty) (entity.Dirty, entity.InCheckpoint) = (false, true);
        _dirty = [];
        return _image;
    }

    public void SliceCheckpoint(int entities) => _image!.Slice(entities, Epochs, _settings.HorizonSeconds);

    /// <summary>The image is durable: its entities may leave memory.</summary>
    public void Stored() => _image = null;

    /// <summary>
    /// Looks at up to <paramref name="look"/> entities, round and round, and lets go of those that are stored and untouched since the last checkpoint began, as
    /// long as there are more than may stay (of others too, when there are far more): a little at a time, for readers wait meanwhile.
    /// </summary>
    public void Evict(int look)
    {
        if (_image is not null) return; // what it holds may not be durable yet
        var farMore = _settings.ResidentEntities + _settings.ResidentEntities / 4;
        for (; look > 0 && _entities.Count > _settings.ResidentEntities; look--)
        {
            if (_hand >= _ring.Count) _hand = 0;
            var entity = _ring[_hand];
            if (entity.Dirty || entity.ChangedForPopulation || (entity.TouchedAt >= _images && _entities.Count <= farMore)) _hand++;
            else
            {
                _entities.Remove(entity.Id);
                _ring[_hand] = _ring[^1];
                _ring.RemoveAt(_ring.Count - 1);
            }
        }
    }

    /// <summary>Managed bytes of the resident entities, approximately, from a sample.</summary>
    public long ApproximateBytes(int sample)
    {
        var taken = _entities.Values.Take(sample).ToList();
        return taken.Count == 0 ? 0 : (long)(taken.Average(e => (double)e.ApproximateBytes) * _entities.Count);
    }
}
