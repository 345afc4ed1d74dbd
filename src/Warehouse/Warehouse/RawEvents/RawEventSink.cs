using System.Collections.Concurrent;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Native;
using Lambda.Warehouse.Schema;

namespace Lambda.Warehouse.RawEvents;

/// <summary>
/// Frames into raw_events. Repeats are harmless (reads take each (partition, offset) once), so an insert whose outcome is unknown is simply
/// sent again while the server is away.
/// </summary>
public sealed class RawEventSink(ClickHouseClient client) : IRawEvents, IDisposable
{
    private readonly ConcurrentBag<RawEventBlock> _idle = [];

    public async Task InsertAsync(IReadOnlyList<LogFrame> frames, CancellationToken cancel)
    {
        var block = _idle.TryTake(out var idle) ? idle : new RawEventBlock();
        try
        {
            foreach (var frame in frames)
                foreach (var (offset, record) in frame)
                {
                    if (RecordCodec.KindOf(record.Span) != RecordKind.Event) continue;
                    block.Add(frame.Partition, offset, frame.AppendedAtMs, record);
                    if (block.Block.Rows == RowsMax) await SendAsync(block.Block, cancel);
                }
            await SendAsync(block.Block, cancel);
        }
        finally
        {
            block.Block.Clear();
            if (_idle.Count < IdleMax) _idle.Add(block);
            else block.Dispose();
        }
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var block)) block.Dispose();
    }

    private async Task SendAsync(NativeBlock block, CancellationToken cancel)
    {
        if (block.Rows == 0) return;
        try
        {
            await block.InsertAsync(client, RawEventColumns.Table, Repeat.Safe, Settings, cancel);
        }
        catch (ClickHouseException e) when (e.Fault == Fault.DataRefused)
        {
            throw new RowRefusedException($"the warehouse refuses one of {block.Rows} rows: {e.Message}", e);
        }
        block.Clear();
    }

    /// <summary>Rows of one INSERT: one part on disk, all or nothing. Beyond this a larger part gains nothing and holds memory.</summary>
    private const int RowsMax = 200_000;

    private const int IdleMax = 2;

    private static readonly QuerySettings Settings = new()
    {
        // One block is one part: never cut what was sent together.
        ["max_insert_block_size"] = "1048576",
        ["min_insert_block_size_rows"] = "0",
        ["min_insert_block_size_bytes"] = "0",
    };
}
