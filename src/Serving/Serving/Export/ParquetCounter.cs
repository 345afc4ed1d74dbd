using System.Buffers.Binary;

namespace Lambda.Serving.Export;

/// <summary>
/// Rows of a Parquet file as its footer tells them: the file ends with FileMetaData (Thrift's compact protocol), its length in 4 bytes and `PAR1`. Field 3 of
/// FileMetaData is num_rows. Source: apache/parquet-format, parquet.thrift; thrift-compact-protocol.md.
/// </summary>
internal sealed class ParquetCounter : IRowCounter
{
    private const int TailMax = 16 << 20;
    private const int Stop = 0, True = 1, False = 2, Byte = 3, I16 = 4, I32 = 5, I64 = 6, Double = 7, Binary = 8, List = 9, Set = 10, Map = 11, Struct = 12;

    private readonly MemoryStream _tail = new();

    public void See(ReadOnlySpan<byte> bytes)
    {
        if (_tail.Length + bytes.Length > 2 * TailMax)
        {
            var kept = _tail.GetBuffer().AsSpan((int)Math.Max(0, _tail.Length - TailMax), (int)Math.Min(TailMax, _tail.Length)).ToArray();
            _tail.SetLength(0);
            _tail.Write(kept);
        }
        _tail.Write(bytes);
    }

    /// <exception cref="InvalidDataException">What passed by is no Parquet file.</exception>
    public long Rows
    {
        get
        {
            ReadOnlySpan<byte> file = _tail.GetBuffer().AsSpan(0, (int)_tail.Length);
            if (file.Length < 12 || !file.EndsWith("PAR1"u8)) throw new InvalidDataException("the warehouse's answer is no Parquet file");
            var length = BinaryPrimitives.ReadInt32LittleEndian(file[^8..]);
            if (length <= 0 || length > file.Length - 8) throw new InvalidDataException($"a Parquet footer of {length} bytes in a file of {file.Length}");
            return ReadRows(file.Slice(file.Length - 8 - length, length));
        }
    }

    private static long ReadRows(ReadOnlySpan<byte> footer)
    {
        var at = 0;
        for (var field = 0; Next(footer, ref at, ref field, out var type);)
        {
            if (field == 3 && type == I64) return ZigZag(footer, ref at);
            Skip(footer, ref at, type);
        }
        throw new InvalidDataException("a Parquet footer without num_rows");
    }

    private static bool Next(ReadOnlySpan<byte> from, ref int at, ref int field, out int type)
    {
        var header = from[at++];
        type = header & 0x0f;
        if (type == Stop) return false;
        field = header >> 4 is > 0 and var delta ? field + delta : (int)ZigZag(from, ref at);
        return true;
    }

    private static void Skip(ReadOnlySpan<byte> from, ref int at, int type)
    {
        switch (type)
        {
            case True or False: break;
            case Byte: at++; break;
            case I16 or I32 or I64: Varint(from, ref at); break;
            case Double: at += 8; break;
            case Binary:
                var length = (int)Varint(from, ref at); // on its own: it moves `at`
                at += length;
                break;
            case List or Set: SkipList(from, ref at); break;
            case Map: SkipMap(from, ref at); break;
            case Struct:
                for (var field = 0; Next(from, ref at, ref field, out var inner);) Skip(from, ref at, inner);
                break;
            default: throw new InvalidDataException($"type {type} in a Parquet footer");
        }
    }

    private static void SkipList(ReadOnlySpan<byte> from, ref int at)
    {
        var header = from[at++];
        var count = header >> 4 is < 15 and var small ? small : (int)Varint(from, ref at);
        var type = header & 0x0f;
        for (var i = 0; i < count; i++)
        {
            if (type is True or False) at++; // in a list a bool is a byte
            else Skip(from, ref at, type);
        }
    }

    private static void SkipMap(ReadOnlySpan<byte> from, ref int at)
    {
        var count = (int)Varint(from, ref at);
        if (count == 0) return;
        var types = from[at++];
        for (var i = 0; i < count; i++)
        {
            Skip(from, ref at, types >> 4);
            Skip(from, ref at, types & 0x0f);
        }
    }

    private static long ZigZag(ReadOnlySpan<byte> from, ref int at)
    {
        var n = Varint(from, ref at);
        return (long)(n >> 1) ^ -(long)(n & 1);
    }

    private static ulong Varint(ReadOnlySpan<byte> from, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var b = from[at++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80) return value;
        }
    }
}
