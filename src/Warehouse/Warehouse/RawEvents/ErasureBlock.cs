using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Native;

namespace Lambda.Warehouse.RawEvents;

/// <summary>Erasures of the log as rows of raw_erasures.</summary>
internal static class ErasureBlock
{
    public const string Table = "raw_erasures";

    /// <summary>Before the events of the same frames: an erasure only ever hides what lies before it.</summary>
    public static async Task InsertAsync(ClickHouseClient client, IReadOnlyList<LogFrame> frames, CancellationToken cancel)
    {
        var (partition, offset, appendedAt) = (new NumberColumn("partition", "UInt16", 2), new NumberColumn("offset", "Int64", 8), new NumberColumn("appended_at", "Int64", 8));
        var customer = new TextColumn("customer_id");
        var block = new NativeBlock([partition, offset, appendedAt, customer]);
        foreach (var frame in frames)
            foreach (var (at, record) in frame)
            {
                if (RecordCodec.KindOf(record.Span) != RecordKind.Erasure) continue;
                partition.Set(block.Rows, frame.Partition);
                offset.Set(block.Rows, at);
                appendedAt.Set(block.Rows, frame.AppendedAtMs);
                customer.Set(block.Rows, RecordCodec.CustomerIdOf(record.Span));
                block.Rows++;
            }
        if (block.Rows > 0) await block.InsertAsync(client, Table, Repeat.Safe, null, cancel);
        block.Dispose(); // after success only: a failed request may still be reading it
    }
}
