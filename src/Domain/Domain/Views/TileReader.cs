using Lambda.Domain.Bytes;

namespace Lambda.Domain.Views;

/// <summary>
/// Walks an encoded state: nothing for the empty one, else varint length + cells of all time, then per day ascending the day (zigzag varint;
/// from the second on, the varint distance to the one before), varint length + cells. Trusts the bytes as <see cref="CellReader"/> does.
/// </summary>
internal ref struct TileReader
{
    private readonly ReadOnlySpan<byte> _state;
    private int _next;
    private bool _first = true;

    public TileReader(ReadOnlySpan<byte> state)
    {
        _state = state;
        if (!state.IsEmpty) AllTime = TakeBlock();
    }

    public ReadOnlySpan<byte> AllTime { get; }

    /// <summary>Days since 1970-01-01.</summary>
    public int Day { get; private set; }

    public ReadOnlySpan<byte> Block { get; private set; }

    /// <summary>Tiles behind the current one, as they are encoded: the first one's day counts from <see cref="Day"/>.</summary>
    public readonly ReadOnlySpan<byte> Rest => _state[_next..];

    public bool MoveNext()
    {
        if (_next >= _state.Length) return false;
        var day = TakeVarint();
        Day = _first ? (int)Numbers.UnZigZag(day) : Day + (int)day;
        _first = false;
        Block = TakeBlock();
        return true;
    }

    private ReadOnlySpan<byte> TakeBlock()
    {
        var length = (int)TakeVarint();
        var block = _state.Slice(_next, length);
        _next += length;
        return block;
    }

    private ulong TakeVarint()
    {
        if (_state[_next] < 0x80) return _state[_next++];
        var value = Varint.Read(_state[_next..], out var used);
        _next += used;
        return value;
    }
}
