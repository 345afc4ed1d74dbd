using System.Diagnostics;
using Lambda.Domain.Bytes;

namespace Lambda.Domain.Views;

/// <summary>
/// state ⊕ the delta of one event, in the state's own bytes. Most cells of a busy customer keep their length (a sum grows, a later instant takes
/// an earlier one's place) and are overwritten where they stand; what changes length becomes an edit. Equal to <see cref="StateMerge"/> byte for
/// byte, without copying the state.
/// </summary>
internal sealed class StatePatch
{
    [ThreadStatic] private static StatePatch? ofThread;

    private readonly ByteEdits _edits = new();

    /// <summary>The patch of this thread, for one fold at a time.</summary>
    public static StatePatch OfThread => ofThread ??= new StatePatch();

    /// <summary>Overwrites what keeps its length and notes the rest: carry that out by <see cref="ByteEdits.Apply"/>.</summary>
    /// <param name="state">Not empty.</param>
    /// <param name="delta">Of one event: not empty, at most one tile, one element in a distinct cell.</param>
    /// <exception cref="InvalidDataException">A metric has another kind on each side: the states are of different definitions.</exception>
    public ByteEdits Add(Span<byte> state, ReadOnlySpan<byte> delta)
    {
        _edits.Clear();
        var from = new TileReader(delta);
        var length = (int)Varint.Read(state, out var start);
        AddBlock(state, 0, start, length, from.AllTime);
        if (from.MoveNext()) AddTile(state, start + length, from.Day, from.Block);
        return _edits;
    }

    private void AddTile(Span<byte> state, int at, int day, ReadOnlySpan<byte> cells)
    {
        var isFirst = true;
        var before = 0;
        while (at < state.Length)
        {
            var code = Varint.Read(state[at..], out var codeBytes);
            var lengthAt = at + codeBytes;
            var length = (int)Varint.Read(state[lengthAt..], out var lengthBytes);
            var here = isFirst ? (int)Numbers.UnZigZag(code) : before + (int)code;
            if (here == day)
            {
                AddBlock(state, lengthAt, lengthAt + lengthBytes, length, cells);
                return;
            }
            if (here > day)
            {
                PutTile(isFirst, before, day, cells);
                _edits.PutVarint((ulong)(here - day));
                _edits.End(at, codeBytes);
                return;
            }
            (isFirst, before) = (false, here);
            at = lengthAt + lengthBytes + length;
        }
        PutTile(isFirst, before, day, cells);
        _edits.End(at, 0);
    }

    private void PutTile(bool isFirst, int before, int day, ReadOnlySpan<byte> cells)
    {
        _edits.PutVarint(isFirst ? Numbers.ZigZag(day) : (ulong)(day - before));
        _edits.PutVarint((ulong)cells.Length);
        _edits.Put(cells);
    }

    private void AddBlock(Span<byte> state, int lengthAt, int start, int length, ReadOnlySpan<byte> cells)
    {
        var held = _edits.Hold(lengthAt);
        var before = _edits.Growth;
        AddCells(state.Slice(start, length), start, cells);
        var growth = _edits.Growth - before;
        if (growth == 0) return;
        _edits.PutVarint((ulong)(length + growth));
        _edits.Fill(held, start - lengthAt);
    }

    private void AddCells(Span<byte> block, int start, ReadOnlySpan<byte> cells)
    {
        var old = new CellReader(block);
        var add = new CellReader(cells);
        var hasOld = old.MoveNext();
        var hasNew = add.MoveNext();
        while (hasOld && hasNew)
        {
            if (old.Key < add.Key) hasOld = old.MoveNext();
            else if (old.Key > add.Key)
            {
                hasNew = PutCells(ref add, old.SlotBefore, below: old.Key, out var slot);
                _edits.PutHeader(old.Slot - slot, old.By, old.Kind);
                _edits.End(start + old.Start, old.PayloadStart - old.Start);
            }
            else
            {
                Combine(block, start, old, add);
                hasOld = old.MoveNext();
                hasNew = add.MoveNext();
            }
        }
        if (!hasNew) return;
        PutCells(ref add, old.Slot, below: int.MaxValue, out _);
        _edits.End(start + block.Length, 0);
    }

    /// <summary>The current cell and those behind it below a key, counted from a slot.</summary>
    private bool PutCells(ref CellReader cells, int from, int below, out int slot)
    {
        bool more;
        slot = from;
        do
        {
            _edits.PutHeader(cells.Slot - slot, cells.By, cells.Kind);
            _edits.Put(cells.Payload);
            slot = cells.Slot;
            more = cells.MoveNext();
        }
        while (more && cells.Key < below);
        return more;
    }

    private void Combine(Span<byte> block, int start, in CellReader old, in CellReader add)
    {
        if (old.Kind != add.Kind) throw StateMerge.OtherKind(old, add);
        if (old.Kind == CellKind.Sum)
        {
            Span<byte> sum = stackalloc byte[Numbers.MaxBytes];
            Replace(block, start, old.PayloadStart, old.Payload.Length, sum[..Numbers.WriteSum(sum, old.Payload, add.Payload)]);
        }
        else if (old.Kind.ElementBytes() is > 0 and var width) AddElement(block, start, old, add.Payload, width);
        else if (!PayloadOrder.FirstWins(old.Kind, old.Payload, add.Payload)) Replace(block, start, old.PayloadStart, old.Payload.Length, add.Payload);
    }

    private void AddElement(Span<byte> block, int start, in CellReader old, ReadOnlySpan<byte> one, int width)
    {
        Debug.Assert(one[0] == 1, "an event has one element of each distinct cell");
        var element = one.Slice(1, width);
        var count = (int)Varint.Read(old.Payload, out var countBytes);
        var elements = old.Payload[countBytes..];
        var (low, high) = (0, count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (elements.Slice(middle * width, width).SequenceCompareTo(element) < 0) low = middle + 1;
            else high = middle;
        }
        if (low < count && elements.Slice(low * width, width).SequenceEqual(element)) return;
        Span<byte> more = stackalloc byte[Varint.MaxBytes];
        Replace(block, start, old.PayloadStart, countBytes, more[..Varint.Write(more, (ulong)count + 1)]);
        _edits.Put(element);
        _edits.End(start + old.PayloadStart + countBytes + low * width, 0);
    }

    private void Replace(Span<byte> block, int start, int at, int length, ReadOnlySpan<byte> by)
    {
        if (by.Length == length)
        {
            by.CopyTo(block[at..]);
            return;
        }
        _edits.Put(by);
        _edits.End(start + at, length);
    }
}
