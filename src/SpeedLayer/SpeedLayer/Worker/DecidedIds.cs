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

    public readonly int ApproximateBytes => _items is null ? 0 : 24 + _items.Length * 24;

    /// <param name="id">Hash of the transaction's id.</param>
    public readonly DecidedId? Find(ulong id, uint nowSecond, uint horizonSeconds)
    {
        for (var i = (_items?.Length ?? 0) - 1; i >= 0; i--)
            if (_items![i].Id == id && IsAlive(_items[i], nowSecond, horizonSeconds)) return _items[i];
        return null;
    }

    public void Add(ulong id, long offset, uint appendedAtSecond, uint horizonSeconds) =>
        _items = [.. Alive(appendedAtSecond, horizonSeconds), new DecidedId(id, offset, appendedAtSecond)];

    public readonly void Encode(IBufferWriter<byte> to, uint nowSecond, uint horizonSeconds)
    {
        var alive = Alive(nowSecond, horizonSeconds);
        var span = to.GetSpan((1 + alive.Length * 3) * Varint.MaxBytes);
        var at = Varint.Write(span, (ulong)alive.Length);
        foreach (var it in alive)
            foreach (var number in (ReadOnlySpan<ulong>)[it.Id, (ulong)it.Offset, it.AppendedAtSecond])
                at += Varint.Write(span[at..], number);
        to.Advance(at);
    }

    /// <exception cref="InvalidDataException">Cut short.</exception>
    public static DecidedIds Decode(ref ReadOnlySpan<byte> from)
    {
        var count = Next(ref from);
        if (count > (ulong)from.Length) throw new InvalidDataException($"decided ids: {count} of them do not fit {from.Length} bytes");
        if (count == 0) return default;
        var items = new DecidedId[count];
        for (var i = 0; i < items.Length; i++) items[i] = new DecidedId(Next(ref from), (long)Next(ref from), (uint)Next(ref from));
        return new DecidedIds { _items = items };
    }

    private static ulong Next(ref ReadOnlySpan<byte> from)
    {
        var value = Varint.Read(from, out var used);
        from = from[used..];
        return value;
    }

    private readonly DecidedId[] Alive(uint nowSecond, uint horizonSeconds) => _items is null ? [] : [.. _items.Where(i => IsAlive(i, nowSecond, horizonSeconds))];

    private static bool IsAlive(in DecidedId it, uint nowSecond, uint horizonSeconds) => (long)nowSecond - it.AppendedAtSecond <= horizonSeconds;
}
