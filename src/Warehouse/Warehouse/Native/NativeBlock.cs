using System.Text;
using Lambda.Domain.Bytes;
using Lambda.Warehouse.Client;

namespace Lambda.Warehouse.Native;

/// <summary>
/// Rows gathered column by column and sent as one block of ClickHouse's Native format, the cheapest for both sides. Reused: clear and fill again.
/// </summary>
public sealed class NativeBlock(IReadOnlyList<NativeColumn> columns) : IDisposable
{
    private readonly NativeBuffer _head = new();

    public IReadOnlyList<NativeColumn> Columns { get; } = columns;
    public int Rows { get; set; }

    /// <summary>Memory held for values, bytes.</summary>
    public long Bytes => Columns.Sum(c => (long)c.Bytes);

    public void Clear()
    {
        foreach (var column in Columns) column.Clear();
        Rows = 0;
    }

    /// <summary>
    /// Sends the block. A column without any value is not sent: the server fills in its default, which is what it would hold.
    /// </summary>
    public Task InsertAsync(ClickHouseClient client, string table, Repeat repeat, QuerySettings? settings, CancellationToken cancel)
    {
        var sent = Columns.Where(c => c.HasValues).ToList();
        var sql = $"INSERT INTO {Names.Quote(table)} ({string.Join(',', sent.Select(c => Names.Quote(c.Name)))}) FORMAT Native";
        return client.InsertAsync(sql, (to, stop) => WriteAsync(sent, to, stop), repeat, settings, cancel);
    }

    internal async ValueTask WriteAsync(IReadOnlyList<NativeColumn> sent, Stream to, CancellationToken cancel)
    {
        _head.Clear();
        Number(sent.Count);
        Number(Rows);
        foreach (var column in sent)
        {
            column.Complete(Rows);
            TextColumn.Append(_head, Encoding.UTF8.GetBytes(column.Name));
            TextColumn.Append(_head, Encoding.UTF8.GetBytes(column.Type));
            await to.WriteAsync(_head.Written, cancel);
            _head.Clear();
            await column.WriteAsync(to, cancel);
        }
    }

    public void Dispose()
    {
        _head.Dispose();
        foreach (var column in Columns) column.Dispose();
    }

    private void Number(int value)
    {
        var used = Varint.Write(_head.Take(Varint.MaxBytes), (ulong)value);
        _head.Shrink(Varint.MaxBytes - used);
    }
}
