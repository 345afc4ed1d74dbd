using System.Buffers;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Worker;

/// <summary>
/// The dirty entities of one moment, encoded slice by slice while folding goes on: an entity about to change is encoded first, so the image holds
/// exactly the records before <see cref="Checkpoint"/>'s offset however long the slices take. Barriers and adoptions that come meanwhile may have
/// settled an entity further than the header says: replay meets the same barriers and settles to the same.
/// </summary>
public sealed class CheckpointImage(long id, Checkpoint checkpoint, long atMs, List<CustomerEntity> dirty)
{
    private readonly ArrayBufferWriter<byte> _bytes = new(64 * 1024);
    private readonly List<(CustomerId Id, int Start, int Length)> _rows = new(dirty.Count);
    private int _next;

    public long Id { get; } = id;
    public Checkpoint Checkpoint { get; } = checkpoint;
    public IReadOnlyList<CustomerEntity> Entities => dirty;
    public bool IsComplete => _next == dirty.Count;

    /// <summary>Encodes up to <paramref name="count"/> more entities.</summary>
    public void Slice(int count, Epochs epochs, uint horizonSeconds)
    {
        for (; count > 0 && _next < dirty.Count; count--, _next++)
            if (dirty[_next].InCheckpoint) Take(dirty[_next], epochs, horizonSeconds);
    }

    /// <summary>Encodes this entity now, before it changes.</summary>
    public void Take(CustomerEntity entity, Epochs epochs, uint horizonSeconds)
    {
        var start = _bytes.WrittenCount;
        entity.Encode(_bytes, epochs, atMs, horizonSeconds);
        entity.InCheckpoint = false;
        _rows.Add((entity.Id, start, _bytes.WrittenCount - start));
    }

    /// <summary>The rows to store, ascending by customer id. Call when complete.</summary>
    public IReadOnlyList<StoredEntity> Rows()
    {
        _rows.Sort((a, b) => a.Id.CompareTo(b.Id));
        return _rows.ConvertAll(r => new StoredEntity(r.Id, _bytes.WrittenMemory.Slice(r.Start, r.Length)));
    }
}
