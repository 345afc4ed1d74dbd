using System.Buffers.Binary;
using System.Diagnostics;
using Lambda.Domain.Bytes;

namespace Lambda.Domain.Views;

/// <summary>
/// What a cell's payload is and how two of them merge. A storage format: never renumber. Text variants are the number's + 8.
/// <list type="table">
/// <item><term>Sum</term><description>number; merged by addition (counts are sums of ones)</description></item>
/// <item><term>Min, Max</term><description>number, or text as varint length + bytes</description></item>
/// <item><term>First, Latest</term><description>occurred_at (zigzag varint), offset (varint), then the value as for Min</description></item>
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
    public const int TextFlag = 8;

    public static bool IsText(this CellKind kind) => kind is >= CellKind.MinText and <= CellKind.LatestText;

    public static bool IsStamped(this CellKind kind) => kind is CellKind.FirstNumber or CellKind.LatestNumber or CellKind.FirstText or CellKind.LatestText;

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

    /// <summary>Orders the cells of a block.</summary>
    public readonly int Key => Slot << 8 | By;

    public readonly ReadOnlySpan<byte> Payload => _block[_payload.._next];

    /// <summary>What has not been walked yet, from the current cell's payload on.</summary>
    public readonly ReadOnlySpan<byte> FromPayload => _block[_payload..];

    /// <summary>Cells behind the current one.</summary>
    public readonly ReadOnlySpan<byte> Rest => _block[_next..];

    public bool MoveNext()
    {
        if (_next >= _block.Length) return false;
        uint header = _block[_next++];
        if (header >= 0x80) header = header & 0x7f | (uint)_block[_next++] << 7;
        if (header >= 0x80 << 7) header = header & 0x3fff | (uint)_block[_next++] << 14;
        Kind = (CellKind)(header & 15);
        Slot += (int)(header >> 5);
        By = (header & 16) == 0 ? 0 : _block[_next++];
        _payload = _next;
        _next += PayloadLength(Kind, _block[_next..]);
        return true;
    }

    private static int PayloadLength(CellKind kind, ReadOnlySpan<byte> at)
    {
        switch (kind)
        {
            case CellKind.Sum or CellKind.MinNumber or CellKind.MaxNumber:
                return Numbers.Length(at);
            case CellKind.FirstNumber or CellKind.LatestNumber or CellKind.FirstText or CellKind.LatestText:
                var stamp = Numbers.VarintLength(at);
                stamp += Numbers.VarintLength(at[stamp..]);
                return stamp + (kind.IsText() ? TextLength(at[stamp..]) : Numbers.Length(at[stamp..]));
            case CellKind.MinText or CellKind.MaxText:
                return TextLength(at);
            default:
                var count = (int)Varint.Read(at, out var used);
                return used + count * kind.ElementBytes();
        }
    }

    private static int TextLength(ReadOnlySpan<byte> at) => (int)Varint.Read(at, out var used) + used;
}

/// <summary>Numbers inside payloads: see <see cref="CellKind"/>.</summary>
internal static class Numbers
{
    public const int MaxBytes = 2 + WideSum.Bytes;

    public static int VarintLength(ReadOnlySpan<byte> at)
    {
        var i = 0;
        while (at[i] >= 0x80) i++;
        return i + 1;
    }

    public static int Length(ReadOnlySpan<byte> at) => IsWide(at) ? MaxBytes : VarintLength(at);

    public static bool IsWide(ReadOnlySpan<byte> at) => at[0] == 0x80 && at[1] == 0;

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
