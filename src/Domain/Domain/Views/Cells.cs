using System.Buffers.Binary;
using System.Diagnostics;
using Lambda.Domain.Bytes;

namespace Lambda.Domain.Views;

/// <summary>
/// What a cell's payload is and how two of them merge. A storage format: never renumber. Text variants are the number's + 8.
/// <list type="table">
/// <item><term>Sum</term><description>number; merged by addition (counts are sums of ones)</description></item>
/// <item><term>Min, Max</term><description>number, or text as varint length + bytes</description></item>
/// <item><term>First, Latest</term><description>occurred_at (8 bytes little endian), offset (varint), then the value as for Min</description></item>
/// <item><term>Distinct…</term><description>varint count, then that many elements of 8 or 16 bytes, ascending by bytes</description></item>
/// </list>
/// A number is a zigzag varint; one outside int64 is the bytes 80 00 (never a shortest varint) and 24 bytes little endian.
/// </summary>
internal enum CellKind : byte
{
    Sum = 0, MinNumber = 1, MaxNumber = 2, FirstNumber = 3, LatestNumber = 4, DistinctInt64 = 5,
    MinText = 9, MaxText = 10, FirstText = 11, LatestText = 12,

    /// <summary>Elements of 16 bytes: SipHash-128 of a text, or a decimal.</summary>
    DistinctWide = 13,
}

internal static class CellKinds
{
    /// <summary>Bytes of occurred_at in a payload: as a varint it would take the same eight.</summary>
    public const int TimeBytes = 8;

    public static bool IsText(this CellKind kind) => kind is >= CellKind.MinText and <= CellKind.LatestText;

    public static bool IsStamped(this CellKind kind) => kind is CellKind.FirstNumber or CellKind.LatestNumber or CellKind.FirstText or CellKind.LatestText;

    public const int MaxHeaderBytes = 8;

    /// <summary>The header of a cell, <paramref name="slots"/> behind the cell before.</summary>
    /// <returns>Bytes written.</returns>
    public static int WriteHeader(Span<byte> to, int slots, int by, CellKind kind)
    {
        var header = (uint)slots << 5 | (by == 0 ? 0u : 16u) | (uint)kind;
        var used = 1;
        if (header < 0x80) to[0] = (byte)header;
        else used = Varint.Write(to, header);
        if (by != 0) to[used++] = (byte)by;
        return used;
    }

    /// <summary>Bytes of one element of a distinct cell, 0 for other kinds.</summary>
    public static int ElementBytes(this CellKind kind) => kind switch { CellKind.DistinctInt64 => 8, CellKind.DistinctWide => 16, _ => 0 };
}

/// <summary>
/// Walks the cells of one block. Trusts the bytes to be a canonical encoding (<see cref="StateCheck"/> sees to that once, when bytes
/// come in); on others it may throw any out-of-range exception, and never reads outside the span.
/// </summary>
internal ref struct CellReader(ReadOnlySpan<byte> block)
{
    private readonly ReadOnlySpan<byte> _block = block;
    private int _next;
    private int _payload;

    public int Slot { get; private set; }

    /// <summary>0, or the vocabulary's code of a `by` cell: 1-based, (other) last.</summary>
    public int By { get; private set; }

    public CellKind Kind { get; private set; }

    /// <summary>Slot of the cell before, 0 before the first: what this one's header counts from.</summary>
    public int SlotBefore { get; private set; }

    /// <summary>Where the current cell begins in the block, header and all.</summary>
    public int Start { get; private set; }

    /// <summary>Orders the cells of a block.</summary>
    public readonly int Key => Slot << 8 | By;

    public readonly ReadOnlySpan<byte> Payload => _block[_payload.._next];

    public readonly int PayloadStart => _payload;

    /// <summary>What has not been walked yet, from the current cell's payload on.</summary>
    public readonly ReadOnlySpan<byte> FromPayload => _block[_payload..];

    public bool MoveNext()
    {
        var at = _next;
        Start = at;
        if (at >= _block.Length) return false;
        uint header = _block[at++];
        if (header >= 0x80)
        {
            header = header & 0x7f | (uint)_block[at++] << 7;
            if (header >= 0x80 << 7) header = header & 0x3fff | (uint)_block[at++] << 14;
        }
        Kind = (CellKind)(header & 15);
        SlotBefore = Slot;
        Slot += (int)(header >> 5);
        By = (header & 16) == 0 ? 0 : _block[at++];
        _payload = at;
        _next = Kind == CellKind.Sum && _block[at] < 0x80 ? at + 1 : PayloadEnd(at);
        return true;
    }

    private readonly int PayloadEnd(int at)
    {
        switch (Kind)
        {
            case CellKind.Sum or CellKind.MinNumber or CellKind.MaxNumber:
                return NumberEnd(at);
            case CellKind.FirstNumber or CellKind.LatestNumber:
                return NumberEnd(VarintEnd(at + CellKinds.TimeBytes));
            case CellKind.FirstText or CellKind.LatestText:
                return TextEnd(VarintEnd(at + CellKinds.TimeBytes));
            case CellKind.MinText or CellKind.MaxText:
                return TextEnd(at);
            default:
                var count = (int)Varint.Read(_block[at..], out var used);
                return at + used + count * Kind.ElementBytes();
        }
    }

    private readonly int VarintEnd(int at)
    {
        while (_block[at] >= 0x80) at++;
        return at + 1;
    }

    private readonly int NumberEnd(int at) => _block[at] == 0x80 && _block[at + 1] == 0 ? at + Numbers.MaxBytes : VarintEnd(at);

    private readonly int TextEnd(int at) => at + (int)Varint.Read(_block[at..], out var used) + used;
}

/// <summary>Numbers inside payloads: see <see cref="CellKind"/>.</summary>
internal static class Numbers
{
    public const int MaxBytes = 2 + WideSum.Bytes;

    public static ulong ZigZag(long value) => (ulong)(value << 1) ^ (ulong)(value >> 63);

    public static long UnZigZag(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);

    /// <summary>False when the number does not fit int64: read it by <see cref="ReadWide"/>.</summary>
    public static bool TryRead(ReadOnlySpan<byte> at, out long value, out int used)
    {
        if (at[0] < 0x80)
        {
            value = UnZigZag(at[0]);
            used = 1;
            return true;
        }
        if (at[1] == 0)
        {
            (value, used) = (0, MaxBytes);
            return false;
        }
        value = UnZigZag(Varint.Read(at, out used));
        return true;
    }

    public static WideSum ReadWide(ReadOnlySpan<byte> at, out int used)
    {
        if (TryRead(at, out var value, out used)) return (Int128)value;
        return new WideSum(BinaryPrimitives.ReadInt128LittleEndian(at[10..]), BinaryPrimitives.ReadUInt64LittleEndian(at[2..]));
    }

    public static int Write(Span<byte> to, WideSum value)
    {
        if (value.FitsInt64) return Varint.Write(to, ZigZag(value.ToInt64));
        (to[0], to[1]) = (0x80, 0);
        BinaryPrimitives.WriteUInt64LittleEndian(to[2..], value.Low);
        BinaryPrimitives.WriteInt128LittleEndian(to[10..], value.High);
        return MaxBytes;
    }

    /// <summary>The sum of two encoded numbers.</summary>
    /// <returns>Bytes written.</returns>
    public static int WriteSum(Span<byte> to, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        if (TryRead(a, out var left, out _) && TryRead(b, out var right, out _))
        {
            var sum = left + right;
            if (((left ^ sum) & (right ^ sum)) >= 0) return Varint.Write(to, ZigZag(sum));
        }
        return Write(to, ReadWide(a, out _) + ReadWide(b, out _));
    }
}

/// <summary>Elements of distinct cells: bytes whose order is the order of the values.</summary>
internal static class Elements
{
    public static void WriteInt64(Span<byte> to, long value) => BinaryPrimitives.WriteInt64BigEndian(to, value ^ long.MinValue);

    public static void WriteDecimal(Span<byte> to, Int128 value)
    {
        Debug.Assert(to.Length >= 16);
        BinaryPrimitives.WriteInt128BigEndian(to, value ^ Int128.MinValue);
    }
}
