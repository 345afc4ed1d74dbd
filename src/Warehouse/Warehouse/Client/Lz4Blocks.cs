using System.Buffers;
using System.Buffers.Binary;
using K4os.Compression.LZ4;

namespace Lambda.Warehouse.Client;

/// <summary>
/// ClickHouse's own compression framing: 16 bytes checksum, then method byte, compressed size (with this 9 byte header), plain size, data. The
/// checksum (CityHash128) guards disks; over TCP it is left zero and its check switched off by a setting.
/// </summary>
internal static class Lz4Blocks
{
    public const int ChecksumBytes = 16, HeaderBytes = 9, BlockBytes = 1 << 20;
    public const byte Lz4Method = 0x82, PlainMethod = 0x02;
}

/// <summary>Writes what is written to it as compressed blocks to another stream; <see cref="FinishAsync"/> writes the last one.</summary>
internal sealed class Lz4BlockWriter(Stream to) : Stream
{
    private readonly byte[] _plain = ArrayPool<byte>.Shared.Rent(Lz4Blocks.BlockBytes);
    private readonly byte[] _packed = ArrayPool<byte>.Shared.Rent(LZ4Codec.MaximumOutputSize(Lz4Blocks.BlockBytes) + Lz4Blocks.ChecksumBytes + Lz4Blocks.HeaderBytes);
    private int _filled;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel = default)
    {
        while (bytes.Length > 0)
        {
            var take = Math.Min(bytes.Length, Lz4Blocks.BlockBytes - _filled);
            bytes[..take].CopyTo(_plain.AsMemory(_filled));
            _filled += take;
            bytes = bytes[take..];
            if (_filled == Lz4Blocks.BlockBytes) await FinishAsync(cancel);
        }
    }

    public async ValueTask FinishAsync(CancellationToken cancel)
    {
        if (_filled == 0) return;
        var length = Pack();
        _filled = 0;
        await to.WriteAsync(_packed.AsMemory(0, length), cancel);
    }

    private int Pack()
    {
        const int head = Lz4Blocks.ChecksumBytes + Lz4Blocks.HeaderBytes;
        var data = LZ4Codec.Encode(_plain.AsSpan(0, _filled), _packed.AsSpan(head), LZ4Level.L00_FAST);
        var header = _packed.AsSpan(0, head);
        header.Clear();
        header[Lz4Blocks.ChecksumBytes] = Lz4Blocks.Lz4Method;
        BinaryPrimitives.WriteInt32LittleEndian(header[(Lz4Blocks.ChecksumBytes + 1)..], data + Lz4Blocks.HeaderBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header[(Lz4Blocks.ChecksumBytes + 5)..], _filled);
        return head + data;
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        ArrayPool<byte>.Shared.Return(_plain);
        ArrayPool<byte>.Shared.Return(_packed);
    }

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    public override void Flush() { }
    public override Task FlushAsync(CancellationToken cancel) => Task.CompletedTask;
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}

/// <summary>Reads compressed blocks as one plain stream.</summary>
internal sealed class Lz4BlockReader(Stream from) : Stream
{
    private readonly byte[] _header = new byte[Lz4Blocks.ChecksumBytes + Lz4Blocks.HeaderBytes];
    private byte[] _packed = [], _plain = [];
    private int _at, _end;

    public override async ValueTask<int> ReadAsync(Memory<byte> to, CancellationToken cancel = default)
    {
        if (_at == _end && !await NextBlockAsync(cancel)) return 0;
        var take = Math.Min(to.Length, _end - _at);
        _plain.AsMemory(_at, take).CopyTo(to);
        _at += take;
        return take;
    }

    private async ValueTask<bool> NextBlockAsync(CancellationToken cancel)
    {
        var got = await from.ReadAtLeastAsync(_header, _header.Length, throwOnEndOfStream: false, cancel);
        if (got == 0) return false;
        if (got < _header.Length) throw new IOException("the compressed response ends within a block header");
        var (method, packed, plain) = (_header[16], ReadSize(17) - Lz4Blocks.HeaderBytes, ReadSize(21));
        if (packed < 0 || plain < 0 || packed > SizeMax || plain > SizeMax || method is not (Lz4Blocks.Lz4Method or Lz4Blocks.PlainMethod))
            throw new IOException($"no LZ4 block in the compressed response: method {method:x2}, sizes {packed} and {plain}");
        Grow(ref _packed, packed);
        Grow(ref _plain, plain);
        await from.ReadExactlyAsync(_packed.AsMemory(0, packed), cancel);
        Unpack(method, packed, plain);
        (_at, _end) = (0, plain);
        return plain > 0 || await NextBlockAsync(cancel);
    }

    private void Unpack(byte method, int packed, int plain)
    {
        var got = method == Lz4Blocks.PlainMethod ? packed : LZ4Codec.Decode(_packed.AsSpan(0, packed), _plain.AsSpan(0, plain));
        if (got != plain) throw new IOException($"a compressed block gives {got} bytes, announced were {plain}");
        if (method == Lz4Blocks.PlainMethod) _packed.AsSpan(0, packed).CopyTo(_plain);
    }

    private int ReadSize(int at) => BinaryPrimitives.ReadInt32LittleEndian(_header.AsSpan(at));

    private static void Grow(ref byte[] buffer, int size)
    {
        if (buffer.Length < size) buffer = GC.AllocateUninitializedArray<byte>(size);
    }

    private const int SizeMax = 1 << 30;

    protected override void Dispose(bool disposing)
    {
        if (disposing) from.Dispose();
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    public override void Flush() { }
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
