using Lambda.Warehouse.Local.Engine;

namespace Lambda.Warehouse.Local.Compression;

/// <summary>Reads ClickHouse's compressed blocks as the plain bytes they hold (decompress=1).</summary>
internal sealed class BlockReadStream(Stream source) : ReadOnlyStream
{
    private byte[] _block = [];
    private byte[] _unpacked = [];
    private int _at, _end;

    public override int Read(Span<byte> buffer)
    {
        while (_at == _end)
        {
            Span<byte> head = stackalloc byte[BlockFormat.ChecksumBytes + BlockFormat.HeaderBytes];
            var got = source.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            if (got == 0)
                return 0;
            var (packed, unpacked) = Sizes(head[..got]);
            _block = Room(_block, head.Length + packed);
            head.CopyTo(_block);
            if (source.ReadAtLeast(_block.AsSpan(head.Length, packed), packed, throwOnEndOfStream: false) < packed)
                throw CutOff();
            Unpack(head.Length + packed, unpacked);
        }
        return Take(buffer);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_at == _end)
        {
            var head = new byte[BlockFormat.ChecksumBytes + BlockFormat.HeaderBytes];
            var got = await source.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken);
            if (got == 0)
                return 0;
            var (packed, unpacked) = Sizes(head.AsSpan(0, got));
            _block = Room(_block, head.Length + packed);
            head.CopyTo(_block, 0);
            if (await source.ReadAtLeastAsync(_block.AsMemory(head.Length, packed), packed, throwOnEndOfStream: false, cancellationToken) < packed)
                throw CutOff();
            Unpack(head.Length + packed, unpacked);
        }
        return Take(buffer.Span);
    }

    private static (int Packed, int Unpacked) Sizes(ReadOnlySpan<byte> head) =>
        head.Length == BlockFormat.ChecksumBytes + BlockFormat.HeaderBytes ? BlockFormat.ReadSizes(head) : throw CutOff();

    private static QueryError CutOff() => QueryError.Of(271, "CANNOT_DECOMPRESS", "The compressed data was cut off within a block");

    private static byte[] Room(byte[] buffer, int size) => buffer.Length >= size ? buffer : new byte[size];

    private void Unpack(int blockBytes, int unpackedBytes)
    {
        _unpacked = Room(_unpacked, unpackedBytes);
        BlockFormat.Unpack(_block.AsSpan(0, blockBytes), _unpacked.AsSpan(0, unpackedBytes));
        (_at, _end) = (0, unpackedBytes);
    }

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
