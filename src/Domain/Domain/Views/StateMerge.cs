using System.Buffers.Binary;
using Lambda.Domain.Bytes;

namespace Lambda.Domain.Views;

/// <summary>a ⊕ b over encodings: two sorted runs of cells become one, cells with the same key are combined by their kind.</summary>
internal static class StateMerge
{
    /// <returns>The bytes in <paramref name="to"/>, until it is used again.</returns>
    /// <exception cref="InvalidDataException">A metric has another kind on each side: the states are of different definitions.</exception>
    public static ReadOnlySpan<byte> Merge(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, StateWriter to)
    {
        var left = new TileReader(a);
        var right = new TileReader(b);
        to.Begin();
        MergeCells(left.AllTime, right.AllTime, to);
        var hasLeft = left.MoveNext();
        var hasRight = right.MoveNext();
        while (hasLeft && hasRight)
        {
            if (left.Day < right.Day)
            {
                to.Tile(left.Day, left.Block);
                hasLeft = left.MoveNext();
            }
            else if (right.Day < left.Day)
            {
                to.Tile(right.Day, right.Block);
                hasRight = right.MoveNext();
            }
            else
            {
                to.BeginTile(left.Day);
                MergeCells(left.Block, right.Block, to);
                hasLeft = left.MoveNext();
                hasRight = right.MoveNext();
            }
        }
        if (hasLeft) CopyRest(left, to);
        if (hasRight) CopyRest(right, to);
        return to.End();
    }

    private static void CopyRest(TileReader tiles, StateWriter to) => to.LastTiles(tiles.Day, tiles.Block, tiles.Rest);

    private static void MergeCells(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, StateWriter to)
    {
        if (a.IsEmpty || b.IsEmpty)
        {
            to.Raw(a.IsEmpty ? b : a);
            return;
        }
        var left = new CellReader(a);
        var right = new CellReader(b);
        var hasLeft = left.MoveNext();
        var hasRight = right.MoveNext();
        while (hasLeft && hasRight)
        {
            if (left.Key < right.Key) hasLeft = CopyBelow(ref left, a, right.Key, to);
            else if (right.Key < left.Key) hasRight = CopyBelow(ref right, b, left.Key, to);
            else
            {
                Combine(left, right, to);
                hasLeft = left.MoveNext();
                hasRight = right.MoveNext();
            }
        }
        if (hasLeft) CopyRest(left, to);
        if (hasRight) CopyRest(right, to);
    }

    /// <summary>The current cell and those behind it with lower keys, in one copy: only the first header counts from another slot here.</summary>
    private static bool CopyBelow(ref CellReader cells, ReadOnlySpan<byte> block, int key, StateWriter to)
    {
        var (slot, by, kind, from) = (cells.Slot, cells.By, cells.Kind, cells.PayloadStart);
        bool more;
        do more = cells.MoveNext();
        while (more && cells.Key < key);
        to.Run(slot, by, kind, block[from..cells.Start], more ? cells.SlotBefore : cells.Slot);
        return more;
    }

    /// <summary>The current cell and, as they are, all behind it: their slots count from this one.</summary>
    private static void CopyRest(in CellReader cells, StateWriter to)
    {
        to.Header(cells.Slot, cells.By, cells.Kind);
        to.Raw(cells.FromPayload);
    }

    private static void Combine(in CellReader a, in CellReader b, StateWriter to)
    {
        if (a.Kind != b.Kind) throw OtherKind(a, b);
        to.Header(a.Slot, a.By, a.Kind);
        if (a.Kind == CellKind.Sum) to.Advance(Numbers.WriteSum(to.Reserve(Numbers.MaxBytes), a.FromPayload, b.FromPayload));
        else if (a.Kind.ElementBytes() is > 0 and var width) Unite(a.Payload, b.Payload, width, to);
        else to.Raw(PayloadOrder.FirstWins(a.Kind, a.Payload, b.Payload) ? a.Payload : b.Payload);
    }

    public static InvalidDataException OtherKind(in CellReader a, in CellReader b) =>
        new($"slot {a.Slot} is {a.Kind} on one side and {b.Kind} on the other: these states are of different definitions");

    private static void Unite(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, int width, StateWriter to)
    {
        Varint.Read(a, out var skip);
        var left = a[skip..];
        Varint.Read(b, out skip);
        var right = b[skip..];
        to.Varint64((ulong)((left.Length + right.Length) / width - Common(left, right, width)));
        while (!left.IsEmpty && !right.IsEmpty)
        {
            var order = left[..width].SequenceCompareTo(right[..width]);
            to.Raw(order <= 0 ? left[..width] : right[..width]);
            if (order <= 0) left = left[width..];
            if (order >= 0) right = right[width..];
        }
        to.Raw(left);
        to.Raw(right);
    }

    /// <summary>How many elements stand in both runs.</summary>
    private static int Common(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, int width)
    {
        var common = 0;
        while (!left.IsEmpty && !right.IsEmpty)
        {
            var order = left[..width].SequenceCompareTo(right[..width]);
            if (order <= 0) left = left[width..];
            if (order >= 0) right = right[width..];
            if (order == 0) common++;
        }
        return common;
    }
}

/// <summary>Which of two payloads of min, max, first and latest cells stays.</summary>
internal static class PayloadOrder
{
    public static bool FirstWins(CellKind kind, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        switch (kind)
        {
            case CellKind.MinNumber:
                return Number(a) <= Number(b);
            case CellKind.MaxNumber:
                return Number(a) >= Number(b);
            case CellKind.MinText:
                return Text(a).SequenceCompareTo(Text(b)) <= 0;
            case CellKind.MaxText:
                return Text(a).SequenceCompareTo(Text(b)) >= 0;
            default:
                var order = StampOf(a, out _).CompareTo(StampOf(b, out _));
                if (order == 0) order = a.SequenceCompareTo(b); // one event on both sides says the same; still, merge must commute
                return kind is CellKind.FirstNumber or CellKind.FirstText ? order <= 0 : order >= 0;
        }
    }

    public static Int128 Number(ReadOnlySpan<byte> at) => Numbers.ReadWide(at, out _).ToInt128;

    public static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> at)
    {
        var length = (int)Varint.Read(at, out var used);
        return at.Slice(used, length);
    }

    public static (long OccurredAtMicros, long Offset) StampOf(ReadOnlySpan<byte> at, out int used)
    {
        var occurred = BinaryPrimitives.ReadInt64LittleEndian(at);
        var offset = (long)Varint.Read(at[CellKinds.TimeBytes..], out used);
        used += CellKinds.TimeBytes;
        return (occurred, offset);
    }
}
