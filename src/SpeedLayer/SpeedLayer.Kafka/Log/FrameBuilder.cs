using System.Buffers;
using Lambda.Domain.Bytes;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Kafka.Log;

/// <summary>
/// Makes frames of one partition's records, read one after another: neighbours of one append time go into one frame. The append time of a record is the
/// largest stamp up to it: nodes whose clocks differ a little write into one partition, and what state depends on must never go back.
/// </summary>
internal sealed class FrameBuilder(int partition, int frameBytesMax)
{
    private readonly ArrayBufferWriter<byte> _records = new(4096);
    private long _first;
    private int _count;

    /// <summary>Offset of the record that must come next; -1 before the first.</summary>
    public long Next { get; private set; } = -1;

    /// <summary>Append time of the newest record, ms since 1970.</summary>
    public long AppendedAtMs { get; private set; }

    /// <summary>Forgets what was collected and goes on at the offset, behind a record of that append time.</summary>
    public void Restart(long next, long appendedAtMs)
    {
        _records.ResetWrittenCount();
        _count = 0;
        (Next, AppendedAtMs) = (next, appendedAtMs);
    }

    /// <summary>Takes a record; gives the frame before it when that is complete.</summary>
    /// <exception cref="LogCorruptException">Records are missing before it.</exception>
    public LogFrame? Add(long offset, long stampMs, ReadOnlySpan<byte> record)
    {
        if (offset != Next) throw new LogCorruptException(partition, Next, $"the next record has offset {offset}: records are missing");
        var complete = _count > 0 && (stampMs > AppendedAtMs || _records.WrittenCount >= frameBytesMax) ? Take() : null;
        AppendedAtMs = Math.Max(AppendedAtMs, stampMs);
        if (_count++ == 0) _first = offset;
        var to = _records.GetSpan(record.Length + Varint.MaxBytes);
        var used = Varint.Write(to, (ulong)record.Length);
        record.CopyTo(to[used..]);
        _records.Advance(used + record.Length);
        Next = offset + 1;
        return complete;
    }

    /// <summary>What was collected; null if nothing.</summary>
    public LogFrame? Take()
    {
        if (_count == 0) return null;
        var frame = new LogFrame(partition, _first, _count, AppendedAtMs, _records.WrittenSpan.ToArray());
        _records.ResetWrittenCount();
        _count = 0;
        return frame;
    }
}
