using Lambda.Domain.Bytes;

namespace Lambda.Domain.Views;

/// <summary>Refuses every byte sequence that <see cref="StateWriter"/> would not have written: states come from disk and from other processes.</summary>
internal ref struct StateCheck
{
    private const int MaxSlot = 1 << 16;

    private readonly ReadOnlySpan<byte> _bytes;
    private int _at;

    private StateCheck(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <exception cref="InvalidDataException">Names the byte and what was expected there.</exception>
    public static void ThrowUnlessCanonical(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return;
        var check = new StateCheck(bytes);
        var allTime = check.Block();
        if (allTime == 0 && check._at == bytes.Length) throw check.Wrong("the empty state is no bytes");
        long day = 0;
        for (var first = true; check._at < bytes.Length; first = false)
        {
            var value = check.TakeVarint();
            if (!first && value is 0 or > uint.MaxValue) throw check.Wrong("days ascend");
            day = first ? Numbers.UnZigZag(value) : day + (long)value;
            if (day is < int.MinValue or > int.MaxValue) throw check.Wrong("a day fits int32");
            if (check.Block() == 0) throw check.Wrong("a tile has cells");
        }
    }

    private int Block()
    {
        var length = TakeLength(1);
        var end = _at + length;
        var (slot, by) = (0, -1);
        var kind = default(CellKind);
        while (_at < end)
        {
            var header = TakeVarint();
            if (header >= (ulong)MaxSlot << 5) throw Wrong("a slot is below 65536");
            var step = (int)(header >> 5);
            var nextBy = (header & 16) == 0 ? 0 : Take();
            if ((header & 16) != 0 && nextBy == 0) throw Wrong("a key is 1 or more");
            if (step == 0 && nextBy <= by) throw Wrong("cells ascend by slot and key");
            if (step == 0 && by >= 0 && kind != (CellKind)(header & 15)) throw Wrong("the cells of a slot are of one kind");
            (slot, by, kind) = (slot + step, nextBy, (CellKind)(header & 15));
            if (slot >= MaxSlot) throw Wrong("a slot is below 65536");
            Payload(kind);
        }
        if (_at != end) throw Wrong("a cell ends with its block");
        return length;
    }

    private void Payload(CellKind kind)
    {
        if (kind.ElementBytes() is > 0 and var width)
        {
            Run(width);
            return;
        }
        if (!Enum.IsDefined(kind)) throw Wrong("a kind of cell");
        if (kind.IsStamped())
        {
            if (_bytes.Length - _at < CellKinds.TimeBytes) throw Wrong("8 bytes of occurred_at");
            _at += CellKinds.TimeBytes;
            if ((long)TakeVarint() < 0) throw Wrong("an offset is not negative");
        }
        if (kind.IsText())
        {
            var length = TakeLength(1);
            _at += length;
        }
        else Number(fits128: kind != CellKind.Sum);
    }

    private void Run(int width)
    {
        var length = TakeLength(width);
        if (length == 0) throw Wrong("a set has elements");
        for (var i = width; i < length; i += width)
            if (_bytes.Slice(_at + i - width, width).SequenceCompareTo(_bytes.Slice(_at + i, width)) >= 0) throw Wrong("elements ascend");
        _at += length;
    }

    private void Number(bool fits128)
    {
        if (_at + 1 >= _bytes.Length || _bytes[_at] != 0x80 || _bytes[_at + 1] != 0)
        {
            TakeVarint();
            return;
        }
        if (_at + Numbers.MaxBytes > _bytes.Length) throw Wrong("26 bytes of a wide number");
        var value = Numbers.ReadWide(_bytes[_at..], out var used);
        if (value.FitsInt64 || fits128 && !value.FitsInt128) throw Wrong("a wide number that needs its width");
        _at += used;
    }

    /// <summary>A count of units that lie ahead; in bytes.</summary>
    private int TakeLength(int unit)
    {
        var count = TakeVarint();
        return count <= (ulong)(_bytes.Length - _at) / (ulong)unit ? (int)count * unit : throw Wrong($"{count} × {unit} bytes");
    }

    private int Take() => _at < _bytes.Length ? _bytes[_at++] : throw Wrong("one more byte");

    private ulong TakeVarint()
    {
        var value = Varint.Read(_bytes[_at..], out var used);
        if (used > 1 && _bytes[_at + used - 1] == 0 || used == Varint.MaxBytes && _bytes[_at + used - 1] > 1) throw Wrong("the shortest varint");
        _at += used;
        return value;
    }

    private readonly InvalidDataException Wrong(string expected) => new($"state of {_bytes.Length} bytes is damaged at byte {_at}: expected {expected}");
}
