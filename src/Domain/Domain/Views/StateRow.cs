using System.Buffers.Binary;
using Lambda.Domain.Bytes;

namespace Lambda.Domain.Views;

/// <summary>The columns of one recomputed row, located in its RowBinary bytes. Reused for row after row.</summary>
internal sealed class StateRow(IReadOnlyList<StateColumn> columns)
{
    private readonly StateColumn[] _columns = [.. columns];
    private readonly int[] _starts = new int[columns.Count];
    private readonly int[] _counts = new int[columns.Count];  // array elements, or bytes of a string
    private readonly int[] _texts = new int[columns.Count];   // arrays of strings: where their places begin in _textStarts
    private int[] _textStarts = new int[256];
    private int _textCount;

    /// <summary>False when the row goes on behind these bytes.</summary>
    /// <exception cref="InvalidDataException">These are not the columns selected.</exception>
    public bool TryLocate(ReadOnlySpan<byte> bytes, out int used)
    {
        used = 0;
        _textCount = 0;
        for (var i = 0; i < _columns.Length; i++)
            if (!TryLocate(bytes, ref used, i)) return false;
        return true;
    }

    public int Count(int column) => _counts[column];

    public ReadOnlySpan<byte> Scalar(ReadOnlySpan<byte> row, int column) => _columns[column].Shape == ColumnShape.String
        ? row.Slice(_starts[column], _counts[column])
        : row.Slice(_starts[column], WidthOf(_columns[column].Shape));

    public int Int32(ReadOnlySpan<byte> row, int column, int i) => BinaryPrimitives.ReadInt32LittleEndian(row[(_starts[column] + 4 * i)..]);

    public long Int64(ReadOnlySpan<byte> row, int column, int i) => BinaryPrimitives.ReadInt64LittleEndian(row[(_starts[column] + 8 * i)..]);

    public byte UInt8(ReadOnlySpan<byte> row, int column, int i) => row[_starts[column] + i];

    /// <summary>An array's element, or of a scalar the value (i = 0), as the number it stores.</summary>
    public Int128 Number(ReadOnlySpan<byte> row, int column, int i) => _columns[column].Shape switch
    {
        ColumnShape.UInt8 => UInt8(row, column, i),
        ColumnShape.Int32 => Int32(row, column, i),
        ColumnShape.Int64 => Int64(row, column, i),
        ColumnShape.UInt64 => (ulong)Int64(row, column, i),
        _ => BinaryPrimitives.ReadInt128LittleEndian(row[(_starts[column] + 16 * i)..]),
    };

    public ReadOnlySpan<byte> Text(ReadOnlySpan<byte> row, int column, int i)
    {
        if (!_columns[column].IsArray) return Scalar(row, column);
        var at = row[_textStarts[_texts[column] + i]..];
        var length = (int)Varint.Read(at, out var used);
        return at.Slice(used, length);
    }

    public bool IsInt64(int column) => _columns[column].Shape == ColumnShape.Int64;

    private bool TryLocate(ReadOnlySpan<byte> bytes, ref int at, int column)
    {
        var (shape, count) = (_columns[column].Shape, 1);
        if (_columns[column].IsArray || shape == ColumnShape.String)
            if (!TryLength(bytes, ref at, out count)) return false;
        _counts[column] = count;
        if (_columns[column].IsArray && shape == ColumnShape.String) return TryLocateTexts(bytes, ref at, column, count);
        _starts[column] = at;
        var length = (long)count * WidthOf(shape);
        if (length > bytes.Length - at) return false;
        at += (int)length;
        return true;
    }

    private bool TryLocateTexts(ReadOnlySpan<byte> bytes, ref int at, int column, int count)
    {
        _texts[column] = _textCount;
        if (count > bytes.Length - at) return false;
        if (_textCount + count > _textStarts.Length) Array.Resize(ref _textStarts, Math.Max(2 * _textStarts.Length, _textCount + count));
        for (var i = 0; i < count; i++)
        {
            _textStarts[_textCount++] = at;
            if (!TryLength(bytes, ref at, out var length) || length > bytes.Length - at) return false;
            at += length;
        }
        return true;
    }

    private static bool TryLength(ReadOnlySpan<byte> bytes, ref int at, out int length)
    {
        length = 0;
        for (var shift = 0; at < bytes.Length; shift += 7)
        {
            var next = bytes[at++];
            if (shift > 21 && next > 7) throw new InvalidDataException("a length over 2^31 in a recomputed row: these are not the columns selected");
            length |= (next & 0x7f) << shift;
            if (next < 0x80) return true;
        }
        return false;
    }

    private static int WidthOf(ColumnShape shape) => shape switch
    {
        ColumnShape.UInt8 or ColumnShape.String => 1,
        ColumnShape.Int32 => 4,
        ColumnShape.Int64 or ColumnShape.UInt64 => 8,
        ColumnShape.Int256 => 32,
        _ => 16,
    };
}
