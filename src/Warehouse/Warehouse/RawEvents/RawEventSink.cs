using System.Collections.Concurrent;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Schema;

namespace Lambda.Warehouse.RawEvents;

/// <summary>
/// Frames into raw_events. Repeats are harmless (reads take each (partition, offset) once), so an insert whose outcome is unknown is simply
/// sent again while the server is away. Up to <see cref="RowsMax"/> rows are one INSERT and so all or nothing; more are several, and the
/// next one is encoded while the server works on the last.
/// </summary>
internal sealed class RawEventSink(ClickHouseClient client) : IRawEvents, IDisposable
{
    private readonly ConcurrentBag<RawEventBlock> _idle = [];

    public async Task InsertAsync(IReadOnlyList<LogFrame> frames, CancellationToken cancel)
    {
        if (frames.Any(HasErasure)) await ErasureBlock.InsertAsync(client, frames, cancel);
        var block = Take();
        var sending = Task.CompletedTask;
        try
        {
            foreach (var frame in frames)
                foreach (var (offset, record) in frame)
                {
                    if (RecordCodec.KindOf(record.Span) != RecordKind.Event) continue;
                    block.Add(frame.Partition, offset, frame.AppendedAtMs, record);
                    if (block.Block.Rows < RowsMax) continue;
                    await sending;
                    sending = SendAsync(block, cancel);
                    block = Take();
                }
            await sending;
            sending = SendAsync(block, cancel);
            await sending;
        }
        catch
        {
            await Task.WhenAny(sending); // whatever became of it: nothing of this call runs on after it
            throw;
        }
    }

    private static bool HasErasure(LogFrame frame)
    {
        foreach (var (_, record) in frame)
            if (RecordCodec.KindOf(record.Span) == RecordKind.Erasure) return true;
        return false;
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var block)) block.Dispose();
    }

    /// <summary>Sends the block and gives it back.</summary>
    private async Task SendAsync(RawEventBlock block, CancellationToken cancel)
    {
        try
        {
            if (block.Block.Rows > 0) await block.Block.InsertAsync(client, RawEventColumns.Table, Repeat.Safe, Settings, cancel);
            Return(block);
        }
        catch (ClickHouseException e) when (e.Fault == Fault.DataRefused)
        {
            throw new RowRefusedException($"the warehouse refuses one of {block.Block.Rows} rows: {e.Message}", e);
        }
    }

    private RawEventBlock Take() => _idle.TryTake(out var idle) ? idle : new RawEventBlock();

    /// <summary>Only after success: a failed request may still be reading the block.</summary>
    private void Return(RawEventBlock block)
    {
        block.Block.Clear();
        if (_idle.Count < IdleMax) _idle.Add(block);
        else block.Dispose();
    }

    private const int RowsMax = 100_000;
    private const int IdleMax = 2;

    private static readonly QuerySettings Settings = new()
    {
        // One block is one part: never cut what was sent together, never wait to join it with more.
        ["max_insert_block_size"] = "1048576",
        ["min_insert_block_size_rows"] = "0",
        ["min_insert_block_size_bytes"] = "0",
    };
}
