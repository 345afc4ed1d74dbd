using System.Buffers;
using Lambda.Domain.Bytes;

namespace Lambda.SpeedLayer.Worker;

/// <param name="Offset">Of the record that decided the authorization: the first with its id.</param>
public readonly record struct DecidedId(ulong Id, long Offset, uint AppendedAtSecond);

/// <summary>
/// The customer's authorizations within the dedup horizon, as long as their records are surely in the log: what a repeated question is answered from. A linear list: a
/// customer has few in a week.
/// </summary>
public struct DecidedIds
{
    private DecidedId[]? _items;
    private int _count;

    public readonly int ApproximateBytes => _items is null ? 0 : 24 + _items.Length * 24;

    /// <param name="id">Hash of the transaction's id.</param>
    public readonly DecidedId? Find(ulong id, uint nowSecond, uint horizonSeconds)
    {
        for (var i = _count - 1; i >= 0; i--)
            if (_items![i].Id == id && IsAlive(_items[i], nowSecond, horizonSeconds)) return _items[i];
        return null;
    }

    public void Add(ulong id, long offset, uint appendedAtSecond, uint horizonSeconds)
    {
        if (_items is null || _count == _items.Length) Room(appendedAtSecond, horizonSeconds);
        _items![_count++] = new DecidedId(id, offset, appendedAtSecond);
    }

    public readonly int CountAlive(uint nowSecond, uint horizonSeconds)
    {
        var alive = 0;
        for (var i = 0; i < _count; i++)
            if (IsAlive(_items![i], nowSecond, horizonSeconds)) alive++;
        return alive;
    }

    public readonly void Encode(IBufferWriter<byte> to, uint nowSecond, uint horizonSeconds)
    {
        var alive = CountAlive(nowSecond, horizonSeconds);
        var span = to.GetSpan((1 + alive * 3) * Varint.MaxBytes);
        var at = Varint.Write(span, (ulong)alive);
        for (var i = 0; i < _count; i++)
        {
            if (!IsAlive(_items![i], nowSecond, horizonSeconds)) continue;
            foreach (var number in (ReadOnlySpan<ulong>)[_items[i].Id, (ulong)_items[i].Offset, _items[i].AppendedAtSecond])
                at += Varint.Write(span[at..], number);
        }
        to.Advance(at);
    }

    /// <exception cref="InvalidDataException">Cut short.</exception>
    public static DecidedIds Decode(ref ReadOnlySpan<byte> from)
    {
        var count = Next(ref from);
        if (count > (ulong)from.Length) throw new InvalidDataException($"decided ids: {count} of them do not fit {from.Length} bytes");
        var ids = new DecidedIds { _items = count == 0 ? null : new DecidedId[count], _count = (int)count };
        for (var i = 0; i < ids._count; i++) ids._items![i] = new DecidedId(Next(ref from), (long)Next(ref from), (uint)Next(ref from));
        return ids;
    }

    private static ulong Next(ref ReadOnlySpan<byte> from)
    {
        var value = Varint.Read(from, out var used);
        from = from[used..];
        return value;
    }

    private void Room(uint nowSecond, uint horizonSeconds)
    {
        var alive = new DecidedId[Math.Max(2, CountAlive(nowSecond, horizonSeconds) * 3 / 2 + 1)];
        var kept = 0;
        for (var i = 0; i < _count; i++)
            if (IsAlive(_items![i], nowSecond, horizonSeconds)) alive[kept++] = _items[i];
        (_items, _count) = (alive, kept);
    }

    private static bool IsAlive(in DecidedId it, uint nowSecond, uint horizonSeconds) => (long)nowSecond - it.AppendedAtSecond <= horizonSeconds;
}
