using System.Buffers;
using Lambda.Domain.Bytes;

namespace Lambda.SpeedLayer.Ports;

/// <summary>
/// Consecutive records of one partition, committed together. <paramref name="Records"/> is the records one after another, each behind its varint length.
/// </summary>
public sealed record LogFrame(int Partition, long FirstOffset, int Count, long AppendedAtMs, ReadOnlyMemory<byte> Records)
{
    public long EndOffset => FirstOffset + Count;

    public Enumerator GetEnumerator() => new(this);

    /// <summary>The frame without its records before <paramref name="offset"/>; shares memory.</summary>
    public LogFrame From(long offset)
    {
        if (offset <= FirstOffset) return this;
        var rest = Records;
        for (var at = FirstOffset; at < offset; at++)
        {
            var length = Varint.Read(rest.Span, out var used);
            rest = rest[(used + (int)length)..];
        }
        return this with { FirstOffset = offset, Count = (int)(EndOffset - offset), Records = rest };
    }

    /// <summary>Walks the records with their offsets, without copying.</summary>
    public struct Enumerator(LogFrame frame)
    {
        private ReadOnlyMemory<byte> _rest = frame.Records;
        private long _next = frame.FirstOffset;

        public (long Offset, ReadOnlyMemory<byte> Record) Current { get; private set; }

        public bool MoveNext()
        {
            if (_rest.IsEmpty) return false;
            var length = Varint.Read(_rest.Span, out var used);
            Current = (_next++, _rest.Slice(used, (int)length));
            _rest = _rest[(used + (int)length)..];
            return true;
        }
    }
}

/// <summary>What one append writes: per partition, length-prefixed records.</summary>
public sealed class AppendBatch(int partitions)
{
    private readonly ArrayBufferWriter<byte>?[] _records = new ArrayBufferWriter<byte>?[partitions];
    private readonly int[] _counts = new int[partitions];
    private ReadOnlyMemory<byte>[]? _sealed;

    public int Partitions => _counts.Length;
    public int Count { get; private set; }
    public long Bytes { get; private set; }

    public void Add(int partition, ReadOnlySpan<byte> record)
    {
        if (_sealed is not null) throw new InvalidOperationException("a detached batch takes no more records");
        var to = _records[partition] ??= new ArrayBufferWriter<byte>(1024);
        var span = to.GetSpan(record.Length + Varint.MaxBytes);
        var used = Varint.Write(span, (ulong)record.Length);
        record.CopyTo(span[used..]);
        to.Advance(used + record.Length);
        _counts[partition]++;
        Count++;
        Bytes += used + record.Length;
    }

    public int CountOf(int partition) => _counts[partition];

    /// <summary>What was collected, in arrays of just its size that the log may keep; this batch is empty again and keeps its buffers up to the given size each.</summary>
    public AppendBatch Detach(int keptBytes)
    {
        var detached = new AppendBatch(Partitions) { Count = Count, Bytes = Bytes, _sealed = new ReadOnlyMemory<byte>[Partitions] };
        for (var p = 0; p < Partitions; p++)
        {
            detached._counts[p] = _counts[p];
            detached._sealed[p] = RecordsOf(p).ToArray();
        }
        Clear(keptBytes);
        return detached;
    }

    /// <summary>Forgets the records; buffers above the given size are given up.</summary>
    public void Clear(int keptBytes)
    {
        for (var p = 0; p < Partitions; p++)
        {
            if (_records[p]?.Capacity > keptBytes) _records[p] = null;
            _records[p]?.ResetWrittenCount();
            _counts[p] = 0;
        }
        Count = 0;
        Bytes = 0;
    }

    public ReadOnlyMemory<byte> RecordsOf(int partition) => _sealed is not null ? _sealed[partition] : _records[partition]?.WrittenMemory ?? default;
}
