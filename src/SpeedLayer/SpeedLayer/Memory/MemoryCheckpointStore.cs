using System.Collections.Concurrent;
using System.Collections.Immutable;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Memory;

/// <summary>Checkpoints in memory: an immutable map per partition, so that a scan's snapshot costs nothing.</summary>
public sealed class MemoryCheckpointStore : ICheckpointStore
{
    private readonly ConcurrentDictionary<int, Stored> _partitions = new();

    public Checkpoint? Load(int partition) => _partitions.TryGetValue(partition, out var stored) ? stored.Checkpoint : null;

    public void LoadEntities(int partition, IReadOnlyList<CustomerId> customers, EntityReader deliver)
    {
        if (!_partitions.TryGetValue(partition, out var stored)) return;
        foreach (var customer in customers)
            if (stored.Entities.TryGetValue(customer, out var state)) deliver(customer, state.Span);
    }

    public void Write(int partition, Checkpoint checkpoint, IReadOnlyList<StoredEntity> entities)
    {
        lock (_partitions)
        {
            var before = _partitions.GetValueOrDefault(partition);
            if (before is not null && before.Checkpoint.Generation > checkpoint.Generation)
                throw new FencedException(partition, checkpoint.Generation, before.Checkpoint.Generation);
            var map = (before?.Entities ?? ImmutableSortedDictionary<CustomerId, ReadOnlyMemory<byte>>.Empty).ToBuilder();
            foreach (var (customer, state) in entities)
                if (state.IsEmpty) map.Remove(customer);
                else map[customer] = state.ToArray();
            _partitions[partition] = new Stored(checkpoint with { Worker = checkpoint.Worker.ToArray() }, map.ToImmutable());
        }
    }

    public bool Forget(int partition, CustomerId customer, ReadOnlyMemory<byte> state)
    {
        lock (_partitions)
        {
            if (state.IsEmpty || !_partitions.TryGetValue(partition, out var stored)) return true;
            if (!stored.Entities.TryGetValue(customer, out var found) || !found.Span.SequenceEqual(state.Span)) return false;
            _partitions[partition] = stored with { Entities = stored.Entities.Remove(customer) };
            return true;
        }
    }

    public IEnumerable<StoredEntity> Scan(int partition) =>
        _partitions.TryGetValue(partition, out var stored) ? stored.Entities.Select(e => new StoredEntity(e.Key, e.Value)) : [];

    public void Delete(int partition) => _partitions.TryRemove(partition, out _);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed record Stored(Checkpoint Checkpoint, ImmutableSortedDictionary<CustomerId, ReadOnlyMemory<byte>> Entities);
}
