using System.Buffers.Binary;
using Lambda.Domain.Bytes;

namespace Lambda.Domain.Views;

/// <summary>
/// Writes an encoded state front to back: <see cref="Begin"/>, the all-time cells, then <see cref="BeginTile"/> and cells per day, <see cref="End"/>.
/// Cells must come in ascending (slot, by), days ascending; empty tiles vanish, so that equal states have equal bytes.
/// </summary>
internal sealed class StateWriter
{
    [ThreadStatic] private static StateWriter? spare;

    private StateWriter? _nextSpare;
    private byte[] _bytes = new byte[1024];
    private int _length;
    private int _allTimeEnd;
    private int _tile;       // where the tile's day stands, to take it back if no cell follows
    private int _block;      // where the length byte of the open block stands
    private int _slot;
    private int _day;
    private int _lastDay;    // of the last tile that stayed
    private bool _inTile;
    private bool _anyTile;
    private bool _closed;

    /// <summary>A writer of this thread; give it back with <see cref="Return"/>.</summary>
    public static StateWriter Rent()
    {
        var writer = spare ?? new StateWriter();
        spare = writer._nextSpare;
        return writer;
    }

    public static void Return(StateWriter writer)
    {
        writer._nextSpare = spare;
        spare = writer;
    }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>The cells of all time, once a tile was begun.</summary>
    public ReadOnlySpan<byte> AllTime => new TileReader(_bytes.AsSpan(0, _allTimeEnd)).AllTime;

    public void Begin()
    {
        _length = 0;
        _inTile = _anyTile = _closed = false;
        OpenBlock();
    }

    public void BeginTile(int day)
    {
        CloseBlock();
        if (!_inTile) _allTimeEnd = _length;
        _tile = _length;
        _inTile = true;
        _day = day;
        Varint64(_anyTile ? (ulong)(uint)(day - _lastDay) : Numbers.ZigZag(day));
        OpenBlock();
    }

    /// <summary>A whole tile as it stands elsewhere.</summary>
    public void Tile(int day, ReadOnlySpan<byte> cells)
    {
        BeginTile(day);
        cells.CopyTo(Reserve(cells.Length));
        _length += cells.Length;
    }

    /// <summary>A tile and, as they are encoded, all behind it: their days count from its day.</summary>
    public void LastTiles(int day, ReadOnlySpan<byte> cells, ReadOnlySpan<byte> rest)
    {
        Tile(day, cells);
        CloseBlock();
        Raw(rest);
        _closed = true;
    }

    public ReadOnlySpan<byte> End()
    {
        if (!_closed) CloseBlock();
        if (!_anyTile && _length == 1) _length = 0;
        return Written;
    }

    public void Cell(int slot, int by, CellKind kind, ReadOnlySpan<byte> payload)
    {
        Header(slot, by, kind);
        payload.CopyTo(Reserve(payload.Length));
        _length += payload.Length;
    }

    /// <summary>The payload must follow.</summary>
    public void Header(int slot, int by, CellKind kind)
    {
        _length += CellKinds.WriteHeader(Reserve(CellKinds.MaxHeaderBytes), slot - _slot, by, kind);
        _slot = slot;
    }

    /// <summary>A cell and, as they are encoded, some behind it, the last of <paramref name="lastSlot"/>.</summary>
    public void Run(int slot, int by, CellKind kind, ReadOnlySpan<byte> fromPayload, int lastSlot)
    {
        Cell(slot, by, kind, fromPayload);
        _slot = lastSlot;
    }

    /// <summary>The start of a first or latest payload: the value must follow.</summary>
    public void Stamp(long occurredAtMicros, long offset)
    {
        var to = Reserve(CellKinds.TimeBytes + Varint.MaxBytes);
        BinaryPrimitives.WriteInt64LittleEndian(to, occurredAtMicros);
        _length += CellKinds.TimeBytes + Varint.Write(to[CellKinds.TimeBytes..], (ulong)offset);
    }

    public void Varint64(ulong value) => _length += Varint.Write(Reserve(Varint.MaxBytes), value);

    public void Number(long value) => Varint64(Numbers.ZigZag(value));

    public void Number(WideSum value) => _length += Numbers.Write(Reserve(Numbers.MaxBytes), value);

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        _length += bytes.Length;
    }

    /// <summary>At least so much room; <see cref="Advance"/> says how much of it was used.</summary>
    public Span<byte> Reserve(int bytes)
    {
        if (_bytes.Length - _length < bytes) Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, _length + bytes));
        return _bytes.AsSpan(_length);
    }

    public void Advance(int bytes) => _length += bytes;

    private void OpenBlock()
    {
        _block = _length;
        _slot = 0;
        Reserve(1);
        _length++;
    }

    /// <summary>Fills in the block's length; where it needs more than the byte kept for it, the cells move up.</summary>
    private void CloseBlock()
    {
        var start = _block + 1;
        var cells = _length - start;
        if (cells == 0 && _inTile)
        {
            _length = _tile;
            return;
        }
        if (cells >= 0x80)
        {
            Span<byte> length = stackalloc byte[Varint.MaxBytes];
            var used = Varint.Write(length, (ulong)cells);
            Reserve(used);
            _bytes.AsSpan(start, cells).CopyTo(_bytes.AsSpan(_block + used));
            length[..used].CopyTo(_bytes.AsSpan(_block));
            _length += used - 1;
        }
        else _bytes[_block] = (byte)cells;
        if (!_inTile) return;
        _anyTile = true;
        _lastDay = _day;
    }
}
