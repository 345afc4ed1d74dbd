using Lambda.Warehouse.Local.Engine;

namespace Lambda.Warehouse.Local.Compression;

/// <summary>Reads ClickHouse's compressed blocks as the plain bytes they hold (decompress=1).</summary>
internal sealed class BlockReadStream(Stream source) : ReadOnlyStream
{
    private const int HeadBytes = BlockFormat.ChecksumBytes + BlockFormat.HeaderBytes;
    private byte[] _block = new byte[HeadBytes];
    private byte[] _unpacked = [];
    private int _at, _end;

    public override int Read(Span<byte> buffer) =>
        _at < _end || FillAsync(CancellationToken.None).GetAwaiter().GetResult() ? Take(buffer) : 0;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _at < _end || await FillAsync(cancellationToken) ? Take(buffer.Span) : 0;

    /// <summary>Reads the next block that holds anything; false at the end.</summary>
    private async Task<bool> FillAsync(CancellationToken cancel)
    {
        do
        {
            var head = await source.ReadAtLeastAsync(_block.AsMemory(0, HeadBytes), HeadBytes, throwOnEndOfStream: false, cancel);
            if (head == 0)
                return false;
            if (head < HeadBytes)
                throw CutOff();
            var (packed, unpacked) = BlockFormat.ReadSizes(_block);
            if (_block.Length < HeadBytes + packed)
                Array.Resize(ref _block, HeadBytes + packed);
            if (await source.ReadAtLeastAsync(_block.AsMemory(HeadBytes, packed), packed, throwOnEndOfStream: false, cancel) < packed)
                throw CutOff();
            if (_unpacked.Length < unpacked)
                _unpacked = new byte[unpacked];
            BlockFormat.Unpack(_block.AsSpan(0, HeadBytes + packed), _unpacked.AsSpan(0, unpacked));
            (_at, _end) = (0, unpacked);
        } while (_end == 0);
        return true;
    }

    private static QueryError CutOff() => QueryError.Of(271, "CANNOT_DECOMPRESS", "The compressed data was cut off within a block");

    private int Take(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _end - _at);
        _unpacked.AsSpan(_at, count).CopyTo(buffer);
        _at += count;
        return count;
    }
}

/// <summary>What a read-only, forward-only stream need not say.</summary>
internal abstract class ReadOnlyStream : Stream
{
    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public abstract override int Read(Span<byte> buffer);

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
