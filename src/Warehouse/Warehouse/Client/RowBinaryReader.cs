using System.Buffers.Binary;
using System.Text;

namespace Lambda.Warehouse.Client;

/// <summary>Reads one row. Values must be taken in the order and with the types of the SELECT; spans live for the call only.</summary>
public delegate T RowParser<out T>(ref RowBinaryReader row);

/// <summary>
/// Typed reads over ClickHouse's RowBinary. When the bytes at hand end within a row, <see cref="Incomplete"/> is set and reads give defaults from
/// there on: the row is parsed again once more bytes have come. So rows are parsed at memory speed without a check of the network in between.
/// </summary>
public ref struct RowBinaryReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    public bool Incomplete { get; private set; }

    public byte UInt8() => Take(1) is { Length: 1 } b ? b[0] : default;

    public bool Bool() => UInt8() != 0;

    /// <summary>The flag before a Nullable's value: true means null, and no value follows.</summary>
    public bool IsNull() => UInt8() != 0;

    public ushort UInt16() => Take(2) is { Length: 2 } b ? BinaryPrimitives.ReadUInt16LittleEndian(b) : default;

    public int Int32() => Take(4) is { Length: 4 } b ? BinaryPrimitives.ReadInt32LittleEndian(b) : default;

    public uint UInt32() => (uint)Int32();

    public long Int64() => Take(8) is { Length: 8 } b ? BinaryPrimitives.ReadInt64LittleEndian(b) : default;

    public ulong UInt64() => (ulong)Int64();

    public double Float64() => BitConverter.Int64BitsToDouble(Int64());

    public Int128 Int128() => Take(16) is { Length: 16 } b ? BinaryPrimitives.ReadInt128LittleEndian(b) : default;

    public UInt128 UInt128() => (UInt128)Int128();

    /// <summary>String (LowCardinality too: RowBinary writes it plain).</summary>
    public ReadOnlySpan<byte> Bytes() => Take(Length());

    public string Text() => Encoding.UTF8.GetString(Bytes());

    public ReadOnlySpan<byte> FixedString(int length) => Take(length);

    /// <summary>Elements of an Array, or pairs of a Map, that follow. A Tuple has no prefix.</summary>
    public int Count() => Length();

    /// <summary>The bytes at hand behind what was read, for a reader of its own kind; then <see cref="Skip"/> what that used, or <see cref="MarkIncomplete"/>.</summary>
    public ReadOnlySpan<byte> Rest => _bytes[Position..];

    public void Skip(int bytes) => Take(bytes);

    /// <summary>The row goes on behind the bytes at hand.</summary>
    public void MarkIncomplete() => Fail();

    private int Length()
    {
        uint value = 0;
        for (var shift = 0; shift < 35; shift += 7)
        {
            if (Position >= _bytes.Length) break;
            var b = _bytes[Position++];
            value |= (uint)(b & 0x7f) << shift;
            if (b < 0x80) return value <= LengthMax ? (int)value : throw new InvalidDataException($"a length of {value} bytes or elements in a row: the types read are not those of the SELECT");
        }
        if (Position < _bytes.Length && !Incomplete) throw new InvalidDataException("a length of more than five bytes: the types read are not those of the SELECT");
        Fail();
        return 0;
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _bytes.Length - Position)
        {
            Fail();
            return default;
        }
        var taken = _bytes.Slice(Position, length);
        Position += length;
        return taken;
    }

    private void Fail()
    {
        Incomplete = true;
        Position = _bytes.Length;
    }

    private const uint LengthMax = 1 << 30;
}
