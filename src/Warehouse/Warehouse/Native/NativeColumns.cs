using System.Buffers.Binary;
using Lambda.Domain.Bytes;

namespace Lambda.Warehouse.Native;

/// <summary>
/// One column of a Native block. Values are set row by row, ascending; rows left out get the type's default (or null, in a nullable column)
/// in one stroke, so an absent field costs nothing per row.
/// </summary>
public abstract class NativeColumn(string name, string type, bool nullable) : IDisposable
{
    private readonly NativeBuffer? _nulls = nullable ? new NativeBuffer() : null;

    public string Name { get; } = name;

    /// <summary>As announced in the block; the server converts to the table's (String to LowCardinality, say).</summary>
    public string Type { get; } = nullable ? $"Nullable({type})" : type;

    /// <summary>Rows written.</summary>
    protected int Rows { get; private set; }

    public bool HasValues => Rows > 0;

    internal int Bytes => (_nulls?.Length ?? 0) + DataBytes;

    protected abstract int DataBytes { get; }

    protected abstract void Defaults(int rows);

    /// <summary>Makes room for the value of <paramref name="row"/>: every row before it is there afterwards.</summary>
    protected void Begin(int row)
    {
        if (row > Rows) Skip(row - Rows);
        if (_nulls is not null) _nulls.Take(1)[0] = 0;
        Rows = row + 1;
    }

    internal void Complete(int rows)
    {
        if (rows > Rows) Skip(rows - Rows);
        Rows = rows;
    }

    internal virtual void Clear()
    {
        _nulls?.Clear();
        Rows = 0;
    }

    internal async ValueTask WriteAsync(Stream to, CancellationToken cancel)
    {
        if (_nulls is not null) await to.WriteAsync(_nulls.Written, cancel);
        await WriteDataAsync(to, cancel);
    }

    private protected abstract ValueTask WriteDataAsync(Stream to, CancellationToken cancel);

    public virtual void Dispose() => _nulls?.Dispose();

    private void Skip(int rows)
    {
        _nulls?.Take(rows).Fill(1);
        Defaults(rows);
    }
}

/// <summary>Numbers of 1, 2, 4, 8 or 16 bytes, little-endian.</summary>
public sealed class NumberColumn(string name, string type, int width, bool nullable = false) : NativeColumn(name, type, nullable)
{
    private readonly NativeBuffer _data = new();

    public void Set(int row, long value)
    {
        Begin(row);
        switch (width)
        {
            case 8: BinaryPrimitives.WriteInt64LittleEndian(_data.Take(8), value); break;
            case 4: BinaryPrimitives.WriteInt32LittleEndian(_data.Take(4), (int)value); break;
            case 2: BinaryPrimitives.WriteInt16LittleEndian(_data.Take(2), (short)value); break;
            case 1: _data.Take(1)[0] = (byte)value; break;
            default: BinaryPrimitives.WriteInt128LittleEndian(_data.Take(16), value); break;
        }
    }

    public void Set(int row, Int128 value)
    {
        if (width != 16)
        {
            Set(row, checked((long)value));
            return;
        }
        Begin(row);
        BinaryPrimitives.WriteInt128LittleEndian(_data.Take(16), value);
    }

    protected override int DataBytes => _data.Length;

    protected override void Defaults(int rows) => _data.Zeros(rows * width);

    internal override void Clear()
    {
        base.Clear();
        _data.Clear();
    }

    private protected override ValueTask WriteDataAsync(Stream to, CancellationToken cancel) => to.WriteAsync(_data.Written, cancel);

    public override void Dispose()
    {
        base.Dispose();
        _data.Dispose();
    }
}

/// <summary>UTF-8 texts (or any bytes), each behind its varint length.</summary>
public sealed class TextColumn(string name, bool nullable = false) : NativeColumn(name, "String", nullable)
{
    private readonly NativeBuffer _data = new();

    public void Set(int row, ReadOnlySpan<byte> utf8)
    {
        Begin(row);
        Append(_data, utf8);
    }

    internal static void Append(NativeBuffer data, ReadOnlySpan<byte> utf8)
    {
        var room = data.Take(utf8.Length + 5);
        var used = 1;
        if (utf8.Length < 0x80) room[0] = (byte)utf8.Length;
        else used = Varint.Write(room, (ulong)utf8.Length);
        utf8.CopyTo(room[used..]);
        data.Shrink(5 - used);
    }

    protected override int DataBytes => _data.Length;

    protected override void Defaults(int rows) => _data.Zeros(rows); // length 0

    internal override void Clear()
    {
        base.Clear();
        _data.Clear();
    }

    private protected override ValueTask WriteDataAsync(Stream to, CancellationToken cancel) => to.WriteAsync(_data.Written, cancel);

    public override void Dispose()
    {
        base.Dispose();
        _data.Dispose();
    }
}

/// <summary>
/// An Array, or a Map as ClickHouse sends it: where each row ends, then the elements as columns. The caller sets the elements at
/// <see cref="Elements"/>, then calls <see cref="End"/> for the row.
/// </summary>
public sealed class NestedColumn(string name, string type, params NativeColumn[] elements) : NativeColumn(name, type, nullable: false)
{
    private readonly NativeBuffer _ends = new();

    /// <summary>Elements so far, of all rows: the row index, in the element columns, of the next one.</summary>
    public int Elements { get; private set; }

    /// <summary>One more element was set in each element column.</summary>
    public void Next() => Elements++;

    /// <summary>The row ends here. Rows skipped before it are empty: they end where the last row did.</summary>
    public void End(int row)
    {
        Begin(row);
        BinaryPrimitives.WriteInt64LittleEndian(_ends.Take(8), Elements);
    }

    protected override int DataBytes => _ends.Length + elements.Sum(e => e.Bytes);

    protected override void Defaults(int rows)
    {
        var last = _ends.Length == 0 ? 0 : BinaryPrimitives.ReadInt64LittleEndian(_ends.Span[^8..]);
        for (; rows > 0; rows--) BinaryPrimitives.WriteInt64LittleEndian(_ends.Take(8), last);
    }

    internal override void Clear()
    {
        base.Clear();
        _ends.Clear();
        Elements = 0;
        foreach (var element in elements) element.Clear();
    }

    private protected override async ValueTask WriteDataAsync(Stream to, CancellationToken cancel)
    {
        await to.WriteAsync(_ends.Written, cancel);
        foreach (var element in elements)
        {
            element.Complete(Elements);
            await element.WriteAsync(to, cancel);
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _ends.Dispose();
        foreach (var element in elements) element.Dispose();
    }
}
